from odoo.exceptions import ValidationError

from ...common import MassEmailCase


class TestTrackingUrl(MassEmailCase):
    def test_its_code_is_inserted_instead_of_the_url(self):
        self.assertEqual(self.offer.placeholder, f"{{trackingUrl:{self.offer.id}}}")
        self.assertEqual(self.offer.display_name, "Offer")

    def test_two_names_may_lead_to_one_url(self):
        again = self._tracking_url("Offer, second link", self.offer.url)
        self.assertNotEqual(again, self.offer)
        again.title = "Third link"
        self.assertEqual(again.label, "Third link")

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
