from datetime import timedelta
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..common import MassEmailData

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}


@tagged("post_install", "-at_install")
class TestTracking(MassEmailData, HttpCase):
    def setUp(self):
        super().setUp()
        self._contact("Anna", self.target_list)
        self.mailing = self._mass_email()
        self.send(self.mailing)
        self.trace = self.mailing.mailing_trace_ids.sudo()
        self.trace.sent_datetime -= timedelta(hours=1)  # or it would look like a machine
        self.token = self.trace.token

    def get(self, path, **headers):
        return self.url_open(path, headers=BROWSER | headers, allow_redirects=False)

    def logged(self):
        return [event for _name, event in self.events(self.mailing)]

    def test_the_pixel_logs_one_opening(self):
        for _time in range(2):
            response = self.get(f"/mailing/open/{self.token}.gif")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Content-Type"], "image/gif")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(self.logged(), ["opened", "sent"])
        self.assertEqual(self.mailing.mailing_trace_ids.trace_status, "open")

    def test_a_click_redirects_and_is_logged_once_per_url(self):
        for link in (self.offer, self.offer, self.demo):
            response = self.get(f"/mailing/click/{link.code}/{self.token}")
            self.assertEqual(response.status_code, 302)
            self.assertEqual(response.headers["Location"], link.redirected_url)
        self.assertEqual(self.logged(), ["clicked", "clicked", "opened", "sent"])
        self.assertEqual((self.offer.people_count, self.demo.people_count), (1, 1))
        self.assertTrue(self.mailing.mailing_trace_ids.links_click_datetime)

    def test_a_click_is_no_opening_when_openings_are_not_tracked(self):
        self.mailing.open_tracking = False
        self.get(f"/mailing/open/{self.token}.gif")
        self.get(f"/mailing/click/{self.offer.code}/{self.token}")
        self.assertEqual(self.logged(), ["clicked", "sent"])
        self.assertEqual((self.trace.trace_status, self.trace.open_datetime), ("sent", False))
        self.assertTrue(self.trace.links_click_datetime)

    def test_unknown_forged_and_truncated_tokens_look_alike(self):
        for token in ("0" * 32, self.token[:-1], "x", self.token.upper()):
            pixel = self.get(f"/mailing/open/{token}.gif")
            self.assertEqual((pixel.status_code, len(pixel.content)), (200, 42), token)
            click = self.get(f"/mailing/click/{self.offer.code}/{token}")
            self.assertEqual(click.headers["Location"], self.offer.redirected_url, token)
            self.assertEqual(self.get(f"/mailing/opt-out/{token}").status_code, 404, token)
            self.assertEqual(self.get(f"/mailing/view/{token}").status_code, 404, token)
        self.assertEqual(self.logged(), ["sent"])

    def test_a_redirect_goes_only_to_a_stored_url(self):
        response = self.get(f"/mailing/click/nosuchcode/{self.token}?url=https://evil.example.com")
        self.assertEqual(response.status_code, 404)

    def test_odoos_countable_click_route_logs_nothing_for_a_mass_email(self):
        path = f"/r/{self.offer.code}/m/{self.mailing.mailing_trace_ids.id}"
        self.assertEqual(self.get(path).headers["Location"], self.offer.redirected_url)
        self.assertEqual(self.logged(), ["sent"])

    def test_a_head_request_logs_nothing(self):
        for path in (
            f"/mailing/open/{self.token}.gif",
            f"/mailing/click/{self.offer.code}/{self.token}",
        ):
            answer = self.url_open(path, headers=BROWSER, method="HEAD", allow_redirects=False)
            self.assertLess(answer.status_code, 400)
        self.assertEqual(self.logged(), ["sent"])

    def test_the_letter_can_be_read_as_a_page(self):
        response = self.get(f"/mailing/view/{self.token}")
        self.assertEqual(response.status_code, 200)
        self.assertIn("Dear Anna", response.text)
        self.assertIn(f"/mailing/opt-out/{self.token}", response.text)

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_a_letter_that_cannot_be_shown_is_just_not_found(self):
        other = self.env["utm.campaign"].create({"title": "Other"})
        foreign = self._tracking_url("Foreign", "https://www.example.com/f", other)
        for body in (
            '<p t-out="object.no_such_field"/>',
            '<p t-if="object.">x</p>',
            f'<a href="{foreign.placeholder}">x</a>',
        ):
            self.mailing.body_html = body
            self.env.flush_all()
            with self.assertLogs("odoo.addons.mass_mailing_campaign.controllers.tracking"):
                response = self.get(f"/mailing/view/{self.token}")
            self.assertEqual(response.status_code, 404, body)
            for word in ("Traceback", "no_such_field", "QWeb", "trackingUrl"):
                self.assertNotIn(word, response.text)

    def test_reading_the_letter_as_a_page_reads_no_attachment(self):
        self.mailing.attachment_ids = self.env["ir.attachment"].create(
            {"name": "flyer.txt", "raw": b"Flowers"}
        )
        attachments = type(self.env["ir.attachment"])
        with patch.object(attachments, "_file_read", side_effect=AssertionError):
            self.assertEqual(self.get(f"/mailing/view/{self.token}").status_code, 200)

    def test_a_delivered_link_leads_on_when_its_tracking_url_is_deleted(self):
        self.campaign.with_user(self.marketer).tracking_url_ids = [(2, self.offer.id)]
        self.env.flush_all()
        self.assertEqual(self.campaign.tracking_url_ids, self.demo)
        response = self.get(f"/mailing/click/{self.offer.code}/{self.token}")
        self.assertEqual(response.headers["Location"], self.offer.redirected_url)
        self.assertIn("clicked", self.logged())
        response = self.get(f"/mailing/view/{self.token}")
        self.assertIn(f"/mailing/click/{self.offer.code}/{self.token}", response.text)
