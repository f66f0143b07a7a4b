import errno
import os
import re
import smtplib
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum

from .bounce import NO_SUCH_USER, Kind, find_status, is_about_sender, judge
from .envelope import Envelope

# Bytes of a reply's line; RFC 5321, section 4.5.3.1.5, allows 512.
LONGEST_LINE = 8192
# Lines of a reply; nobody waits for more, nor has memory for all that a server may say.
LONGEST_REPLY = 1000
# Bytes of a reply that are kept: each message keeps its own.
LONGEST_WORDS = 2000
# RFC 3463: class, subject and detail, at the start of the reply's text (RFC 2034)
_ENHANCED_STATUS = re.compile(rb"[245]\.(\d{1,3})\.(\d{1,3})\b")
_TOO_MUCH = re.compile(rb"too many|rate.?limit|throttl", re.IGNORECASE)
# What we may send, whatever code says so; Google has that of a mailbox.
_OUR_LIMIT = re.compile(
    rb"\b(?:sending|outgoing|outbound|relay) (?:\w+ ){0,2}(?:limit|quota)", re.IGNORECASE
)
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
# Subject and detail that tell of a recipient though she was accepted before. Of the others some
# are about the letter (5.2.3), and Exchange has its own for a sender who may not send (5.2.252).
_OF_RECIPIENT = {(1, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 10), (2, 1), (2, 4)}
# Of the sender; and his limits at Exchange Online and Google.
_OF_SENDER = {(1, 7), (1, 8), (1, 90), (4, 5)}
# The server's disk is full, or it takes no more for now.
_OF_SERVER = {(3, 1), (3, 2)}
# about the conversation or the log-in (RFC 5321, section 4.2.2; RFC 4954)
_ABOUT_US = {500, 502, 503, 504, 530, 534, 535, 538}


class Moment(Enum):
    """What a reply answers (RFC 5321, section 3.3), with the first digit of a welcome."""

    MAIL = ("MAIL", 2)
    RCPT = ("RCPT", 2)
    DATA = ("DATA", 3)
    CONTENT = ("content", 2)  # the final dot

    def __init__(self, verb, welcome):
        self.welcome = welcome


class Outcome(Enum):
    """What became of one message."""

    SENT = "sent"  # 2yz after the final dot: the server has taken it
    DEFERRED = "deferred"  # this message may be tried again later
    BAD_ADDRESS = "bad_address"  # this address will never do
    REFUSED = "refused"  # the letter or its sender will not do
    BUSY = "busy"  # the server wants less, or everything later; nothing speaks against the message
    NOT_SENT = "not_sent"  # the session broke before the final dot: nothing left the house
    UNKNOWN = "unknown"  # the session broke after the final dot: nobody knows (RFC 1047)


def _by_system(*codes):
    return "|".join(re.escape(os.strerror(code)) for code in codes)


class Trouble(Enum):
    """What keeps a session from a server or ends it, with how the system's words for it begin."""

    NO_HOST = (
        "Name or service not known|No address associated|nodename nor servname"
        "|encoding with 'idna' codec failed"
    )
    NO_DNS = "Temporary failure in name resolution"
    REFUSED = _by_system(errno.ECONNREFUSED)
    UNREACHABLE = _by_system(errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)
    SILENT = _by_system(errno.ETIMEDOUT) + r"|timed out|The \w+ operation timed out"
    CLOSED = (
        _by_system(errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE)
        + "|Connection unexpectedly closed|The connection is closed"
        "|Server not connected|EOF occurred"
    )
    CERTIFICATE = r"\[SSL: CERTIFICATE_VERIFY_FAILED\]|certificate verify failed"
    ENCRYPTION = r"\[SSL\b"
    NO_STARTTLS = "STARTTLS extension not supported"
    NO_LOGIN = "SMTP AUTH extension not supported|No suitable authentication method"


# at the start, or behind whom it is about; a reply of the server has its code there
_TROUBLE = re.compile(
    "(?:^|: )(?:" + "|".join(f"(?P<{kind.name}>{kind.value})" for kind in Trouble) + ")"
)
_REPLY = re.compile(r"(?:^|: )[2-5]\d\d ")


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


class Replies:
    """The server's replies, taken from the blocks in which they came and not line by line.

    Whatever is wrong with them is an error as ``smtplib`` knows it.
    """

    def __init__(self, come=b""):
        self._bytes = come
        self._read = 0  # so many of them
        self._lines = []  # of a reply whose last one has not come yet

    def add(self, block: bytes) -> None:
        self._bytes = self._bytes[self._read :] + block
        self._read = 0

    @property
    def is_left(self) -> bool:
        return self._read < len(self._bytes)

    def next_reply(self) -> tuple[int, bytes] | None:
        """Return the next reply: its code, -1 when it has none, and its text; None before it came.

        :raise smtplib.SMTPResponseException: a line, or the reply, has no end
        """
        while (end := self._bytes.find(b"\n", self._read)) >= 0:
            line = self._bytes[self._read : end + 1]
            if len(line) > LONGEST_LINE:
                break
            self._read = end + 1
            digits = line[:3]
            code = int(digits) if len(digits) == 3 and digits.isdigit() else -1
            self._lines.append(line[4:].strip())
            if code == -1 or line[3:4] != b"-":
                text = b"\n".join(self._lines)
                self._lines.clear()
                return code, text
            if len(self._lines) >= LONGEST_REPLY:
                raise smtplib.SMTPResponseException(500, "Reply too long.")
        if len(self._bytes) - self._read > LONGEST_LINE:
            raise smtplib.SMTPResponseException(500, "Line too long.")
        return None


def describe(error: Exception) -> str:
    """Return an error in words for the screen, never none and such that PostgreSQL takes them.

    :param error: what opening or using a session, or anything else, raised
    :return: the server's words with their reply code (RFC 5321, section 4.2), or the system's
    """
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        # bytes of the server, or words of smtplib
        return in_words(error.smtp_code, reply.encode() if isinstance(reply, str) else reply)
    words = getattr(error, "strerror", None) or str(error)
    return words.replace("\0", "") or type(error).__name__


def find_trouble(words: str) -> tuple[Trouble | None, int]:
    """Tell what an error means that ``describe`` put in words; they are all that is kept of it.

    :return: the kind and where its words begin; no kind for what is rare, or what a server says
    """
    match = not _REPLY.search(words) and _TROUBLE.search(words)
    return (Trouble[match.lastgroup], match.start(match.lastgroup)) if match else (None, 0)


def classify(moment: Moment, code: int, text: bytes, envelope: Envelope | None = None) -> Outcome:
    """Tell what a reply other than the welcome means (RFC 5321, section 4.2; RFC 3463).

    :param envelope: what it answers, for the addresses in it
    :raise smtplib.SMTPException: the reply makes no sense, so none of the next ones will
    """
    status = _ENHANCED_STATUS.match(text)
    subject, detail = map(int, status.groups()) if status else (None, None)
    is_full = (subject, detail) == (2, 2) or (not status and bool(_FULL.search(text)))
    if 400 <= code <= 499:
        is_mailbox = subject == 2 or is_full
        is_server = _is_about_server(moment, code, text, is_mailbox)
        is_busy = is_server or (subject, detail) in _OF_SERVER
        return Outcome.BUSY if is_busy else Outcome.DEFERRED
    if 500 <= code <= 599:
        if moment is Moment.RCPT and NO_SUCH_USER.search(in_words(code, text)):
            return Outcome.BAD_ADDRESS
        # sender, security and policy (X.7) concern us, whoever the recipient is
        if moment is Moment.MAIL or subject == 7 or (subject, detail) in _OF_SENDER:
            return Outcome.REFUSED
        if is_full or (code == 552 and moment is Moment.RCPT and not status):
            return Outcome.DEFERRED
        is_told = (subject, detail) in _OF_RECIPIENT
        is_address = is_told or _is_about_recipient(moment, code, text, subject)
        if is_address and envelope:
            # who asks our server for the sender may tell so as the answer that he got
            words = in_words(code, text)
            is_address = not is_about_sender(words, [envelope.sender], [envelope.recipient])
        return Outcome.BAD_ADDRESS if is_address else Outcome.REFUSED
    raise smtplib.SMTPException(f"Unexpected reply: {in_words(code, text)}")


def _is_about_server(moment, code, text, is_mailbox):
    if code == 421 or moment is Moment.MAIL or _OUR_LIMIT.search(text):
        return True
    is_limit = bool(_TOO_MUCH.search(text))
    is_domain = is_limit and moment is Moment.RCPT and _ONE_DOMAIN.search(text)
    return (is_limit or code in (452, 454)) and not is_mailbox and not is_domain


def _is_about_recipient(moment, code, text, subject):
    if moment is Moment.RCPT:
        is_about_us = code in _ABOUT_US or (subject not in (1, 2, 4) and _is_policy(code, text))
        return not is_about_us
    # some servers look for the recipient only now
    return code == 550 and subject is None and bool(_NOBODY.match(text))


def _is_policy(code, text):
    """Tell whether the words are about us, like those of a relay that wants a log-in."""
    words = in_words(code, text)
    return judge(find_status(words), [words]) is Kind.POLICY


def in_words(code: int, text: bytes) -> str:
    """Return a reply, not all of a long one, such that PostgreSQL takes it, which takes no NUL."""
    return f"{code} {text[:LONGEST_WORDS].decode(errors='replace')}".replace("\0", "")
