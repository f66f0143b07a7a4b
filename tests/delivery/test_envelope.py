import email
import email.policy
from email.message import EmailMessage
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.envelope import as_received, dot_stuffed, seal

# what an e-mail body can hold: no lone surrogates, no control characters
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=2000)


class TestSeal(TestCase):
    @given(texts)
    def test_the_content_is_seven_bit_with_short_lines_and_says_the_same(self, text):
        message = EmailMessage(policy=email.policy.SMTP)
        message["Message-Id"] = "<1@example.com>"
        message.set_content(text)
        content = seal(1, "a@example.com", "b@example.com", message).content
        self.assertTrue(content.isascii())
        lines = content.split(b"\r\n")
        self.assertNotIn(b"\n", b"".join(lines))
        self.assertLessEqual(max(map(len, lines)), 998)
        self.assertFalse([line for line in lines if line.startswith(b".") and line[:2] != b".."])
        content = as_received(content)
        parsed = email.message_from_bytes(content, policy=email.policy.SMTP)
        self.assertEqual(parsed.get_content().rstrip("\r\n"), text)

    @given(st.text(".\r\na", max_size=30))
    def test_what_is_received_is_what_was_stuffed(self, text):
        self.assertEqual(as_received(dot_stuffed(text.encode())), text.encode())

    def test_each_dot_at_the_start_of_a_line_is_doubled(self):
        for lines, stuffed in (
            (b"", b""),
            (b".", b".."),
            (b".\r\n..\r\n", b"..\r\n...\r\n"),
            (b"a.b\r\n.c.\r\n\r\n.", b"a.b\r\n..c.\r\n\r\n.."),
        ):
            self.assertEqual(dot_stuffed(lines), stuffed)
