import binascii
import re
from collections import Counter
from collections.abc import Iterable, Mapping


class MarkLost(ValueError):
    """A mark is not where it was put, or not only there."""


class Skeleton:
    """A message compiled once and spliced for one recipient after the other.

    A skeleton is bytes with slots. Around a slot inside a quoted-printable part the line is broken
    softly (RFC 2045, section 6.7), so that the encoded texts of literal and value can be joined
    as they are and no line gets too long. Values are put in by a single pass: nothing in a value
    is ever taken for a slot.

    :param message: the whole message, CRLF line ends, seven-bit; each part's body is its mark,
        and its transfer encoding is quoted-printable
    :param parts: text of each part by the mark that stands for it in the message
    :param header_slots: names of slots by the mark that stands for them in the message's header
    :param part_slots: names of slots by the mark that stands for them in the texts
    :param by_part: names of slots whose value differs by part
    :raise MarkLost: the message does not hold each mark of part and header exactly once; what a
        recipient got in its place would be everybody's

    The value of a slot ``name`` is looked up by ``name``; inside a part, when ``by_part`` has
    the name, by ``(part mark, name)``.
    """

    def __init__(
        self,
        message: bytes,
        parts: Mapping[str, str],
        header_slots: Mapping[str, str],
        part_slots: Mapping[str, str],
        by_part: Iterable[str] = (),
    ):
        self._part_slots = part_slots
        self._by_part = set(by_part)
        self._pieces = []
        marks = [*parts, *header_slots]
        found = []
        for literal, mark in _split(_any_of(marks), message.decode("ascii")):
            self._pieces.append(literal.encode("ascii"))
            if mark:
                found.append(mark)
            if mark in parts:
                self._add_part(mark, parts[mark])
            elif mark:
                self._pieces.append(header_slots[mark])
        if Counter(found) != Counter(marks):
            raise MarkLost
        self._join()

    def _add_part(self, part, text):
        for literal, mark in _split(_any_of(self._part_slots), text):
            self._pieces.append(quoted_printable(literal))
            if mark:
                name = self._part_slots[mark]
                slot = (part, name) if name in self._by_part else name
                self._pieces += [b"=\r\n", slot, b"=\r\n"]

    def _join(self):
        """Join neighbouring literals; remember where the slots are."""
        pieces, self._holes = [], []
        for piece in self._pieces:
            if not isinstance(piece, bytes):
                self._holes.append((len(pieces), piece))
                pieces.append(b"")
            elif pieces and (not self._holes or self._holes[-1][0] != len(pieces) - 1):
                pieces[-1] += piece
            else:
                pieces.append(piece)
        self._pieces = pieces

    def splice(self, values: Mapping) -> bytes:
        """Return the message for one recipient.

        :param values: bytes by slot: encoded header values for slots of the header,
            quoted-printable text for those of a part
        :raise KeyError: a slot has no value
        """
        pieces = self._pieces.copy()
        for index, slot in self._holes:
            pieces[index] = values[slot]
        return b"".join(pieces)


def quoted_printable(text: str) -> bytes:
    """Encode text as quoted-printable with CRLF line ends (RFC 2045, section 6.7)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return binascii.b2a_qp(text.encode(), istext=True).replace(b"\n", b"\r\n")


def _any_of(marks):
    # the longest first: one mark may begin with another
    return re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))))


def _split(marks, text) -> Iterable[tuple[str, str | None]]:
    """Yield each literal with the mark behind it; the last with None."""
    end = 0
    for match in marks.finditer(text):
        yield text[end : match.start()], match[0]
        end = match.end()
    yield text[end:], None
