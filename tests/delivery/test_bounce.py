import email
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.bounce import bounce_class

REPORT = """\
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; a@example.com
Status: %s
--B--
"""


class TestBounceClass(TestCase):
    def classify(self, text):
        return bounce_class(email.message_from_string(text))

    def test_class_five_is_hard_and_class_four_is_soft(self):
        self.assertEqual(self.classify(REPORT % "5.1.1"), "hard")
        self.assertEqual(self.classify(REPORT % "4.2.2"), "soft")

    def test_without_a_status_it_is_soft(self):
        self.assertEqual(self.classify("Subject: returned\n\nNo such user"), "soft")
        self.assertEqual(self.classify(REPORT.replace("Status: %s\n", "")), "soft")

    @given(st.binary())
    def test_it_never_fails(self, junk):
        message = email.message_from_bytes(b"Content-Type: message/delivery-status\n\n" + junk)
        self.assertIn(bounce_class(message), ("hard", "soft"))
