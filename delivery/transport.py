import re
import smtplib
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum

from .address import is_wire_address, is_wire_sender
from .envelope import Envelope

# Seconds that a server may take to reply to the content (RFC 5321, section 4.5.3.2.6); for all
# else the session's own timeout counts.
FINAL_REPLY_SECONDS = 600
# The content is sent in blocks of so many bytes, for the timeout counts for each: on a slow line
# a large content takes long.
BLOCK_SIZE = 64 * 1024

# RFC 3463: class, subject and detail, at the start of the reply's text (RFC 2034)
_ENHANCED_STATUS = re.compile(rb"[245]\.(\d{1,3})\.(\d{1,3})\b")
_TOO_MUCH = re.compile(rb"too many|rate.?limit|throttl", re.IGNORECASE)
_ONE_DOMAIN = re.compile(
    rb"(?<!sender )\b(?:domain|for|to)\s+(?:[a-z0-9-]+\.)+[a-z]{2,}\b", re.IGNORECASE
)
_FULL = re.compile(rb"mail ?box\b.{0,20}\bfull\b|over ?quota", re.IGNORECASE)
_SOMEBODY = rb"(?:user|mailbox|recipient|account)\b"
_NOBODY = re.compile(
    rb"(?!.*sender).*(?:\b(?:no such|unknown|invalid|non-?existent) (?:local )?"
    + _SOMEBODY
    + rb"|\b"
    + _SOMEBODY
    + rb".{0,40}\b(?:unknown|not found|(?:does not|doesn't) exist))",
    re.IGNORECASE | re.DOTALL,
)
# about the conversation or the log-in (RFC 5321, section 4.2.2; RFC 4954)
_ABOUT_US = {500, 502, 503, 504, 530, 534, 535, 538}


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

    :ivar key: the envelope's key
    :ivar Outcome outcome: what became of it
    :ivar str reply: the server's words, or the error that broke the session
    :ivar str message_id: Message-ID of what was sent; empty when nothing could be composed
    """

    key: Hashable
    outcome: Outcome
    reply: str = ""
    message_id: str = ""


def transmit(session: smtplib.SMTP, envelope: Envelope) -> Result:
    """Send one envelope over an open session.

    Nothing is sent of an envelope whose addresses could break out of their commands. A reply
    that came stands, even when the connection is closed behind it.

    :param session: after EHLO and log-in; left ready for the next envelope, or closed, its
        ``sock`` None
    :return: never raises for what the server or the network does
    """
    if not is_wire_sender(envelope.sender):
        return _result(envelope, Outcome.REFUSED, f"Invalid sender: {envelope.sender!a}")
    if not is_wire_address(envelope.recipient):
        return _result(envelope, Outcome.BAD_ADDRESS, f"Invalid address: {envelope.recipient!a}")
    handed_over = False
    try:
        moment, (code, text) = _offer(session, envelope)
        if code // 100 == moment.welcome:
            moment = Moment.CONTENT
            handed_over = _hand_over(session, envelope.content)
            code, text = _final_reply(session)
        if handed_over and code // 100 == moment.welcome:
            return _result(envelope, Outcome.SENT, _words(code, text))
        outcome = classify(moment, code, text)
        _reset(session, code)
        return _result(envelope, outcome, _words(code, text))
    except (OSError, smtplib.SMTPException) as error:
        session.close()
        outcome = Outcome.UNKNOWN if handed_over else Outcome.NOT_SENT
        return _result(envelope, outcome, describe(error))


def describe(error: Exception) -> str:
    """Return an error in words for the screen, never none and such that PostgreSQL takes them.

    :param error: what opening or using a session, or anything else, raised
    :return: the server's words with their reply code (RFC 5321, section 4.2), or the system's
    """
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        # bytes of the server, or words of smtplib
        return _words(error.smtp_code, reply.encode() if isinstance(reply, str) else reply)
    words = getattr(error, "strerror", None) or str(error)
    return words.replace("\0", "") or type(error).__name__


def classify(moment: Moment, code: int, text: bytes) -> Outcome:
    """Tell what a reply other than the welcome means (RFC 5321, section 4.2; RFC 3463).

    :raise smtplib.SMTPException: the reply makes no sense, so none of the next ones will
    """
    status = _ENHANCED_STATUS.match(text)
    subject, detail = map(int, status.groups()) if status else (None, None)
    is_full = (subject, detail) == (2, 2) or (not status and bool(_FULL.search(text)))
    if 400 <= code <= 499:
        is_mailbox = subject == 2 or is_full
        is_server = _is_about_server(moment, code, text, is_mailbox)
        return Outcome.BUSY if is_server else Outcome.DEFERRED
    if 500 <= code <= 599:
        # sender (X.1.7, X.1.8), security and policy (X.7) concern us, whoever the recipient is
        if moment is Moment.MAIL or subject == 7 or (subject == 1 and detail in (7, 8)):
            return Outcome.REFUSED
        if is_full or (code == 552 and moment is Moment.RCPT and not status):
            return Outcome.DEFERRED
        is_address = subject in (1, 2) or _is_about_recipient(moment, code, text, status)
        return Outcome.BAD_ADDRESS if is_address else Outcome.REFUSED
    raise smtplib.SMTPException(f"Unexpected reply: {_words(code, text)}")


def _is_about_server(moment, code, text, is_mailbox):
    if code == 421 or moment is Moment.MAIL:
        return True
    is_limit = bool(_TOO_MUCH.search(text))
    is_domain = is_limit and moment is Moment.RCPT and _ONE_DOMAIN.search(text)
    return (is_limit or code in (452, 454)) and not is_mailbox and not is_domain


def _is_about_recipient(moment, code, text, status):
    if moment is Moment.RCPT:
        return code not in _ABOUT_US
    # some servers look for the recipient only now
    return code == 550 and not status and bool(_NOBODY.match(text))


def hang_up(session: smtplib.SMTP) -> None:
    """End a session politely if it still answers (RFC 5321, section 4.1.1.10)."""
    try:
        if session.sock:
            session.sock.settimeout(2)
            session.quit()
    except (OSError, smtplib.SMTPException):
        session.close()


def _offer(session, envelope):
    """Send the commands before the content.

    With PIPELINING all three are sent at once (RFC 2920), else none after one that failed.

    :return: the first moment whose reply is not the welcome, or the last one, and the reply
    """
    lines = {
        Moment.MAIL: f"MAIL FROM:<{envelope.sender}>\r\n",
        Moment.RCPT: f"RCPT TO:<{envelope.recipient}>\r\n",
        Moment.DATA: "DATA\r\n",
    }
    is_pipelined = session.has_extn("pipelining")
    if is_pipelined:
        session.send("".join(lines.values()))
    for sent, (moment, line) in enumerate(lines.items(), 1):
        if not is_pipelined:
            session.send(line)
        code, text = session.getreply()
        if code // 100 != moment.welcome:
            if is_pipelined and code != 421:
                _read_on(session, len(lines) - sent)
            break
    return moment, (code, text)


def _read_on(session, count):
    """Read the replies to the commands that were sent behind one that failed."""
    try:
        replies = [session.getreply() for _command in range(count)]
        if replies and replies[-1][0] == 354:
            # the server waits for a message to nobody: end it (RFC 2920, section 3.1)
            session.send(".\r\n")
            session.getreply()
    except (OSError, smtplib.SMTPException):
        session.close()


def _hand_over(session, content):
    """Send the content; return whether all of it went out before the server closed."""
    # a dot at the start of a line is doubled (RFC 5321, section 4.5.2)
    data = memoryview(content.replace(b"\n.", b"\n..") + b"\r\n.\r\n")
    try:
        for start in range(0, len(data), BLOCK_SIZE):
            session.sock.sendall(data[start : start + BLOCK_SIZE])
    except ConnectionError:
        return False  # it may have said why
    return True


def _final_reply(session):
    seconds = session.sock.gettimeout()
    session.sock.settimeout(FINAL_REPLY_SECONDS)
    reply = session.getreply()
    session.sock.settimeout(seconds)
    return reply


def _reset(session, code):
    """Make a session ready for the next envelope, or close it."""
    try:
        # after 421 the server closes by itself (RFC 5321, section 3.8)
        if code == 421 or session.rset()[0] != 250:
            session.close()
    except (OSError, smtplib.SMTPException):
        session.close()


def _result(envelope, outcome, reply):
    return Result(envelope.key, outcome, reply, envelope.message_id)


def _words(code, text):
    # PostgreSQL takes no NUL
    return f"{code} {text.decode(errors='replace')}".replace("\0", "")
