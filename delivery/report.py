import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, message_from_string, policy
from email.utils import getaddresses

from flufl.bounce import all_failures

from .bounce import Kind, find_status, judge, mildest
from .mime import LONGEST_TEXT, MOST_PARTS, header, is_a, parts_of, source_in, text_of

# It tells every detector that it tries, and what it cannot read is no error.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

# More than this of a mail and of the words is not looked at.
_LONGEST_MAIL, _LONGEST_WORDS = 100_000, 500
# No line is longer (RFC 5322, section 2.1.1), and patterns take their time with long ones.
_LONG_LINE = re.compile(rb"([^\r\n]{998})[^\r\n]+")
# The header by which a returned message names the one that it was.
REFERENCE_HEADER = "X-Mass-Email-Message"

_REFERENCE = re.compile(rf"^[> ]*{REFERENCE_HEADER}:[ \t]*([\w-]{{1,80}})", re.I | re.M)
_MESSAGE_ID = re.compile(
    r"^[> ]*(?:X-Microsoft-Original-|X-Original-|Original-)?Message-ID:\s{0,4}(<[^<>\s]{1,250}>)",
    re.I | re.M,
)
_ANSWERED = re.compile(r"<[^<>\s]{1,250}>")
_DAEMON = re.compile(r"mail(?:er)?[-_ ]?(?:daemon|delivery)|mdaemon|post_?master", re.I)
# Where the words for people end and the returned message begins.
_RETURNED = re.compile(
    r"^(?:.{0,20}\b(?:original|returned|undelivered|rejected) (?:message|e?-?mail|header).{0,40}"
    r"|.{0,60}\bcopy of (?:the|your) .{0,60}"
    r"|(?:Received|Return-Path|Message-ID|MIME-Version|DKIM-Signature): .*)$",
    re.I | re.M,
)
# A line that holds a reply of a mail server (RFC 5321, section 4.2), and the next.
_REPLY_LINE = re.compile(
    r"(?:^.+\n)?^.*(?<![\d.])[45]\d\d[ -].*(?:\n.+)?$|^.*[45]\.\d{1,3}\.\d{1,3}\b.*$", re.M
)
_VACATION = re.compile(
    r"out of (?:the )?office|auto(?:matic|mated)?[- ]?(?:reply|response)|vacation|abwesenheit", re.I
)
_TAG = re.compile(
    r"<(?:style|script)\b.{0,20000}?</(?:style|script)>|<[a-z/!][^>]{0,2000}>", re.I | re.S
)
# Outlook.com returns what its users call junk with their address, in no report.
_JUNK_MAIL_REPORT = "X-HmXmrOriginalRecipient"
# Feedback types that are no complaint: authentication failed, or it is no spam.
_NO_COMPLAINT = ("auth-failure", "dmarc", "not-spam")


@dataclass(frozen=True)
class Report:
    """What a message tells that came back, or came in answer.

    :ivar Kind kind: its class
    :ivar tuple addresses: failed addresses it names (RFC 5322, section 3.4.1), as they are written
    :ivar str status: enhanced status code (RFC 3463), or nothing
    :ivar str words: the server's words in one line, at most 500 characters
    :ivar tuple message_ids: Message-IDs of what it is about, with their brackets
    :ivar tuple references: what our header in the returned message says
    """

    kind: Kind
    addresses: tuple = ()
    status: str = ""
    words: str = ""
    message_ids: tuple = ()
    references: tuple = ()


def read_report(content: bytes) -> Report:
    """Read a message that may be a returned one.

    Delivery reports (RFC 3464) and complaints (RFC 5965) are read here, what else mail servers
    write by flufl.bounce.

    :param content: the whole message; of a very long one the start is read
    :return: never raises, whatever the bytes
    """
    try:
        message = message_from_bytes(_LONG_LINE.sub(rb"\1", content[:_LONGEST_MAIL]))
        kind, addresses, status, words = _failure(message)
        message_ids, references = _originals(message)
    except Exception:  # the email package raises many things at what is no mail
        return Report(Kind.OTHER)
    return Report(kind, _few(addresses), status, _line(words), _few(message_ids), _few(references))


def source_of(message) -> bytes:
    """Return a message as bytes, also one that Python's email package reads but cannot write.

    Such are a multipart whose boundary is not there, in letters that are not ASCII, and a field
    with a line break in it.

    :param message: ``email.message.Message``
    """
    try:
        return message.as_bytes(policy=policy.compat32)
    except Exception:  # whatever it meets
        fields = (
            f"{name}: {' '.join(str(value).split())}\n" for name, value in message.raw_items()
        )
        payload = message.get_payload()
        head = "".join(fields).encode(errors="surrogateescape")
        if isinstance(payload, list):
            boundary = f"\n--{message.get_boundary()}\n" if message.get_boundary() else "\n"
            return head + b"".join(boundary.encode() + source_of(part) for part in payload)
        return head + b"\n" + (payload or "").encode(errors="surrogateescape")


def is_automatic(message) -> bool:
    """Tell whether a program wrote a message (RFC 3834, section 5): vacation, challenge, receipt.

    :param message: ``email.message.Message``
    """
    submitted = header(message, "Auto-Submitted").lower() or "no"
    by_program = ("X-Autoreply", "X-Autorespond", "X-Autogenerated", "X-Auto-Reply-From")
    return (
        not submitted.startswith("no")
        or header(message, "Precedence").lower() in ("auto_reply", "auto-reply")
        or any(header(message, name) for name in by_program)
        or bool(_VACATION.match(header(message, "Subject")))
    )


# ------------------------------------------------------------
# What became of it
# ------------------------------------------------------------


def _failure(message):
    """Return kind, failed addresses, status and words."""
    parts = list(parts_of(message))
    for part in parts:
        if is_a(part, "message/feedback-report"):
            return _complaint(source_in(part))
        if is_a(part, "message/rfc822") and part.get_payload()[0][_JUNK_MAIL_REPORT]:
            return Kind.COMPLAINT, [header(part.get_payload()[0], _JUNK_MAIL_REPORT)], "", "abuse"
    recipients = [
        fields
        for part in parts
        if is_a(part, "message/delivery-status", "message/global-delivery-status")
        for fields in _blocks(part)
        if fields["Action"] or fields["Status"]
    ]
    if any(is_a(part, "message/disposition-notification") for part in parts):
        return Kind.AUTO_REPLY, [], "", ""
    explanation = _explanation(parts)
    if recipients:
        return _delivery_status(recipients, explanation)
    return _free_form(message, explanation)


def _complaint(report):
    """Read the fields of a complaint (RFC 5965, section 3)."""
    fields = message_from_string(report.strip())
    feedback_type = header(fields, "Feedback-Type").lower()
    is_complaint = feedback_type and feedback_type not in _NO_COMPLAINT
    recipients = [header(fields, name) for name in ("Original-Rcpt-To", "Removal-Recipient")]
    addresses = [address for _name, address in getaddresses(recipients) if "@" in address]
    return Kind.COMPLAINT if is_complaint else Kind.OTHER, addresses, "", feedback_type


def _delivery_status(recipients, explanation):
    """Read the recipients' fields of a delivery report; of several the mildest verdict counts."""
    failures = [each for each in map(_recipient, recipients) if each]
    failed = [each for each in failures if each[0] is not Kind.DELAYED]
    if not failed:
        kind = Kind.DELAYED if failures else Kind.OTHER
        return kind, [each[1] for each in failures], "", explanation
    verdicts = [
        (
            (judge(status, [words]) if words else None)
            or _judge(status, *_to_the_point(explanation, [address])),
            status,
            words,
        )
        for _kind, address, status, words in failed
    ]
    kind, status, words = mildest(verdicts)
    return kind, [each[1] for each in failed if each[1]], status, words or explanation


def _recipient(fields):
    """Return DELAYED or None, address, status and words of a recipient that was not reached."""
    action, status = fields["Action"].lower(), find_status(fields["Status"])
    words = fields["Diagnostic-Code"].partition(";")[2] or fields["Diagnostic-Code"]
    if action.startswith(("delivered", "relayed", "expanded")) or fields["Status"][:1] == "2":
        return None
    address = fields["Original-Recipient"] or fields["Final-Recipient"]
    address = address.rpartition(";")[2].strip().strip("<>")
    said = find_status(words)
    # what the remote server said is nearer to the matter
    if said and (not status or status.endswith(".0") or not said.endswith(".0")):
        status = said
    return Kind.DELAYED if action.startswith("delayed") else None, address, status, words


def _free_form(message, explanation):
    # the null reverse-path is that of automatic answers, too (RFC 3834, section 3.3)
    is_daemon = bool(_DAEMON.search(header(message, "From")))
    if is_automatic(message) and not is_daemon:
        return Kind.AUTO_REPLY, [], "", ""
    # who answers, and is no mail system, may do so from there without a word of RFC 3834
    is_answer = bool(header(message, "In-Reply-To"))
    is_daemon = is_daemon or (header(message, "Return-Path") == "<>" and not is_answer)
    delayed, failed = frozenset(), frozenset()
    with suppress(Exception):  # it raises what it meets
        delayed, failed = all_failures(message)
    if not (failed or delayed or is_daemon):
        return Kind.OTHER, [], "", ""
    addresses = [address.decode("ascii", "replace") for address in sorted(failed or delayed)]
    if delayed and not failed:
        return Kind.DELAYED, addresses, "", explanation
    status = find_status(explanation)
    return _judge(status, *_to_the_point(explanation, addresses)), addresses, status, explanation


def _judge(status, *texts):
    """Judge a failure; one that says nothing of why is not final."""
    return judge(status, texts) or Kind.TEMPORARY


def _to_the_point(text, addresses):
    """Yield what a server replied, then what stands behind a failed address, then all."""
    replies = _REPLY_LINE.findall(text)
    if replies:
        yield " ".join(replies)
    for address in filter(None, addresses):
        _before, found, behind = text.partition(address)
        if found:
            yield behind[:_LONGEST_WORDS]
    yield text


# ------------------------------------------------------------
# Which message it was
# ------------------------------------------------------------


def _originals(message):
    """Return Message-IDs and references of the message that came back or is answered."""
    message_ids, references = [], []
    for part in list(parts_of(message))[1:] or [message]:
        # servers on the way put their own headers, kilobytes of them, before ours
        text = (
            source_in(part, _LONGEST_MAIL) if part is not message else text_of(part, _LONGEST_MAIL)
        )
        message_ids += _MESSAGE_ID.findall(text)
        references += _REFERENCE.findall(text)
    for name in ("In-Reply-To", "References"):
        message_ids += _ANSWERED.findall(header(message, name))
    return message_ids, references


# ------------------------------------------------------------
# Mails as they are
# ------------------------------------------------------------


class _Fields(dict):
    """The fields of one recipient, or of the message, in a delivery report."""

    def __missing__(self, name):
        return ""


def _blocks(part):
    """Yield the blocks of fields in a delivery report (RFC 3464, section 2.1)."""
    for block in re.split(r"\r?\n[ \t]*\r?\n", source_in(part).strip())[: MOST_PARTS * 5]:
        message = message_from_string(block.strip())
        names = ("Action", "Status", "Diagnostic-Code", "Original-Recipient", "Final-Recipient")
        yield _Fields({name: header(message, name) for name in names})


def _explanation(parts):
    """Return what a program wrote to a person, without the message that it returns."""
    for content_type in ("text/plain", "text/html"):
        for part in parts:
            if is_a(part, content_type) and (text := text_of(part).strip()):
                text = _TAG.sub(" ", text) if content_type == "text/html" else text
                returned = _RETURNED.search(text, 1)
                return text[: returned.start()] if returned else text
    # a multipart whose boundary is not there
    texts = [part.get_payload() for part in parts if part.get_content_maintype() == "multipart"]
    return next((text[:LONGEST_TEXT] for text in texts if isinstance(text, str)), "")


def _line(text):
    return " ".join(_sound(text).split())[:_LONGEST_WORDS]


def _few(items):
    return tuple(dict.fromkeys(map(_sound, items)))[:MOST_PARTS]


def _sound(text):
    # PostgreSQL takes no NUL and no half of a pair
    return text.replace("\0", "").encode(errors="replace").decode()
