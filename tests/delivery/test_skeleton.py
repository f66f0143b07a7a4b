import email
import email.policy
import re
from unittest import TestCase
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery import skeleton
from odoo.addons.mass_mailing_campaign.delivery.envelope import as_received
from odoo.addons.mass_mailing_campaign.delivery.skeleton import (
    MarkLost,
    Skeleton,
    marks_pattern,
    part,
    quoted_printable,
    split,
)

SKELETON = (
    b"Subject: SUBJECT\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nBODY"
)
SLOTS = {"SUBJECT": "subject", "BODY": "body"}
MARKS = marks_pattern(["NAME"])
texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n."), max_size=400
)


class TestSkeleton(TestCase):
    def splice(self, *pieces):
        body = part(map(quoted_printable, pieces))
        content = Skeleton(SKELETON, SLOTS).splice({"subject": b"Hello", "body": body})
        self.assertTrue(content.isascii())
        lines = content.split(b"\r\n")
        # a line of one dot would end the message, and what stands behind it be commands
        self.assertFalse([line for line in lines if line.startswith(b".") and line[:2] != b".."])
        content = content.replace(b"\n..", b"\n.")
        self.assertLessEqual(max(map(len, content.split(b"\r\n"))), 76)
        return email.message_from_bytes(content, policy=email.policy.default)

    def test_slots_are_filled_in_header_and_body(self):
        message = self.splice("Dear ", "Anna", ", see ", "https://www.example.com/=?x=1", "!")
        self.assertEqual(message["Subject"], "Hello")
        self.assertEqual(
            message.get_content().rstrip("\n"),
            "Dear Anna, see https://www.example.com/=?x=1!",
        )

    @given(st.lists(texts, min_size=1, max_size=4))
    def test_pieces_arrive_as_they_were(self, pieces):
        message = self.splice(*pieces)
        content = message.get_content().replace("\r\n", "\n")
        self.assertEqual(content, "".join(pieces))

    @given(st.text("ab .-=~\t\nö", max_size=80))
    def test_words_that_need_no_encoding_are_what_encoding_makes_of_them(self, text):
        with patch.object(skeleton, "_PLAIN", re.compile(r"(?!)")):
            encoded = quoted_printable(text)
        self.assertEqual(quoted_printable(text), encoded)

    def test_no_line_gets_too_long_where_pieces_meet(self):
        for length in range(70, 155):
            for end in ("", " ", "\t", "ö", "=", "\n"):
                with self.subTest(length=length, end=end):
                    self.splice("x" * length + end, "behind it")

    def test_lines_of_dots_arrive_as_they_were(self):
        message = self.splice(".", ".\n", "\n.", ".\n.\n..", ".")
        content = message.get_content().replace("\r\n", "\n")
        self.assertEqual(content, "..\n\n..\n.\n...")
        skeleton = Skeleton(b"To: A\r\n\r\n.\r\nB\r\n..", {"A": "a", "B": "b"})
        content = skeleton.splice({"a": b"a", "b": b"b"})
        self.assertEqual(content, b"To: a\r\n\r\n..\r\nb\r\n...")

    @given(st.integers(0, 40_000), st.booleans())
    def test_a_long_end_is_the_same_object_for_all_and_nothing_is_lost(self, size, has_dots):
        end = (b"\r\n" + b"." * has_dots + b"0123456789") * (size // 12)
        skeleton = Skeleton(SKELETON + end, SLOTS)
        plain = SKELETON.replace(b"BODY", b"Dear") + end
        for subject in (b"Hello", b"Good morning"):
            beginning = skeleton.splice({"subject": subject, "body": b"Dear"})
            self.assertEqual(
                as_received(beginning + skeleton.tail), plain.replace(b"SUBJECT", subject)
            )
            self.assertLess(len(beginning), 16 * 1024 + 200)

    def test_a_value_is_never_a_slot(self):
        message = self.splice("Dear ", "BODY SUBJECT")
        self.assertEqual(message.get_content(), "Dear BODY SUBJECT")

    def test_a_missing_value_is_an_error(self):
        with self.assertRaises(KeyError):
            Skeleton(SKELETON, SLOTS).splice({"subject": b"Hello"})

    def test_a_mark_that_is_not_found_exactly_once_is_an_error(self):
        for message in (
            SKELETON.replace(b"SUBJECT", b"SUB=\r\n JECT"),
            SKELETON.replace(b"SUBJECT", b"SUBJECT, SUBJECT"),
            SKELETON.replace(b"BODY", b"BO=\r\nDY"),
            SKELETON + b"BODY",
        ):
            with self.subTest(message=message), self.assertRaises(MarkLost):
                Skeleton(message, SLOTS)

    def test_a_text_is_split_at_its_marks(self):
        for text, pieces in (
            ("", [("", None)]),
            ("Dear NAME!", [("Dear ", "NAME"), ("!", None)]),
            ("NAMENAME", [("", "NAME"), ("", "NAME"), ("", None)]),
        ):
            self.assertEqual(list(split(MARKS, text)), pieces)
        self.assertEqual(list(split(marks_pattern([]), "Dear")), [("Dear", None)])
        # one may begin with another
        pieces = list(split(marks_pattern(["NAME", "NAMES"]), "NAMES, NAME"))
        self.assertEqual(pieces, [("", "NAMES"), (", ", "NAME"), ("", None)])
