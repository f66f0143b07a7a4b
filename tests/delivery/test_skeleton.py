import email
import email.policy
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.skeleton import (
    MarkLost,
    Skeleton,
    quoted_printable,
)

SKELETON = (
    b"Subject: SUBJECT\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nBODY"
)
HEADER_SLOTS = {"SUBJECT": "subject"}
PART_SLOTS = {"NAME": "name", "LINK": "link"}
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=400)


class TestSkeleton(TestCase):
    def splice(self, body, name, link="https://www.example.com/=?x=1"):
        letter = Skeleton(SKELETON, {"BODY": body}, HEADER_SLOTS, PART_SLOTS, by_part=["name"])
        content = letter.splice(
            {
                "subject": b"Hello",
                ("BODY", "name"): quoted_printable(name),
                "link": quoted_printable(link),
            }
        )
        self.assertTrue(content.isascii())
        self.assertLessEqual(max(map(len, content.split(b"\r\n"))), 998)
        return email.message_from_bytes(content, policy=email.policy.default)

    def test_slots_are_filled_in_header_and_body(self):
        message = self.splice("Dear NAME, see LINK!", "Anna")
        self.assertEqual(message["Subject"], "Hello")
        self.assertEqual(
            message.get_content().rstrip("\n"),
            "Dear Anna, see https://www.example.com/=?x=1!",
        )

    @given(texts, texts, texts)
    def test_literals_and_values_arrive_as_they_were(self, before, name, after):
        message = self.splice(f"{before}NAME{after}", name)
        # a literal that holds a mark is not one
        if not any(mark in before + after for mark in PART_SLOTS):
            content = message.get_content().replace("\r\n", "\n")
            self.assertEqual(content, f"{before}{name}{after}")

    def test_a_value_is_never_a_slot(self):
        message = self.splice("Dear NAME", "LINK NAME SUBJECT")
        self.assertEqual(message.get_content(), "Dear LINK NAME SUBJECT")

    def test_a_missing_value_is_an_error(self):
        with self.assertRaises(KeyError):
            letter = Skeleton(SKELETON, {"BODY": "NAME"}, HEADER_SLOTS, PART_SLOTS)
            letter.splice({"subject": b"Hello"})

    def test_a_mark_that_is_not_found_exactly_once_is_an_error(self):
        for skeleton in (
            SKELETON.replace(b"SUBJECT", b"SUB=\r\n JECT"),
            SKELETON.replace(b"SUBJECT", b"SUBJECT, SUBJECT"),
            SKELETON.replace(b"BODY", b"BO=\r\nDY"),
            SKELETON + b"BODY",
        ):
            with self.subTest(skeleton=skeleton), self.assertRaises(MarkLost):
                Skeleton(skeleton, {"BODY": "Hello"}, HEADER_SLOTS, PART_SLOTS)

    def test_an_empty_text_has_no_marks(self):
        letter = Skeleton(SKELETON, {"BODY": ""}, HEADER_SLOTS, {})
        self.assertTrue(letter.splice({"subject": b"Hello"}).endswith(b"\r\n\r\n"))
