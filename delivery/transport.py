import re
import smtplib
from dataclasses import dataclass
from enum import Enum

from .envelope import Envelope

_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)


class Outcome(Enum):
    """What became of one message (reply codes of RFC 5321, section 4.2.1)."""

    SENT = "sent"  # 2yz after the final dot: the server has taken it
    DEFERRED = "deferred"  # 4yz: this message may be tried again later
    BAD_ADDRESS = "bad_address"  # 5yz at RCPT: this address will never do
    REFUSED = "refused"  # 5yz at MAIL or DATA: the letter or its sender will not do
    NOT_SENT = "not_sent"  # the session broke before the final dot: nothing left the house
    UNKNOWN = "unknown"  # the session broke after the final dot: nobody knows (RFC 1047)


@dataclass(frozen=True)
class _Command:
    """A command before the message.

    :ivar tuple welcome: reply codes to go on with
    :ivar Outcome permanent: what a refusal for good means
    """

    welcome: tuple
    permanent: Outcome


_COMMANDS = (
    _Command((250,), Outcome.REFUSED),  # MAIL
    _Command((250, 251), Outcome.BAD_ADDRESS),  # RCPT
    _Command((354,), Outcome.REFUSED),  # DATA
)

# After these the session cannot be used again.
BROKEN = {Outcome.NOT_SENT, Outcome.UNKNOWN}


@dataclass(frozen=True)
class Result:
    """The outcome of one envelope.

    :ivar int key: the envelope's key
    :ivar Outcome outcome: what became of it
    :ivar str reply: the server's words, or the error that broke the session
    :ivar str message_id: Message-ID of what was sent; empty when nothing could be composed
    """

    key: int
    outcome: Outcome
    reply: str = ""
    message_id: str = ""


def transmit(session: smtplib.SMTP, envelope: Envelope) -> Result:
    """Send one envelope over an open session.

    :param session: after EHLO and log-in; left ready for the next envelope, or broken when the
        outcome is one of ``BROKEN``
    :return: never raises for what the server or the network does
    """
    if not envelope.recipient.isascii():
        return Result(
            envelope.key, Outcome.BAD_ADDRESS, "The address is not ASCII (RFC 5321, section 2.3.11)"
        )
    sending = False
    try:
        for command, (code, text) in _offer(session, envelope):
            if code not in command.welcome:
                return _refused(session, envelope, code, text, command.permanent)
        sending = True
        session.send(_LINE_START_DOT.sub(b"..", envelope.content) + b"\r\n.\r\n")
        code, text = session.getreply()
        sending = False
        if code != 250:
            return _refused(session, envelope, code, text, Outcome.REFUSED)
        return _result(envelope, Outcome.SENT, code, text)
    except (OSError, smtplib.SMTPException) as error:
        session.close()
        outcome = Outcome.UNKNOWN if sending else Outcome.NOT_SENT
        return Result(envelope.key, outcome, str(error), envelope.message_id)


def hang_up(session: smtplib.SMTP) -> None:
    """End a session politely if it still answers (RFC 5321, section 4.1.1.10)."""
    try:
        session.quit()
    except (OSError, smtplib.SMTPException):
        session.close()


def _offer(session, envelope):
    """Send the commands before the message; return each with its reply.

    With PIPELINING all three are sent at once (RFC 2920), else none after one that failed.
    """
    lines = [
        f"MAIL FROM:{smtplib.quoteaddr(envelope.sender)}\r\n",
        f"RCPT TO:{smtplib.quoteaddr(envelope.recipient)}\r\n",
        "DATA\r\n",
    ]
    if not session.has_extn("pipelining"):
        return _one_by_one(session, lines)
    session.send("".join(lines))
    replies = [session.getreply() for _line in lines]
    if replies[2][0] == 354 and any(
        code not in command.welcome
        for command, (code, _text) in zip(_COMMANDS, replies, strict=True)
    ):
        # the server waits for a message to nobody: end it (RFC 2920, section 3.1)
        session.send(".\r\n")
        session.getreply()
    return zip(_COMMANDS, replies, strict=True)


def _one_by_one(session, lines):
    for command, line in zip(_COMMANDS, lines, strict=True):
        session.send(line)
        yield command, session.getreply()


def _refused(session, envelope, code, text, permanent):
    if code == 421:
        # The server closes the channel by itself (RFC 5321, section 3.8)
        session.close()
        return _result(envelope, Outcome.NOT_SENT, code, text)
    session.rset()
    outcome = permanent if 500 <= code <= 599 else Outcome.DEFERRED
    return _result(envelope, outcome, code, text)


def _result(envelope, outcome, code, text):
    reply = f"{code} {text.decode(errors='replace')}"
    return Result(envelope.key, outcome, reply, envelope.message_id)
