import re
import smtplib
from dataclasses import dataclass
from enum import Enum

from .envelope import Envelope

# RFC 3463: class, subject and detail, at the start of the reply's text (RFC 2034)
_ENHANCED_STATUS = re.compile(rb"[245]\.(\d{1,3})\.(\d{1,3})\b")
_TOO_MUCH = re.compile(rb"too many|rate.?limit|throttl", re.IGNORECASE)


class Moment(Enum):
    """What a reply answers (RFC 5321, section 3.3), with the first digit of a welcome."""

    MAIL = ("MAIL", 2)
    RCPT = ("RCPT", 2)
    DATA = ("DATA", 3)
    CONTENT = ("content", 2)  # the final dot

    @property
    def welcome(self):
        return self.value[1]


class Outcome(Enum):
    """What became of one message."""

    SENT = "sent"  # 2yz after the final dot: the server has taken it
    DEFERRED = "deferred"  # this message may be tried again later
    BAD_ADDRESS = "bad_address"  # this address will never do
    REFUSED = "refused"  # the letter or its sender will not do
    BUSY = "busy"  # the server wants less, or everything later; nothing speaks against the message
    NOT_SENT = "not_sent"  # the session broke before the final dot: nothing left the house
    UNKNOWN = "unknown"  # the session broke after the final dot: nobody knows (RFC 1047)


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

    :param session: after EHLO and log-in; left ready for the next envelope, or closed, its
        ``sock`` None
    :return: never raises for what the server or the network does
    """
    if not envelope.recipient.isascii():
        return Result(
            envelope.key, Outcome.BAD_ADDRESS, "The address is not ASCII (RFC 5321, section 2.3.11)"
        )
    handed_over = False
    try:
        for moment, (code, text) in _offer(session, envelope):
            if code // 100 != moment.welcome:
                return _turned_down(session, envelope, moment, code, text)
        # a dot at the start of a line is doubled (RFC 5321, section 4.5.2)
        session.send(envelope.content.replace(b"\n.", b"\n..") + b"\r\n.\r\n")
        handed_over = True
        code, text = session.getreply()
        if code // 100 != Moment.CONTENT.welcome:
            return _turned_down(session, envelope, Moment.CONTENT, code, text)
        return _result(envelope, Outcome.SENT, code, text)
    except (OSError, smtplib.SMTPException) as error:
        session.close()
        outcome = Outcome.UNKNOWN if handed_over else Outcome.NOT_SENT
        return Result(envelope.key, outcome, describe(error), envelope.message_id)


def describe(error: Exception) -> str:
    """Return an error in words for the screen.

    :param error: what opening or using a session raised
    :return: the server's words with their reply code (RFC 5321, section 4.2), or the system's
    """
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        # bytes of the server, or words of smtplib
        return _words(error.smtp_code, reply.encode() if isinstance(reply, str) else reply)
    return (getattr(error, "strerror", None) or str(error)).replace("\0", "")


def classify(moment: Moment, code: int, text: bytes) -> Outcome:
    """Tell what a reply other than the welcome means (RFC 5321, section 4.2; RFC 3463).

    :raise smtplib.SMTPException: the reply makes no sense, so none of the next ones will
    """
    status = _ENHANCED_STATUS.match(text)
    subject, detail = map(int, status.groups()) if status else (None, None)
    if 400 <= code <= 499:
        is_mailbox = subject == 2
        is_about_server = (
            code in (421, 454)
            or moment is Moment.MAIL
            or (code == 452 and not is_mailbox)
            or _TOO_MUCH.search(text)
        )
        return Outcome.BUSY if is_about_server else Outcome.DEFERRED
    if 500 <= code <= 599:
        # sender (X.1.7, X.1.8), security and policy (X.7) concern us, whoever the recipient is
        if subject == 7 or (subject == 1 and detail in (7, 8)) or moment is Moment.MAIL:
            return Outcome.REFUSED
        if subject in (1, 2) or moment is Moment.RCPT:
            return Outcome.BAD_ADDRESS
        return Outcome.REFUSED
    raise smtplib.SMTPException(f"Unexpected reply: {_words(code, text)}")


def hang_up(session: smtplib.SMTP) -> None:
    """End a session politely if it still answers (RFC 5321, section 4.1.1.10)."""
    try:
        if session.sock:
            session.sock.settimeout(2)
            session.quit()
    except (OSError, smtplib.SMTPException):
        session.close()


def _offer(session, envelope):
    """Send the commands before the content; return each moment with its reply.

    With PIPELINING all three are sent at once (RFC 2920), else none after one that failed.
    """
    lines = [
        f"MAIL FROM:<{envelope.sender}>\r\n",
        f"RCPT TO:<{envelope.recipient}>\r\n",
        "DATA\r\n",
    ]
    moments = (Moment.MAIL, Moment.RCPT, Moment.DATA)
    if not session.has_extn("pipelining"):
        return _one_by_one(session, moments, lines)
    session.send("".join(lines))
    replies = list(zip(moments, [session.getreply() for _line in lines], strict=True))
    if replies[2][1][0] == 354 and any(
        code // 100 != moment.welcome for moment, (code, _text) in replies
    ):
        # the server waits for a message to nobody: end it (RFC 2920, section 3.1)
        session.send(".\r\n")
        session.getreply()
    return replies


def _one_by_one(session, moments, lines):
    for moment, line in zip(moments, lines, strict=True):
        session.send(line)
        yield moment, session.getreply()


def _turned_down(session, envelope, moment, code, text):
    outcome = classify(moment, code, text)
    if code == 421:
        session.close()  # as the server does by itself (RFC 5321, section 3.8)
    else:
        try:
            session.rset()
        except (OSError, smtplib.SMTPException):
            session.close()  # the reply stands all the same
    return _result(envelope, outcome, code, text)


def _result(envelope, outcome, code, text):
    return Result(envelope.key, outcome, _words(code, text), envelope.message_id)


def _words(code, text):
    # PostgreSQL takes no NUL
    return f"{code} {text.decode(errors='replace')}".replace("\0", "")
