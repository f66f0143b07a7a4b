import logging
import re
from contextlib import suppress
from html import unescape

from flufl.bounce import all_failures

from .mime import LONGEST_TEXT, header, is_a, parts_of, payload_of, text_of

# It tells every detector that it tries, and what it cannot read is no error.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

# More than this of a text is not looked at, and of a line no more than one has (RFC 5322, section
# 2.1.1): patterns take their time with long ones.
_LONGEST_BODY, _LONGEST_LINE = 100_000, 998

# Where the words for people end and the returned message begins.
_RETURNED = re.compile(
    r"^(?:.{0,20}\b(?:original|returned|undelivered|rejected) (?:message|e?-?mail|header).{0,40}"
    r"|.{0,60}\bcopy of (?:the|your) .{0,60}"
    r"|(?:Received|Return-Path|Message-ID|MIME-Version|DKIM-Signature): .*)$",
    re.I | re.M,
)
_TAG = re.compile(
    r"<(?:style|script)\b.{0,20000}?</(?:style|script)>|<[a-z/!][^>]{0,2000}>", re.I | re.S
)
# What a server says that still tries, Exim with the reply that it got so far.
STILL_TRIES = re.compile(r"\bnot yet been delivered\b|\battempts will continue\b", re.I)


def failures_in(message) -> tuple[list[str], list[str]]:
    """Return the addresses that failed by a mail of whatever form, and those that are delayed.

    The detectors of flufl.bounce read texts as they stand, so these are decoded in the message.
    """
    for part in parts_of(message):
        encoding = header(part, "Content-Transfer-Encoding").lower()
        if part.get_content_maintype() == "text" and encoding in ("base64", "quoted-printable"):
            lines = text_of(part, _LONGEST_BODY).splitlines()
            text = "\n".join(line[:_LONGEST_LINE] for line in lines)
            del part["Content-Transfer-Encoding"], part["Content-Type"]  # it is plain ASCII by now
            part.set_payload(text.encode("ascii", "replace").decode())
    delayed, failed = frozenset(), frozenset()
    with suppress(Exception):  # it raises what it meets
        delayed, failed = all_failures(message)
    return tuple(
        [address.decode("ascii", "replace") for address in sorted(addresses)]
        for addresses in (failed, delayed)
    )


def explanation_in(parts) -> str:
    """Return what a program wrote to a person, without the message that it returns."""
    for content_type in ("text/plain", "text/html"):
        for part in parts:
            if is_a(part, content_type) and (text := text_of(part).strip()):
                text = unescape(_TAG.sub(" ", text)) if content_type == "text/html" else text
                returned = _RETURNED.search(text, 1)
                return text[: returned.start()] if returned else text
    # a multipart whose boundary is not there
    texts = [payload_of(part) for part in parts if part.get_content_maintype() == "multipart"]
    return next((text[:LONGEST_TEXT] for text in texts if isinstance(text, str)), "")
