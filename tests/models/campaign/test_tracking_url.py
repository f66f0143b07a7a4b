import re

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user

from ...common import BASE_URL, MassEmailCase


class TestTrackingUrl(MassEmailCase):
    def test_its_code_is_inserted_instead_of_the_url(self):
        self.assertEqual(self.offer.placeholder, f"{{trackingUrl:{self.offer.id}}}")
        self.assertEqual(self.offer.display_name, "Offer")

    def test_two_names_may_lead_to_one_url(self):
        again = self._tracking_url("Offer, second link", self.offer.url)
        self.assertNotEqual(again, self.offer)
        again.title = "Third link"
        self.assertEqual(again.label, "Third link")
        self.assertEqual(again.copy().label, "Third link (copy)")

    def test_it_is_found_by_its_name_and_its_url(self):
        for words in (self.offer.title, self.offer.url, self.offer.title[:3].lower()):
            found = self.env["link.tracker"].name_search(words)
            self.assertIn(self.offer.id, [link_id for link_id, _name in found])
        lines = [("link_id", "ilike", self.offer.title)]
        for model in ("mailing.trace.event", "mailing.trace.hit"):
            self.assertFalse(self.env[model].search(lines))

    def test_it_needs_a_name(self):
        with self.assertRaises(ValidationError):
            self._tracking_url(False, "https://www.example.com")

    def test_it_belongs_to_a_campaign_that_sends_e_mail(self):
        tv = self.env["utm.campaign"].create({"title": "TV", "campaign_type": "television"})
        with self.assertRaises(ValidationError):
            self._tracking_url("Ad", "https://www.example.com/ad", tv)

    def test_link_trackers_of_odoo_are_no_tracking_urls(self):
        link = self.env["link.tracker"].create(
            {"url": "https://www.example.com", "title": "Page", "campaign_id": self.campaign.id}
        )
        self.assertFalse(link.placeholder)
        self.assertNotIn(link, self.campaign.tracking_url_ids)

    def test_once_deleted_it_is_off_its_campaign_and_in_no_new_letter(self):
        mailing = self._mass_email()
        self.offer.with_user(self.marketer).unlink()
        self.assertNotIn(self.offer, self.campaign.tracking_url_ids)
        self.assertFalse(self.env["link.tracker"].search([("id", "=", self.offer.id)]))
        with self.assertRaisesRegex(UserError, re.escape(self.offer.placeholder)):
            mailing.action_set_pending()
        self._tracking_url("Offer", self.offer.url)  # may be there again

    def test_it_is_not_deleted_by_who_may_not_delete_it(self):
        clerk = new_test_user(self.env, login="clerk", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.offer.with_user(clerk).unlink()
        self.assertTrue(self.offer.active)

    def test_deleting_a_link_tracker_of_odoo_deletes_it(self):
        link = self.env["link.tracker"].create({"url": "https://www.example.com", "title": "Page"})
        link.unlink()
        self.assertFalse(link.exists())

    def test_it_is_the_address_of_a_page(self):
        for url in (
            *("not a url", "https:///offer", "https://", "https://a.example/\nb"),
            *("https://a.example/\r\nSet-Cookie: a=b", "http://[a.example", "https://a..example"),
            *("javascript:alert(1)", "mailto:ann@a.example", "tel:+49 30 1234", "tel:491234567"),
            *("https://www.example.com:99999", "https://www.example.com/?name={{ object.name }}"),
            "{optOutUrl}",
        ):
            with self.subTest(url=url), self.assertRaisesRegex(ValidationError, "address"):
                self._tracking_url(url, url)
        self.offer.url = "www.example.com/other"
        self.assertEqual(self.offer.url, "http://www.example.com/other")

    def test_what_becomes_a_tracking_url_is_the_address_of_a_page_too(self):
        link = self.env["link.tracker"].create({"url": "https://www.example.com", "title": "Page"})
        with self.assertRaisesRegex(ValidationError, "address"):
            link.write({"is_tracking_url": True, "url": "javascript://a.example/%0aalert(1)"})

    def test_one_that_shows_a_message_needs_the_message_and_no_url(self):
        values = {"is_tracking_url": True, "title": "Thanks", "campaign_id": self.campaign.id}
        values["click_action"] = "message"
        links = self.env["link.tracker"].with_user(self.marketer)
        for message in (False, "<p><br></p>"):
            with self.assertRaisesRegex(ValidationError, "“Thanks”"), self.cr.savepoint():
                links.create({**values, "message": message})
        link = links.create({**values, "message": '<p onclick="x()">Thanks</p>'})
        self.assertEqual(link.message, "<p>Thanks</p>")
        self.assertEqual(link.url, BASE_URL)
        self.assertIsNone(link.env["link.tracker.code"]._destination(link.code)[1])

    def test_where_a_code_leads_is_found_out_once(self):
        codes = self.env["link.tracker.code"]
        self.assertEqual(
            codes._destination(self.offer.code), (self.offer.id, self.offer.redirected_url)
        )
        code = self.offer.code
        with self.assertQueryCount(0):
            codes._destination(code)
        with self.assertRaises(LookupError):
            codes._destination("nosuchcode")
