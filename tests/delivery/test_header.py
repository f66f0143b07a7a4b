import email
import email.policy
from email.header import decode_header, make_header
from email.utils import parseaddr
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.header import encode_mailbox, encode_text

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300)


def parse(name, value):
    return email.message_from_bytes(name + b": " + value + b"\r\n\r\n", policy=email.policy.default)


class TestHeader(TestCase):
    @given(texts)
    def test_a_text_arrives_as_it_was(self, text):
        value = encode_text(text)
        self.assertTrue(value.isascii())
        self.assertLessEqual(max(map(len, value.split(b"\r\n"))), 998)
        self.assertEqual(parse(b"Subject", value)["Subject"].split(), text.split())

    @given(texts)
    def test_a_display_name_arrives_as_it_was(self, name):
        value = encode_mailbox(name, "a@example.com")
        # not with the new policy: it takes the space between two encoded words for text
        phrase, address = parseaddr(value.decode("ascii"))
        self.assertEqual(address, "a@example.com")
        self.assertEqual(str(make_header(decode_header(phrase))).split(), name.split())

    @given(st.text())
    def test_no_value_makes_another_header(self, text):
        text += "\r\nBcc: all@example.com"
        for value in (encode_text(text), encode_mailbox(text, "a@example.com")):
            message = parse(b"Subject", value)
            self.assertEqual(message.keys(), ["Subject"])
