from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.token import is_token, new_token, token_in


class TestToken(TestCase):
    def test_a_new_token_is_one_and_never_the_same(self):
        tokens = {new_token() for _ in range(100)}
        self.assertEqual(len(tokens), 100)
        self.assertTrue(all(map(is_token, tokens)))

    @given(st.text())
    def test_junk_is_no_token(self, text):
        self.assertFalse(is_token(text))

    def test_what_stood_behind_a_link_is_no_part_of_its_token(self):
        token = new_token()
        for behind in ("", ".", ")", ">", '".', "=", " ", "\xa0", "”)", "\r\n"):
            self.assertEqual(token_in(token + behind), token)
        for behind in (
            "&source=gmail&ust=1&usg=A",
            "?utm_source=x",
            ";jsessionid=1",
            "&gt;",
            "&\n.",
        ):
            self.assertEqual(token_in(token + behind), token)
        for other in ("&" + token, token[:-1] + "&" + token[-1:]):
            self.assertFalse(is_token(token_in(other)), other)
        for other in (token[:-1], token + "0", "0" + token, token + ".0", token + "." * 6, "'"):
            self.assertFalse(is_token(token_in(other)), other)
