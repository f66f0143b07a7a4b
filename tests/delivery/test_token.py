from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.token import is_token, new_token


class TestToken(TestCase):
    def test_a_new_token_is_one_and_never_the_same(self):
        tokens = {new_token() for _ in range(100)}
        self.assertEqual(len(tokens), 100)
        self.assertTrue(all(map(is_token, tokens)))

    @given(st.text())
    def test_junk_is_no_token(self, text):
        self.assertFalse(is_token(text))
