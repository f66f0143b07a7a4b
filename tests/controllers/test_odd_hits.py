from datetime import timedelta
from unittest.mock import patch

from odoo.addons.mass_mailing_campaign.models.response.mailing_trace_event import (
    MailingTraceEvent,
)
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..common import MassEmailData

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}


@tagged("post_install", "-at_install")
class TestOddHits(MassEmailData, HttpCase):
    """Whatever is wrong with a hit or with who hears of it, the recipient gets what she came for."""

    def setUp(self):
        super().setUp()
        self.anna = self._contact("Anna", self.target_list)
        self.mailing = self._mass_email()
        self.send(self.mailing)
        self.trace = self.mailing.mailing_trace_ids.sudo()
        self.trace.sent_datetime -= timedelta(hours=1)  # or it would look like a machine
        self.token = self.trace.token

    def get(self, path):
        return self.url_open(path, headers=BROWSER, allow_redirects=False)

    def logged(self):
        return [event for _name, event in self.events(self.mailing)]

    def test_a_code_that_no_database_takes_is_just_not_found(self):
        for code in ("a%00b", "%00", "%FF", "%ED%A0%80", "x" * 5000):
            response = self.get(f"/mailing/click/{code}/{self.token}")
            self.assertEqual(response.status_code, 404, code)
        self.assertEqual(self.logged(), ["sent"])

    def test_a_module_whose_writes_fail_later_costs_nobody_her_page(self):
        anna = self.anna

        def after_event(lines, event_type):
            # written when the request ends, and not taken by the database
            subscription = lines.env["mailing.contact"].browse(anna.id).subscription_ids
            subscription.interval_days = -1

        url = self.offer.redirected_url
        with (
            patch.object(MailingTraceEvent, "_after_event", after_event),
            self.assertLogs("odoo.addons.mass_mailing_campaign.controllers.tracking"),
            mute_logger("odoo.sql_db"),
        ):
            response = self.get(f"/mailing/click/{self.offer.code}/{self.token}")
        self.assertEqual(response.headers.get("Location"), url)

    def test_other_modules_hear_only_of_lines_that_are_there(self):
        # a machine opened all links before, and does so again: its new lines are none
        links = [self.offer, self.demo, self._tracking_url("Price", "https://www.example.com/p")]
        traces = self.trace
        for link in links:
            traces._receive_hit(self.token, link.id, made_by="machine")
        missing = []

        def after_event(lines, event_type):
            missing.extend((lines - lines.exists()).ids)

        with patch.object(MailingTraceEvent, "_after_event", after_event):
            for link in links:
                self.get(f"/mailing/click/{link.code}/{self.token}")
        self.assertFalse(missing)
