from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.addons.mass_mailing_campaign.models.mailing_claim import MAX_ATTEMPTS, MailingMailing
from odoo.tools import SQL, mute_logger

from ..common import DELIVERY_CRON, MassEmailCase


class TestDelivery(MassEmailCase):
    def test_a_mass_email_goes_from_pending_to_complete(self):
        self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertEqual(server.addresses(), ["anna@example.com", "bob@example.com"])
        self.assertEqual(mailing.state, "done")
        self.assertEqual((mailing.sent_count, mailing.waiting_count), (2, 0))
        self.assertEqual(self.events(mailing), [("Anna", "sent"), ("Bob", "sent")])
        self.assertEqual(
            set(mailing.mailing_trace_ids.mapped("message_id")),
            {message["Message-Id"] for message in server.messages},
        )

    def test_a_draft_is_not_sent(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            self.run_delivery()
        self.assertFalse(server.messages)
        self.assertEqual(mailing.state, "draft")

    def test_nothing_is_sent_before_the_start_date(self):
        self._contact("Anna", self.target_list)
        start = fields.Datetime.now() + timedelta(hours=2)
        mailing = self._mass_email(schedule_date=start)
        with self.smtp() as server:
            self.send(mailing, server)
            self.assertFalse(server.messages)
            self.assertEqual(mailing.state, "in_queue")
            with freeze_time(start):
                self.run_delivery()
        self.assertEqual(server.addresses(), ["anna@example.com"])

    def test_the_cron_is_woken_for_the_start_date(self):
        self._contact("Anna", self.target_list)
        start = fields.Datetime.now().replace(microsecond=0) + timedelta(days=3)
        self._mass_email(schedule_date=start).action_set_pending()
        triggers = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref(DELIVERY_CRON).id)]
        )
        self.assertIn(start, triggers.mapped("call_at"))

    def test_an_inactive_campaign_pauses_its_mass_emails(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.campaign.campaign_status = "inactive"
        with self.smtp() as server:
            self.send(mailing, server)
            self.assertFalse(server.messages)
            self.assertEqual(mailing.state, "in_queue")
            self.campaign.campaign_status = "active"
            self.run_delivery()
        self.assertEqual(server.addresses(), ["anna@example.com"])

    def test_a_mass_email_without_campaign_is_sent(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email("<p>Hello</p>", campaign_id=False)
        mailing.contact_list_ids = self.target_list
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertEqual(server.addresses(), ["anna@example.com"])

    def test_an_empty_target_list_completes_at_once(self):
        mailing = self._mass_email()
        self.send(mailing)
        self.assertEqual(mailing.state, "done")

    def test_who_opts_out_while_waiting_is_not_mailed(self):
        anna = self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        mailing._build_queue()
        mailing.state = "sending"
        anna.subscription_ids.opt_out = True
        with self.smtp() as server:
            self.run_delivery()
        self.assertEqual(server.addresses(), ["bob@example.com"])
        self.assertEqual(self.outcomes(mailing), {"Anna": "mail_optout", "Bob": "sent"})
        self.assertEqual(mailing.state, "done")

    def test_who_is_excluded_or_deleted_while_waiting_is_not_mailed(self):
        anna = self._contact("Anna", self.target_list)
        bob = self._contact("Bob", self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        mailing._build_queue()
        mailing.state = "sending"
        self.excluding_list.contact_ids += anna
        bob.unlink()
        with self.smtp() as server:
            self.run_delivery()
        self.assertFalse(server.messages)
        self.assertEqual(
            set(mailing.mailing_trace_ids.mapped("failure_type")), {"excluded", "archived"}
        )

    def test_a_rejected_address_fails_and_the_others_are_sent(self):
        self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["anna@example.com"] = "550 no such user"
            self.send(mailing, server)
        self.assertEqual(server.addresses(), ["bob@example.com"])
        failed = mailing.mailing_trace_ids.filtered(lambda trace: trace.trace_status == "error")
        self.assertEqual(failed.failure_type, "mail_email_invalid")
        self.assertIn("no such user", failed.failure_reason)
        self.assertEqual((mailing.failed_count, mailing.state), (1, "done"))

    def test_failed_messages_can_be_retried_by_hand(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["anna@example.com"] = "550 no such user"
            self.send(mailing, server)
            server.replies.clear()
            mailing.action_retry_failed()
            self.run_delivery()
        self.assertEqual(server.addresses(), ["anna@example.com"])
        self.assertEqual((mailing.state, mailing.failed_count), ("done", 0))

    def test_retrying_leaves_alone_what_is_in_doubt(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["DATA"] = "hang up"
            self.send(mailing, server)
            server.replies.clear()
            mailing.action_retry_failed()
            self.run_delivery()
        self.assertFalse(server.messages)
        self.assertEqual(mailing.unknown_count, 1)

    def test_a_deferred_message_is_tried_again_later_and_then_given_up(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        now = fields.Datetime.now()
        with self.smtp() as server:
            server.replies["anna@example.com"] = "451 greylisted"
            self.send(mailing, server)
            trace = mailing.mailing_trace_ids
            for attempt in range(1, MAX_ATTEMPTS):
                self.assertEqual((trace.trace_status, trace.attempt_count), ("outgoing", attempt))
                self.run_delivery()
                self.assertEqual(trace.attempt_count, attempt, "tried before its time")
                now += timedelta(hours=1)
                with freeze_time(now):
                    self.run_delivery()
        self.assertEqual(trace.attempt_count, MAX_ATTEMPTS)
        self.assertEqual((trace.trace_status, trace.failure_type), ("error", "mail_smtp"))
        self.assertEqual(mailing.state, "done")

    def test_an_outage_costs_no_attempts_and_loses_nobody(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            self.env["ir.mail_server"].search([]).smtp_port = 9
            for _run in range(MAX_ATTEMPTS + 1):
                mailing.action_put_in_queue()
                self.run_delivery()
            self.assertTrue(mailing.delivery_issue)
            self.assertEqual(mailing.waiting_count, 1)
            self.env["ir.mail_server"].search([]).smtp_port = server.port
            self.run_delivery()
        self.assertEqual(server.addresses(), ["anna@example.com"])
        self.assertFalse(mailing.delivery_issue)

    def test_a_session_broken_before_the_message_loses_nobody(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["target00001@example.com"] = "hang up"
            self.send(mailing, server)
            self.assertEqual((mailing.sent_count, mailing.waiting_count), (2, 1))
            self.assertTrue(mailing.delivery_issue)
            server.replies.clear()
            self.run_delivery()
        self.assertEqual(len(server.messages), 3)
        self.assertEqual(len(set(server.addresses())), 3)
        self.assertEqual(mailing.state, "done")

    def test_a_session_broken_after_the_message_leaves_it_in_doubt(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["DATA"] = "hang up"
            self.send(mailing, server)
            server.replies.clear()
            self.run_delivery()
        self.assertFalse(server.messages, "sent again by itself")
        self.assertEqual(self.outcomes(mailing), {"Anna": "in_doubt"})
        self.assertEqual((mailing.unknown_count, mailing.failed_count), (1, 0))

    def test_a_refused_letter_stops_the_mass_email_with_the_reason(self):
        self._contacts(5, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["DATA"] = "554 looks like spam"
            self.send(mailing, server)
        self.assertIn("looks like spam", mailing.delivery_issue)
        self.assertEqual((mailing.waiting_count, mailing.failed_count), (5, 0))

    def test_what_a_dead_session_was_sending_is_in_doubt(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        mailing.state = "sending"
        trace = mailing.mailing_trace_ids.sudo()
        trace.write({"trace_status": "process", "claim_key": "1/1.0"})
        with self.smtp() as server:
            self.run_delivery()
        self.assertFalse(server.messages)
        self.assertEqual(self.outcomes(mailing), {"Anna": "in_doubt"})
        self.assertEqual(mailing.state, "done")

    def test_an_error_while_settling_sends_nothing_twice(self):
        self._contacts(2, self.target_list)
        mailing = self._mass_email()
        settle, calls = MailingMailing._settle, []

        def fail_once(records, rows, results):
            calls.append(results)
            if len(calls) == 1:
                raise RuntimeError("the settle fails")
            return settle(records, rows, results)

        with self.smtp() as server:
            with (
                patch.object(MailingMailing, "_settle", fail_once),
                mute_logger("odoo.addons.mass_mailing_campaign.models.mailing_delivery"),
            ):
                self.send(mailing, server)
            self.assertIn("the settle fails", mailing.delivery_issue)
            self.run_delivery()
        self.assertEqual(len(server.messages), 2, "sent twice")
        self.assertEqual((mailing.unknown_count, mailing.sent_count), (1, 1))

    def test_what_a_killed_run_sent_is_logged_by_the_next(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        self.env["mailing.trace.event"].search([("mailing_id", "=", mailing.id)]).sudo().unlink()
        self.run_delivery()
        self.assertEqual(self.events(mailing), [("Anna", "sent")])

    def test_what_a_living_session_is_sending_is_left_to_it(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        mailing.state = "sending"
        [(key,)] = self.env.execute_query(
            SQL("SELECT %s", mailing._session_key(SQL("pg_backend_pid()")))
        )
        trace = mailing.mailing_trace_ids.sudo()
        trace.write({"trace_status": "process", "claim_key": key})
        self.run_delivery()
        self.assertEqual(trace.trace_status, "process")
        self.assertEqual(mailing.state, "sending")

    def test_a_broken_template_stops_only_its_own_mass_email(self):
        self._contact("Anna", self.target_list)
        broken = self._mass_email('<p><t t-out="object.name / 0"/></p>')
        good = self._mass_email()
        with self.smtp() as server:
            broken.action_set_pending()
            self.send(good, server)
        self.assertEqual(len(server.messages), 1)
        self.assertTrue(broken.delivery_issue)
        self.assertEqual((broken.waiting_count, good.state), (1, "done"))

    def test_opening_before_the_settle_is_not_overwritten(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        mailing.mailing_trace_ids.set_opened()
        with self.smtp():
            self.run_delivery()
        self.assertEqual(mailing.mailing_trace_ids.trace_status, "open")

    def test_standard_mailings_are_left_to_odoo_and_mass_emails_to_us(self):
        self._contact("Anna", self.target_list)
        mass_email = self._mass_email()
        standard = self._mass_email(delivery_mode="standard")
        standard.contact_list_ids = self.target_list
        standard.schedule_date -= timedelta(minutes=1)
        for mailing in (mass_email, standard):
            mailing.state = "in_queue"
        with self.smtp() as server:
            self.run_delivery()
        self.assertEqual(len(server.messages), 1)
        self.assertEqual((mass_email.state, standard.state), ("done", "in_queue"))
        mass_email.state = "in_queue"
        with self.enter_registry_test_mode():
            cron = self.env.ref("mass_mailing.ir_cron_mass_mailing_queue")
            cron.sudo().method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual((mass_email.state, standard.state), ("in_queue", "done"))

    def test_a_claim_takes_as_many_statements_for_many_as_for_few(self):
        counts = []
        for members in (1, 5, 80):  # the first fills Odoo's caches
            target_list = self._list(f"{members} members")
            self._contacts(members, target_list)
            mailing = self._mass_email(contact_list_ids=[(6, 0, target_list.ids)])
            mailing._build_queue()
            with self.committing(mailing) as committing:
                before = self.env.cr.sql_log_count
                self.assertEqual(len(committing._claim(100)), members)
                counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])
