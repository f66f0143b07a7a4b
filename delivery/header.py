from email.header import Header

# Header fields may be 998 characters long (RFC 5322, section 2.1.1); the name needs some.
_LONGEST = 900


def encode_text(text: str) -> bytes:
    """Encode an unstructured header value, like a subject (RFC 5322, section 3.6.5).

    Line breaks become spaces; what is not plain ASCII becomes encoded words (RFC 2047).
    """
    text = " ".join(text.split())
    if text.isascii() and text.isprintable() and "=?" not in text and len(text) < _LONGEST:
        return text.encode()
    return Header(text, "utf-8").encode(linesep="\r\n").encode()


def encode_mailbox(name: str, address: str) -> bytes:
    """Encode a mailbox: display name and address (RFC 5322, section 3.4).

    :param address: addr-spec, ASCII
    """
    name = " ".join(name.split())
    if not name:
        return address.encode()
    if name.isascii() and name.isprintable() and "=?" not in name and len(name) < _LONGEST:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'.encode()
    return Header(name, "utf-8").encode(linesep="\r\n").encode() + f" <{address}>".encode()
