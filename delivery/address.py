import re

import idna

# dot-string (RFC 5321, section 4.1.2) and host name (RFC 1123, section 2.1); a domain whose last
# label is a number would be an IP address
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_WIRE = re.compile(
    rf"(?=[^@]{{1,64}}@.{{1,253}}\Z){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}"
)
# Of an address like this nothing is in doubt: parsers and IDNA leave it as it is, and in lower
# case it is its wire address. So short, no part of it is too long. Python and PostgreSQL read it
# alike.
PLAIN_LENGTH = 64
PLAIN_ADDRESS = (
    r"^[A-Za-z0-9_+-]+([.][A-Za-z0-9_+-]+)*@([A-Za-z0-9]+(-+[A-Za-z0-9]+)*[.])+[A-Za-z]+$"
)
# our own host may have a short name, or one that is none
_SENDER = re.compile(r"(?:[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+)?", re.ASCII)
# what stands before the host, a host (none is longer, RFC 1035, section 2.3.4), what stands behind
_URL = re.compile(r"(\w+://)([^\s/?#:@]{1,253})((?:[/?#:].*)?)", re.DOTALL)
# Nothing longer is an address (RFC 5321, section 4.5.3.1), and IDNA takes its time.
_LONGEST = 320


def wire_address(text: str) -> str | None:
    """Return the one form of an address that may stand in an SMTP command.

    Two spellings of an address that are one on the wire are one here: lower case, the domain in
    ASCII (IDNA 2008, RFC 5891).

    :param text: one bare addr-spec (RFC 5322, section 3.4.1)
    :return: dot-string@domain (RFC 5321, section 4.1.2), the domain of two labels or more; None
        when the address has no such form: quoted strings and address literals have none
    """
    if len(text) > _LONGEST:
        return None
    if not text.isascii():
        local, at, domain = text.rpartition("@")
        if not local.isascii():
            return None  # before lower(): that makes ASCII of some letters
        try:
            text = local + at + idna.encode(domain, uts46=True).decode("ascii")
        except UnicodeError:
            return None
    text = text.lower()
    return text if is_wire_address(text) else None


def readable_address(address: str) -> str:
    """Return a wire address with its domain in Unicode, as people write it (RFC 5891)."""
    local, at, domain = address.rpartition("@")
    try:
        return local + at + idna.decode(domain)
    except UnicodeError:
        return address


def wire_url(url: str) -> str:
    """Return an URL with its host in ASCII (IDNA 2008, RFC 5891); as it is when it has no such."""
    parts = None if url.isascii() else _URL.fullmatch(url)
    if not parts:
        return url
    try:
        host = idna.encode(parts[2], uts46=True).decode("ascii")
    except UnicodeError:
        return url
    return parts[1] + host + parts[3]


def is_wire_address(text: str) -> bool:
    """Tell whether an address has the form that ``wire_address`` returns."""
    return _WIRE.fullmatch(text) is not None


def is_wire_sender(text: str) -> bool:
    """Tell whether an address may stand in the MAIL command.

    More may than in RCPT: the null reverse-path (RFC 5321, section 4.5.5), capital letters and
    any host.
    """
    return _SENDER.fullmatch(text) is not None
