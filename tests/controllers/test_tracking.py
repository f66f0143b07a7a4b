from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import psycopg2

from odoo.sql_db import Cursor
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..common import MassEmailData

HTML = "text/html; charset=utf-8"
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

    def test_a_click_counts_with_what_stood_behind_the_link(self):
        self.get(f"/mailing/click/{self.offer.code}/{self.token}%3E.")
        self.assertEqual(self.logged(), ["clicked", "opened", "sent"])

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

    def test_the_page_of_a_letter_has_its_subject_for_a_title_and_can_be_zoomed(self):
        self.mailing.subject = "News </title> for {{ object.name }}"
        self.env.flush_all()
        page = self.get(f"/mailing/view/{self.token}").text
        self.assertIn("<title>News &lt;/title&gt; for Anna</title>", page)
        self.assertIn('content="width=device-width', page)
        self.assertNotIn("user-scalable=no", page)

    def test_a_letter_is_by_who_is_responsible_whoever_sends_or_reads_it(self):
        mailing = self._mass_email(
            '<p>Yours, <t t-out="user.name"/></p>', subject="{{ user.name }}"
        )
        with self.smtp() as server:
            self.send(mailing, server)
        [message] = server.messages
        page = self.get(f"/mailing/view/{mailing.mailing_trace_ids.sudo().token}").text
        for text in (message.get_body(("plain",)).get_content(), message["Subject"], page):
            self.assertIn("Marta Marketer", text)

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

    def events_made_by(self, made_by):
        events = self.env["mailing.trace.event"].search(
            [("mailing_id", "=", self.mailing.id), ("made_by", "=", made_by)]
        )
        return sorted(events.mapped("event_type"))

    def test_machines_are_logged_apart_and_a_person_counts_after_them(self):
        path = f"/mailing/click/{self.offer.code}/{self.token}"
        for headers in (
            {"User-Agent": "curl/8"},
            {"User-Agent": "Mozilla/5.0"},
            {"Sec-Purpose": "prefetch"},
        ):
            self.assertEqual(self.get(path, **headers).status_code, 302)
        self.assertEqual(self.events_made_by("machine"), ["clicked", "opened"])
        self.assertEqual(self.trace.trace_status, "sent")
        self.assertEqual(self.offer.people_count, 0)
        self.get(path)
        self.assertEqual(self.offer.people_count, 1)

    def test_who_is_logged_in_as_staff_is_not_the_recipient(self):
        self.authenticate("marketer", "marketer")
        self.get(f"/mailing/click/{self.offer.code}/{self.token}")
        self.assertEqual(self.events_made_by("staff"), ["clicked", "opened"])
        self.assertEqual(self.trace.trace_status, "sent")

    def test_a_customer_who_is_logged_in_is_a_recipient(self):
        new_test_user(self.env, login="customer", groups="base.group_portal")
        self.authenticate("customer", "customer")
        self.get(f"/mailing/open/{self.token}.gif")
        self.assertEqual(self.trace.trace_status, "open")

    def test_answers_are_kept_nowhere_and_tell_the_next_page_nothing(self):
        for path in (
            f"/mailing/open/{self.token}.gif",
            f"/mailing/click/{self.offer.code}/{self.token}",
            f"/mailing/click/nosuchcode/{self.token}",
            f"/mailing/view/{self.token}",
        ):
            answer = self.get(path)
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer", path)
            self.assertEqual(answer.headers["Cache-Control"], "no-store", path)
            self.assertIn("noindex", answer.headers["X-Robots-Tag"], path)
            self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"], path)
            self.assertNotIn("Set-Cookie", answer.headers, path)

    def test_pixel_and_links_answer_get_only(self):
        for path in (
            f"/mailing/open/{self.token}.gif",
            f"/mailing/click/{self.offer.code}/{self.token}",
        ):
            answer = self.url_open(path, data={"a": "b"}, headers=BROWSER, allow_redirects=False)
            self.assertEqual(answer.status_code, 405)
        self.assertEqual(self.logged(), ["sent"])

    def test_a_request_of_a_hit_takes_few_statements(self):
        click, pixel = f"/mailing/click/{self.offer.code}/{{}}", "/mailing/open/{}.gif"
        for path in (click, pixel):
            self.get(path.format("0" * 32))  # what is known for all is found out
        for path, count in ((pixel, 1), (click, 2), (click, 1)):
            with self.subTest(path), self.statements() as statements:
                self.get(path.format(self.token))
            self.assertEqual(len(statements), count, statements)

    @contextmanager
    def statements(self):
        """Those of requests, without what Odoo asks on behalf of every route."""
        asked, execute = [], Cursor.execute

        def record(cr, query, *args, **kwargs):
            text = query.code if isinstance(query, SQL) else str(query)
            if not any(word in text for word in ("orm_signaling", "pg_database")):
                asked.append(text)
            return execute(cr, query, *args, **kwargs)

        with patch.object(Cursor, "execute", record):
            yield asked

    @mute_logger("odoo.sql_db")
    def test_the_recipient_gets_what_she_came_for_whatever_is_wrong_with_the_log(self):
        failure = patch.object(
            type(self.env["mailing.trace"]), "_receive_hit", side_effect=psycopg2.OperationalError
        )
        with failure, self.assertLogs("odoo.addons.mass_mailing_campaign.controllers.tracking"):
            self.assertEqual(self.get(f"/mailing/open/{self.token}.gif").status_code, 200)
            answer = self.get(f"/mailing/click/{self.offer.code}/{self.token}")
        self.assertEqual(answer.headers["Location"], self.offer.redirected_url)

    def test_what_a_changed_tracking_url_leads_to_holds_at_once(self):
        path = f"/mailing/click/{self.offer.code}/{self.token}"
        self.assertIn("example.com/offer", self.get(path).headers["Location"])
        self.offer.url = "https://www.example.com/other"
        self.assertIn("example.com/other", self.get(path).headers["Location"])
        self.campaign.title = "Winter sale"
        self.assertIn("Winter", self.get(path).headers["Location"])
        medium = self.env["utm.medium"].create({"name": "Leaflet"})
        self.offer.medium_id = medium
        self.get(path)
        medium.name = "Poster"
        self.assertIn("Poster", self.get(path).headers["Location"])
        self.offer.write({"click_action": "message", "message": "<p>Sold out</p>"})
        self.assertIn("Sold out", self.get(path).text)

    def test_a_message_is_shown_in_the_recipients_language_and_the_companys_look(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        anna = self.env["res.partner"].create(
            {"name": "Anne", "email": "anne@example.com", "lang": "fr_FR"}
        )
        self.trace.contact_id.write({"partner_id": anna.id})
        self.offer.write(
            {
                "click_action": "message",
                "message": "<p>Thank you<script>alert(1)</script></p>",
            }
        )
        self.offer.update_field_translations("message", {"fr_FR": {"Thank you": "Merci"}})
        path = f"/mailing/click/{self.offer.code}"
        page = self.get(f"{path}/{self.token}")
        self.assertEqual((page.status_code, page.headers["Content-Type"]), (200, HTML))
        for text in ("<!DOCTYPE html>", 'lang="fr-FR"', "Merci", "company_logo", "viewport"):
            self.assertIn(text, page.text)
        self.assertIn("clicked", self.logged())
        other = self.get(f"{path}/{'0' * 32}").text
        self.assertIn("Thank you", other)
        self.assertIn('<section dir="auto">', other, "its direction is that of its own words")
        self.assertNotIn("<script", other)

    def test_a_page_that_is_not_there_tells_nothing(self):
        page = self.get(f"/mailing/click/nosuchcode/{self.token}")
        self.assertEqual(page.status_code, 404)
        self.assertIn("not here", page.text)
        for path in ("click/nosuchcode", "view", "opt-out"):
            self.assertEqual(page.text, self.get(f"/mailing/{path}/{'0' * 32}").text, path)
        self.assertEqual(self.logged(), ["sent"])
