import re
from email.header import Header
from email.headerregistry import Address
from email.policy import EmailPolicy

from .address import wire_address

# Header fields may be 998 characters long (RFC 5322, section 2.1.1); the name needs some.
_LONGEST = 900
# A line that holds an encoded word is not (RFC 2047, section 2).
_ENCODED_LINE = 76
_FILE_TYPE = re.compile(r"(?!message/|multipart/)[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")


class Encoded(str):
    """A header value together with its bytes.

    ``EmailMessage`` would parse the value, and decode what looks like an encoded word: a name
    that holds ``=?utf-8?q?=0D=0A?=`` is not the text that it is any more.

    :param name: field name
    :param text: what the value says
    :param encoded: the value on the wire, by a function of this module
    """

    def __new__(cls, name: str, text: str, encoded: bytes):
        value = super().__new__(cls, text)
        value.name = name  # by which EmailMessage knows that there is nothing to parse
        value.encoded = encoded.decode("ascii")
        return value

    def fold(self, *, policy) -> str:
        return f"{self.name}: {self.encoded}{policy.linesep}"


class WirePolicy(EmailPolicy):
    """Writes header fields so that programs understand them that read raw bytes.

    A field that can stand on one line does. ``EmailPolicy`` breaks lines at 78 characters: what
    has no blank there, like the URL of List-Unsubscribe, becomes encoded words where none may
    stand (RFC 2047, section 5), and a quoted display name loses its quotes.
    """

    def _fold(self, name, value, refold_binary=False):
        encoded = self._encoded(value)
        if encoded is None:
            return super()._fold(name, value, refold_binary)
        return f"{name}: {encoded}{self.linesep}"

    @staticmethod
    def _encoded(value):
        """Return a parsed value in its bytes; None where the standard library knows better."""
        if isinstance(value, Encoded):
            return value.encoded
        mailboxes = [(each.display_name, _ascii(each.addr_spec)) for each in _addresses(value)]
        if mailboxes and all(address for _name, address in mailboxes):
            return b",\r\n ".join(encode_mailbox(*each) for each in mailboxes).decode("ascii")
        text = str(value)
        return text if _is_plain(text) else None


def _addresses(value):
    # a header made of a list of strings holds just these
    return [each for each in getattr(value, "addresses", ()) if isinstance(each, Address)]


def _ascii(address):
    return address if address.isascii() else wire_address(address)


def _is_plain(text):
    """Tell whether a text can stand in a header as it is."""
    return text.isascii() and text.isprintable() and "=?" not in text and len(text) < _LONGEST


def encode_text(text: str) -> bytes:
    """Encode an unstructured header value, like a subject (RFC 5322, section 3.6.5).

    Line breaks become spaces; what is not plain ASCII becomes encoded words (RFC 2047).
    """
    text = " ".join(text.split())
    return text.encode() if _is_plain(text) else _encoded_words(text)


def encode_mailbox(name: str, address: str) -> bytes:
    """Encode a mailbox: display name and address (RFC 5322, section 3.4).

    :param address: addr-spec, ASCII
    """
    name = " ".join(name.split())
    if not name:
        return address.encode()
    if _is_plain(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'.encode()
    # the line of an encoded word has no room for an address
    return _encoded_words(name) + f"\r\n <{address}>".encode()


def file_type(text: str) -> str:
    """Return the content type that a file is attached with (RFC 2045, section 5.1).

    A mail goes as the file that it is: taken apart, it may not fit the wire's seven bits. So does
    what says nothing of itself that can stand in a header.
    """
    text = text.partition(";")[0].strip().lower()
    return text if _FILE_TYPE.fullmatch(text) else "application/octet-stream"


def _encoded_words(text):
    # the longest name of those fields: its line is no longer than the others
    header = Header(text, "utf-8", maxlinelen=_ENCODED_LINE, header_name="Reply-To")
    return header.encode(linesep="\r\n").encode()
