from unittest import TestCase
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.placeholders import Placeholders, misspelt

URLS = {"opt-out": "U", "open": "O", "view": "V", "link/7": "T7", "link/71": "T71"}


class TestPlaceholders(TestCase):
    def fill(self, body):
        marks = Placeholders()
        return marks.fill(marks.mark(body, "Leave"), URLS)

    def test_placeholders_become_the_recipients_urls(self):
        self.assertEqual(
            self.fill('<a href="{trackingUrl:7}">a</a><a href="{optOutUrl}">b</a>{optOutLink}'),
            '<a href="T7">a</a><a href="U">b</a><a href="U">Leave</a>',
        )

    def test_encoded_and_prefixed_placeholders_are_the_same(self):
        for written in (
            "%7BtrackingUrl:7%7D",
            "http://{trackingUrl:7}",
            "https://%7btrackingUrl:7%7d",
        ):
            self.assertEqual(self.fill(f'<a href="{written}">'), '<a href="T7">')

    def test_a_longer_id_is_another_url(self):
        self.assertEqual(self.fill("{trackingUrl:71} {trackingUrl:7}"), "T71 T7")

    def test_whatever_stands_right_behind_it_is_no_part_of_it(self):
        marks = Placeholders()
        source = marks.mark("{optOutUrl}VALUE {trackingUrl:7}VALUE", "")
        for value in ("Anna", "1", "/", "-", "_", "ö"):
            filled = marks.fill(source.replace("VALUE", value), URLS)
            self.assertEqual(filled, f"U{value} T7{value}")

    def test_it_knows_what_it_found(self):
        marks = Placeholders()
        marks.mark("{trackingUrl:7} {trackingUrl:71}", "")
        self.assertEqual((marks.link_ids, marks.has_opt_out), ({7, 71}, False))
        marks.mark("{optOutUrl}", "")
        self.assertTrue(marks.has_opt_out)

    def test_a_missing_url_is_an_error(self):
        with self.assertRaises(KeyError):
            self.fill("{trackingUrl:8}")

    @given(st.text())
    def test_text_without_placeholders_stays_as_it_is(self, text):
        if "{" not in text and "%" not in text:
            self.assertEqual(self.fill(text), text)

    @given(st.text() | st.sampled_from(["{optOutUrl}", "{trackingUrl:7}", "%7BoptOutUrl%7D"]))
    def test_values_rendered_after_marking_stay_inert(self, value):
        marks = Placeholders()
        source = marks.mark("Dear VALUE, {optOutUrl}", "")
        rendered = source.replace("VALUE", value)
        self.assertEqual(marks.fill(rendered, URLS), f"Dear {value}, U")

    def test_what_looks_like_a_placeholder_and_is_none_is_misspelt(self):
        for wrong in (
            "{trackingURL}",
            "{trackingUrl:4 }",
            "{ trackingUrl:4}",
            "{trackingUrl:x}",
            "{tracking_url:4}",
            "{trackingUrl:4",
            "{optOut}",
            "{opt-out-url}",
        ):
            for written in (wrong, quote(wrong)):
                body = Placeholders().mark(f'<a href="{written}">x</a>', "")
                self.assertEqual(misspelt(body), wrong)
        self.assertEqual(misspelt("<p>{<b>trackingUrl:4</b>}</p>"), "{trackingUrl:4")

    def test_what_is_marked_or_only_talked_about_is_not_misspelt(self):
        for right in (
            '<a href="{trackingUrl:7}">{optOutLink}</a>',
            '<a href="http://%7BoptOutUrl%7D">x</a>',
            "<p>Our trackingUrl, and how to opt out</p>",
            '<a href="https://example.com/?trackingUrl=1">x</a>',
            "<style>p {color: red}</style>",
        ):
            self.assertFalse(misspelt(Placeholders().mark(right, "")), right)
