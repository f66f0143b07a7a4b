import binascii
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from .envelope import dot_stuffed

# Between the pieces of a part: a line goes on (RFC 2045, section 6.7).
SOFT_BREAK = b"=\r\n"
# A line that leaves no room for a soft break, its last character apart.
_FULL_LINE = re.compile(rb"^(?=.{76})(.*?)(=[0-9A-F]{2}|[^=\n])$", re.MULTILINE)
# Words that stay as they are in quoted-printable, on a line of their own: most names are such.
_PLAIN = re.compile(r"[!-\-/-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?", re.ASCII)
# Of what is shorter at the end of a message a copy costs less than a tail.
_LONG_TAIL = 16 * 1024


class MarkLost(ValueError):
    """A mark is not where it was put, or not only there."""


class Skeleton:
    """A message compiled once and spliced for one recipient after the other.

    A skeleton is bytes with slots: values of the header, and whole parts. Values are put in by a
    single pass: nothing in a value is ever taken for a slot.

    :param message: the whole message, CRLF line ends, seven-bit; a part that differs is a mark, and
        its transfer encoding is quoted-printable
    :param slots: names of slots by the mark that stands for them in the message
    :raise MarkLost: the message does not hold each mark exactly once; what a recipient got in its
        place would be everybody's
    :ivar bytes tail: the end of each message, dot-stuffed, when it is long, as with attachments
    """

    def __init__(self, message: bytes, slots: Mapping[str, str]):
        self._pieces, self._holes = [], []
        found = []
        message = dot_stuffed(message).decode("ascii")
        for literal, mark in split(marks_pattern(slots), message):
            self._pieces.append(literal.encode("ascii"))
            if mark:
                found.append(mark)
                self._holes.append((len(self._pieces), slots[mark]))
                self._pieces.append(b"")
        if Counter(found) != Counter(list(slots)):
            raise MarkLost
        self.tail = self._pieces.pop() if len(self._pieces[-1]) >= _LONG_TAIL else b""

    def splice(self, values: Mapping) -> bytes:
        """Return the message for one recipient up to its tail, dot-stuffed.

        :param values: bytes by slot: encoded header values for slots of the header, and for a part
            its pieces, joined
        :raise KeyError: a slot has no value
        """
        pieces = self._pieces.copy()
        for index, slot in self._holes:
            pieces[index] = values[slot]
        return b"".join(pieces)


def part(pieces: Iterable[bytes]) -> bytes:
    """Join quoted-printable pieces, each encoded by itself, to the text of a part.

    The line is broken softly between them, so no line gets too long, and each begins one.
    """
    return SOFT_BREAK.join(pieces)


def quoted_printable(text: str) -> bytes:
    """Encode text as quoted-printable with CRLF line ends (RFC 2045, section 6.7), dot-stuffed.

    A soft break behind it makes no line longer than the 76 characters that are allowed.
    """
    if _PLAIN.fullmatch(text):
        return text.encode()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    encoded = binascii.b2a_qp(text.encode(), istext=True)
    return dot_stuffed(_FULL_LINE.sub(rb"\1=\n\2", encoded).replace(b"\n", b"\r\n"))


def marks_pattern(marks: Iterable[str]) -> re.Pattern:
    """Return what finds any of the marks."""
    # the longest first: one mark may begin with another
    return re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))) or r"(?!)")


def split(marks: re.Pattern, text: str) -> Iterable[tuple[str, str | None]]:
    """Yield each literal with the mark behind it; the last with None."""
    end = 0
    for match in marks.finditer(text):
        yield text[end : match.start()], match[0]
        end = match.end()
    yield text[end:], None
