import hmac
import re

# The leftmost 96 bits of HMAC-SHA256 (RFC 2104, section 5). Lower case, as some servers write
# addresses.
_DIGITS = 24
_REFERENCE = re.compile(rf"([0-9]{{1,10}})-([0-9a-f]{{{_DIGITS}}})")
# No reference is longer.
LONGEST_REFERENCE = 10 + 1 + _DIGITS


class References:
    """Names of messages that a returned one may carry, and nobody can make up.

    Such a name opts nobody out and opens nothing; it only tells which message came back.

    :param bytes key: the secret that signs them
    """

    def __init__(self, key: bytes):
        self._key = key

    def sign(self, number: int) -> str:
        """Return the name of a message: digits, letters and a dash."""
        return f"{number}-{self._signature(str(number))}"

    def verify(self, text: str) -> int | None:
        """Return the number of a message by its name; None when it is not signed by this key."""
        match = _REFERENCE.fullmatch(text.lower())
        if not match or not hmac.compare_digest(match[2], self._signature(match[1])):
            return None
        return int(match[1])

    def _signature(self, number):
        return hmac.digest(self._key, number.encode(), "sha256").hex()[:_DIGITS]


def verp_address(address: str, reference: str) -> str:
    """Return a bounce address that carries a reference (subaddress, RFC 5233).

    :param address: the bounce address, addr-spec
    :return: ``local+reference@domain``; as it is when it would be too long (RFC 5321, 4.5.3.1.1)
    """
    local, _at, domain = address.rpartition("@")
    return f"{local}+{reference}@{domain}" if len(local) + len(reference) < 64 else address


def verp_reference(address: str, bounce_address: str) -> str | None:
    """Return the reference that a bounce address carries, None without one."""
    local, _at, domain = bounce_address.lower().rpartition("@")
    start, end = f"{local}+", f"@{domain}"
    address = address.lower()
    if address.startswith(start) and address.endswith(end):
        return address[len(start) : -len(end)] or None
    return None
