from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import ValidationError

from ..common import DELIVERY_CRON, MassEmailCase


class TestHourlyPortion(MassEmailCase):
    def set_portion(self, size):
        self.env["ir.config_parameter"].set_param("mass_mailing_campaign.portion_size", str(size))

    def test_no_more_than_the_portion_leaves_in_any_hour(self):
        self._contacts(7, self.target_list)
        self.set_portion(3)
        mailing = self._mass_email()
        now = fields.Datetime.now()
        with self.smtp() as server:
            self.send(mailing, server)
            self.run_delivery()
            self.assertEqual(len(server.messages), 3)
            self.assertEqual((mailing.state, mailing.waiting_count), ("sending", 4))
            with freeze_time(now + timedelta(minutes=59)):
                self.run_delivery()
            self.assertEqual(len(server.messages), 3)
            with freeze_time(now + timedelta(minutes=61)):
                self.run_delivery()
            self.assertEqual(len(server.messages), 6)
            with freeze_time(now + timedelta(minutes=123)):
                self.run_delivery()
        self.assertEqual(len(set(server.addresses())), 7)
        self.assertEqual(mailing.state, "done")

    def test_the_portion_is_shared_by_all_mass_emails(self):
        self._contacts(3, self.target_list)
        self.set_portion(4)
        first, second = self._mass_email(), self._mass_email()
        with self.smtp() as server:
            first.action_set_pending()
            self.send(second, server)
        self.assertEqual(len(server.messages), 4)
        self.assertEqual((first.state, second.state), ("done", "sending"))

    def test_the_cron_is_woken_when_the_portion_frees(self):
        self._contacts(2, self.target_list)
        self.set_portion(1)
        self.send(self._mass_email())
        cron = self.env.ref(DELIVERY_CRON)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        sent = self.env["mailing.trace"].search([("portion_datetime", "!=", False)])
        self.assertIn(
            sent.portion_datetime + timedelta(hours=1, seconds=1), triggers.mapped("call_at")
        )

    def test_the_cron_asks_for_no_run_beyond_the_portion(self):
        self._contacts(2, self.target_list)
        self.set_portion(1)
        mailing = self._mass_email()
        mailing._build_queue()
        mailing.state = "sending"
        self.assertEqual(mailing._sendable_count(), 1)
        mailing.mailing_trace_ids[0].sudo().portion_datetime = fields.Datetime.now()
        self.assertEqual(mailing._sendable_count(), 0)

    def test_messages_that_did_not_leave_take_no_place(self):
        self._contacts(2, self.target_list)
        self.set_portion(1)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["target00000@example.com"] = "550 unknown"
            self.send(mailing, server)
        self.assertEqual((mailing.sent_count, mailing.failed_count), (1, 1))

    def test_the_portion_is_set_in_the_settings(self):
        settings = self.env["res.config.settings"].create({"mass_email_portion_size": 250})
        settings.execute()
        self.assertEqual(self.env["mailing.mailing"]._setting("portion_size"), 250)
        with self.assertRaises(ValidationError):
            self.env["res.config.settings"].create({"mass_email_portion_size": 0})
        with self.assertRaises(ValidationError):
            self.env["res.config.settings"].create({"mass_email_smtp_sessions": 0})
