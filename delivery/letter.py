import binascii
import re
from collections.abc import Iterable, Mapping


class Letter:
    """A message compiled once and spliced for one recipient after the other.

    A letter is bytes with slots. Around a slot inside a quoted-printable part the line is broken
    softly (RFC 2045, section 6.7), so that the encoded texts of literal and value can be joined
    as they are and no line gets too long. Values are put in by a single pass: nothing in a value
    is ever taken for a slot.

    :param skeleton: the whole message, CRLF line ends, seven-bit; each part's body is its mark,
        and its transfer encoding is quoted-printable
    :param parts: text of each part by the mark that stands for it in the skeleton
    :param slots: names of slots by the mark that stands for them, in skeleton and texts

    A slot ``name`` of the skeleton is filled by the value ``name``, one of a part by the value
    ``(part mark, name)``, or else ``(None, name)``.
    """

    def __init__(self, skeleton: bytes, parts: Mapping[str, str], slots: Mapping[str, str]):
        self._slots = slots
        marks = _any_of([*parts, *slots])
        self._pieces = []
        for literal, mark in _split(marks, skeleton.decode("ascii")):
            self._pieces.append(literal.encode("ascii"))
            if mark in parts:
                self._add_part(mark, parts[mark])
            elif mark:
                self._pieces.append(slots[mark])

    def _add_part(self, part, text):
        marks = _any_of(self._slots)
        for literal, mark in _split(marks, text):
            self._pieces.append(quoted_printable(literal))
            if mark:
                self._pieces += [b"=\r\n", (part, self._slots[mark]), b"=\r\n"]

    def splice(self, values: Mapping) -> bytes:
        """Return the message for one recipient.

        :param values: bytes by slot: encoded header values for slots of the skeleton,
            quoted-printable text for those of a part
        :raise KeyError: a slot has no value
        """
        return b"".join(
            piece if type(piece) is bytes else self._value(values, piece) for piece in self._pieces
        )

    @staticmethod
    def _value(values, slot):
        if slot in values or isinstance(slot, str):
            return values[slot]
        _part, name = slot
        return values[None, name]


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
