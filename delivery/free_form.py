import logging
from contextlib import suppress

from flufl.bounce import all_failures

from .mime import header, parts_of, text_of

# It tells every detector that it tries, and what it cannot read is no error.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

# More than this of a text is not looked at, and of a line no more than one has (RFC 5322, section
# 2.1.1): patterns take their time with long ones.
_LONGEST_TEXT, _LONGEST_LINE = 100_000, 998


def failures_in(message) -> tuple[list[str], list[str]]:
    """Return the addresses that failed by a mail of whatever form, and those that are delayed.

    The detectors of flufl.bounce read texts as they stand, so these are decoded in the message.
    """
    for part in parts_of(message):
        encoding = header(part, "Content-Transfer-Encoding").lower()
        if part.get_content_maintype() == "text" and encoding in ("base64", "quoted-printable"):
            lines = text_of(part, _LONGEST_TEXT).splitlines()
            text = "\n".join(line[:_LONGEST_LINE] for line in lines)
            del part["Content-Transfer-Encoding"]
            part.set_payload(text.encode("ascii", "replace").decode())
    delayed, failed = frozenset(), frozenset()
    with suppress(Exception):  # it raises what it meets
        delayed, failed = all_failures(message)
    return tuple(
        [address.decode("ascii", "replace") for address in sorted(addresses)]
        for addresses in (failed, delayed)
    )
