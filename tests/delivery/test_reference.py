from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.address import is_wire_sender
from odoo.addons.mass_mailing_campaign.delivery.reference import (
    LONGEST_REFERENCE,
    References,
    verp_address,
    verp_reference,
)

NUMBERS = st.integers(1, 2**31 - 1)
OURS, FOREIGN = References(b"ours"), References(b"foreign")


class TestReference(TestCase):
    @given(NUMBERS)
    def test_a_reference_names_its_message(self, number):
        reference = OURS.sign(number)
        self.assertEqual(OURS.verify(reference), number)
        self.assertEqual(OURS.verify(reference.upper()), number, "some servers change the case")
        self.assertLessEqual(len(reference), LONGEST_REFERENCE)

    @given(NUMBERS, NUMBERS)
    def test_nobody_makes_one_up(self, number, other):
        self.assertIsNone(OURS.verify(FOREIGN.sign(number)))
        signature = OURS.sign(number).partition("-")[2]
        if other != number:
            self.assertIsNone(OURS.verify(f"{other}-{signature}"))

    @given(st.text())
    def test_junk_names_nothing(self, junk):
        self.assertIsNone(OURS.verify(junk))
        self.assertIsNone(OURS.verify(f"{OURS.sign(1)}{junk or ' '}"))

    @given(NUMBERS)
    def test_a_bounce_address_carries_it(self, number):
        reference = OURS.sign(number)
        address = verp_address("Bounce@garden.example.com", reference)
        self.assertTrue(is_wire_sender(address))
        self.assertEqual(verp_reference(address, "bounce@garden.example.com"), reference)
        self.assertIsNone(verp_reference(address, "bounce@other.example.com"))
        self.assertIsNone(verp_reference(address, "return@garden.example.com"))
        for empty in ("bounce@garden.example.com", "bounce+@garden.example.com"):
            self.assertIsNone(verp_reference(empty, "bounce@garden.example.com"))

    def test_an_address_that_would_be_too_long_stays_as_it_is(self):
        bounce = f"{'b' * 40}@garden.example.com"
        self.assertEqual(verp_address(bounce, OURS.sign(1_000_000)), bounce)
