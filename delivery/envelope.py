from collections.abc import Hashable
from dataclasses import dataclass
from email.message import EmailMessage

from .header import WirePolicy

# The server may not offer 8BITMIME (RFC 6152).
_POLICY = WirePolicy(linesep="\r\n", cte_type="7bit")


@dataclass(frozen=True)
class Envelope:
    """A message ready for the wire (RFC 5321, section 2.3.1).

    :ivar key: the caller's own reference, any hashable value, handed back with the result
    :ivar str sender: address of the MAIL command's reverse-path; empty for the null one
    :ivar str recipient: address of the RCPT command's forward-path, as ``wire_address`` gives it
    :ivar str message_id: Message-ID of the content (RFC 5322, section 3.6.4)
    :ivar bytes beginning: the content up to its tail
    :ivar bytes tail: the end of the content when it is long and the same for many: nothing of it is
        copied for each
    """

    key: Hashable
    sender: str
    recipient: str
    message_id: str
    beginning: bytes
    tail: bytes = b""

    @property
    def content(self) -> bytes:
        """Header and body, CRLF line ends, seven-bit, dot-stuffed."""
        return self.beginning + self.tail

    @property
    def size(self) -> int:
        """Bytes of the content, what is stuffed into it included."""
        return len(self.beginning) + len(self.tail)


def flatten(message: EmailMessage) -> bytes:
    """Return a message's bytes, seven-bit with CRLF line ends."""
    return message.as_bytes(policy=_POLICY)


def seal(key: Hashable, sender: str, recipient: str, message: EmailMessage) -> Envelope:
    """Flatten a message into an envelope."""
    content = dot_stuffed(flatten(message))
    return Envelope(key, sender, recipient, str(message["Message-Id"]), content)


def dot_stuffed(lines: bytes) -> bytes:
    """Double each dot at the start of a line (RFC 5321, section 4.5.2).

    So what is the same for many is looked through once, and not for each of them.

    :param lines: they begin a line
    """
    lines = lines.replace(b"\n.", b"\n..")
    return b"." + lines if lines.startswith(b".") else lines


def as_received(content: bytes) -> bytes:
    """Return a content as its recipient's server keeps it, without the doubled dots."""
    content = content.replace(b"\n..", b"\n.")
    return content[1:] if content.startswith(b"..") else content
