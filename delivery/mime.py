"""The parts of a mail that anybody may have sent, read as far as they make sense.

MIME is RFC 2045 and 2046.
"""

from email import policy
from email.header import decode_header, make_header
from email.message import Message

# More than this of a text, and of a list, is not looked at.
LONGEST_TEXT, MOST_PARTS = 8_000, 20


def parts_of(message, depth=0):
    """Yield the parts of a message, but not those of the message that it returns."""
    yield message
    if depth > 5 or not message.is_multipart() or message.get_content_maintype() == "message":
        return
    for part in message.get_payload()[:MOST_PARTS]:
        yield from parts_of(part, depth + 1)


def is_a(part, *content_types):
    """Tell whether a part has one of some content types."""
    return part.get_content_type() in content_types


def header(message, name):
    """Return a header field as text on one line; nothing without it."""
    return " ".join(str(message.get(name) or "").split())


def read_header(message, name):
    """Return a header field as it is read, its encoded words decoded (RFC 2047)."""
    text = header(message, name)
    try:
        return " ".join(str(make_header(decode_header(text))).split())
    except Exception:  # it raises many things at what is none
        return text


def payload_of(part):
    """Return what is in a part as it stands: its parts, or a text."""
    try:
        return part.get_payload()
    except (TypeError, ValueError):  # what it says of its alphabet is no word
        return (part.get_payload(decode=True) or b"").decode(errors="surrogateescape")


def source_in(part, longest=LONGEST_TEXT):
    """Return the start of what is in a part, headers of messages in it included.

    :param longest: characters at most
    """
    payload = payload_of(part)
    if not isinstance(payload, list):
        return text_of(part, longest)
    source = b"\n\n".join(map(_plain_source, payload[:MOST_PARTS])).decode(errors="replace")
    if header(part, "Content-Transfer-Encoding").lower() != "base64":
        return source
    # Python's parser looks for a message in the letters of the encoding
    encoded = Message()
    encoded["Content-Transfer-Encoding"] = "base64"
    encoded.set_payload(source)
    return text_of(encoded, longest)


def text_of(part, longest=LONGEST_TEXT):
    """Return the start of a part's text, whatever it says of its encoding.

    :param longest: characters at most
    """
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    payload = payload[: longest * 4]
    try:
        text = payload.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):
        text = payload.decode("utf-8", "replace")
    return text[:longest]


def source_of(message) -> bytes:
    """Return a message as bytes, also one that Python's email package reads but cannot write.

    Such are a multipart whose boundary is not there, in letters that are not ASCII, and a field
    with a line break in it.

    :param message: ``email.message.Message``
    """
    try:
        return message.as_bytes(policy=policy.compat32)
    except Exception:  # whatever it meets
        return _plain_source(message)


def _plain_source(message):
    """Return a message as bytes, with a line for each field; whatever it says of its alphabet."""
    fields = (f"{name}: {' '.join(str(value).split())}\n" for name, value in message.raw_items())
    payload = payload_of(message)
    head = "".join(fields).encode(errors="surrogateescape")
    if isinstance(payload, list):
        boundary = f"\n--{message.get_boundary()}\n" if message.get_boundary() else "\n"
        return head + b"".join(boundary.encode() + _plain_source(part) for part in payload)
    return head + b"\n" + (payload or "").encode(errors="surrogateescape")
