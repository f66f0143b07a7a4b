import threading
from datetime import timedelta
from unittest.mock import Mock, patch

from freezegun import freeze_time

from odoo import fields
from odoo.addons.mass_mailing_campaign.delivery import allowance
from odoo.addons.mass_mailing_campaign.engine import run, shutdown
from odoo.addons.mass_mailing_campaign.engine.job import Job
from odoo.addons.mass_mailing_campaign.engine.letter import Letter
from odoo.addons.mass_mailing_campaign.engine.run import Run
from odoo.addons.mass_mailing_campaign.models.sending import mailing_mailing as sending
from odoo.addons.mass_mailing_campaign.models.sending.ir_mail_server import IrMailServer
from odoo.exceptions import UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ...common import DELIVERY_CRON, MassEmailCase

MAX_ATTEMPTS = 3


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

    def test_an_inactive_or_archived_campaign_holds_back_its_mass_emails(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.campaign.write({"campaign_status": "inactive", "active": False})
        with self.smtp() as server:
            self.send(mailing, server)
            for released in ({"campaign_status": "active"}, {"active": True}):
                self.assertFalse(server.messages)
                self.assertEqual(mailing.state, "in_queue")
                self.campaign.write(released)
                self.run_delivery()
        self.assertEqual(server.addresses(), ["anna@example.com"])

    def test_the_scheduler_user_need_not_see_what_is_sent(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.env.ref(DELIVERY_CRON).user_id = new_test_user(
            self.env, "clerk", groups="mass_mailing.group_mass_mailing_user"
        )
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertEqual(server.addresses(), ["anna@example.com"])

    def test_a_mass_email_without_campaign_is_sent(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email("<p>Hello</p>", campaign_id=False)
        mailing.contact_list_ids = self.target_list
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertEqual(server.addresses(), ["anna@example.com"])

    def test_a_target_list_that_is_emptied_before_the_start_completes_at_once(self):
        anna = self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        anna.unlink()
        with self.smtp():
            self.run_delivery()
        self.assertEqual(mailing.state, "done")

    def test_who_opts_out_while_waiting_is_not_mailed(self):
        anna = self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        mailing._build_queue()
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
            server.replies["anna@example.com"] = "550 something is wrong here"
            self.send(mailing, server)
            server.replies.clear()
            self.assertTrue(mailing.kpi_mail_required)
            mailing.kpi_mail_required = False  # Odoo has told of it
            mailing.action_retry_failed()
            self.run_delivery()
        self.assertEqual(server.addresses(), ["anna@example.com"])
        self.assertEqual((mailing.state, mailing.failed_count), ("done", 0))
        self.assertFalse(mailing.kpi_mail_required, "it would tell of it once more")

    def test_who_is_dead_is_not_retried_but_told(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["anna@example.com"] = "550 no such user"
            self.send(mailing, server)
            server.replies.clear()
            mailing.action_retry_failed()
            self.run_delivery()
        self.assertFalse(server.addresses())
        self.assertEqual(self.outcomes(mailing), {"Anna": "dead"})
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
                self.assertFalse(self.env["mailing.address"].search([]), "she may get it yet")
                now += timedelta(hours=1)
                with freeze_time(now):
                    self.run_delivery()
        self.assertEqual(trace.attempt_count, MAX_ATTEMPTS)
        self.assertEqual((trace.trace_status, trace.failure_type), ("error", "mail_smtp"))
        self.assertEqual(mailing.state, "done")
        self.assertEqual(self.env["mailing.address"].search([]).address, "anna@example.com")

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
            mailing.action_try_now()
            self.run_delivery()
        self.assertEqual(server.addresses(), ["anna@example.com"])
        self.assertFalse(mailing.delivery_issue)

    def test_a_mass_email_in_trouble_is_tried_again_after_growing_delays(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        now = fields.Datetime.now()
        delays = []
        with self.smtp() as server, freeze_time(now) as clock:
            self.env["ir.mail_server"].search([]).smtp_port = 9
            mailing.action_set_pending()
            for _attempt in range(8):
                self.run_delivery()
                delays.append((mailing.retry_datetime - now) // timedelta(minutes=1))
                self.run_delivery()
                self.assertEqual(mailing.retry_delay, delays[-1], "tried before its time")
                triggers = self.env["ir.cron.trigger"].search([])
                self.assertIn(mailing.retry_datetime, triggers.mapped("call_at"))
                now = mailing.retry_datetime
                clock.move_to(now)
            self.env["ir.mail_server"].search([]).smtp_port = server.port
            self.run_delivery()
        self.assertEqual(delays, [1, 2, 4, 8, 16, 32, 60, 60])
        self.assertEqual((mailing.state, mailing.retry_datetime), ("done", False))

    def test_trouble_that_comes_back_after_some_were_sent_begins_with_a_short_delay(self):
        self._contacts(10, self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        mailing.retry_delay = 32
        with self.smtp() as server:
            others = (f"target{number:05}@example.com" for number in range(1, 10))
            server.replies = dict.fromkeys(others, "550 5.7.1 your address is on a blocklist")
            self.run_delivery()
        self.assertEqual(len(server.messages), 1)
        self.assertIn("blocklist", mailing.delivery_issue)
        self.assertEqual(mailing.retry_delay, 1)

    def test_nothing_goes_through_a_users_own_mail_server(self):
        self._contact("Anna", self.target_list)
        with self.smtp() as server:
            mail_server = self.env["ir.mail_server"].search([])
            mailing = self._mass_email(mail_server_id=mail_server.id)
            mailing.action_set_pending()
            mail_server.owner_user_id = self.marketer
            self.run_delivery()
        self.assertFalse(server.messages)
        self.assertIn("Marta Marketer's own", mailing.delivery_issue)
        self.assertEqual(mailing.remedy, "server")

    def test_a_busy_server_costs_no_attempts_and_gets_the_rest_later(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server, patch.object(allowance, "FIRST_REST", 0.01):
            server.replies["MAIL"] = "421 4.7.0 too many connections"
            self.send(mailing, server)
            self.assertIn("too many connections", mailing.delivery_issue)
            self.assertEqual(set(mailing.mailing_trace_ids.mapped("attempt_count")), {0})
            server.replies.clear()
            mailing.action_try_now()
            self.run_delivery()
        self.assertEqual((len(server.messages), mailing.state), (3, "done"))

    def test_a_pause_keeps_the_queue_and_resuming_sends_it(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        mailing.action_pause()
        with self.smtp() as server:
            self.run_delivery()
            self.assertFalse(server.messages)
            mailing.action_resume()
            self.run_delivery()
        self.assertEqual((len(server.messages), mailing.state), (3, "done"))

    def test_a_pause_stops_a_run_under_way(self):
        self._contacts(30, self.target_list)
        mailing = self._mass_email()
        self.set_setting("smtp_sessions", "1")
        is_due = type(mailing)._is_due

        def pause_at_five(mailing, *mail_server):
            mailing.is_paused = len(server.messages) >= 5
            return is_due(mailing, *mail_server)

        with (
            self.smtp() as server,
            patch.object(run, "LOOK_SECONDS", 0),
            patch.object(type(mailing), "_is_due", pause_at_five),
        ):
            self.send(mailing, server)
        self.assertEqual(len(server.messages), 5)
        self.assertEqual((mailing.sent_count, mailing.waiting_count), (5, 25))
        self.assertFalse(mailing.delivery_issue)

    def test_a_mail_server_that_is_archived_or_deleted_stops_a_run_under_way(self):
        self._contacts(30, self.target_list)
        self.set_setting("smtp_sessions", "1")
        is_due = type(self.env["mailing.mailing"])._is_due
        for deed in ("action_archive", "unlink"):
            mailing = self._mass_email()

            def put_away_at_five(mailing, *mail_server, deed=deed):
                if len(server.messages) >= 5:
                    getattr(mailing.env["ir.mail_server"].search([]), deed)()
                return is_due(mailing, *mail_server)

            with (
                self.subTest(deed),
                self.smtp() as server,
                patch.object(run, "LOOK_SECONDS", 0),
                patch.object(type(mailing), "_is_due", put_away_at_five),
            ):
                self.send(mailing, server)
                self.assertEqual(len(server.messages), 5)
                self.assertEqual((mailing.sent_count, mailing.waiting_count), (5, 25))

    def test_a_pause_while_a_session_is_opened_claims_nobody(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email()
        open_session = IrMailServer._open_session

        def pause(mail_server, address):
            mailing.with_env(mail_server.env).is_paused = True
            return open_session(mail_server, address)

        with self.smtp() as server, patch.object(IrMailServer, "_open_session", pause):
            self.send(mailing, server)
        self.assertFalse(server.messages)
        self.assertFalse(any(mailing.mailing_trace_ids.sudo().mapped("claim_number")))

    def test_nothing_is_claimed_any_more_when_a_run_ends(self):
        """Nor beside it: nobody would return that to the queue."""
        self._contacts(30, self.target_list)
        mailing = self._mass_email()
        happened, claims, end = [], type(mailing)._claims, Run._end

        def note_claims(*args):
            try:
                yield from claims(*args)
            finally:
                happened.append("nothing more is claimed")

        def note_end(one):
            happened.append("the run ends")
            end(one)

        with (
            self.smtp() as server,
            patch.object(run, "LOOK_SECONDS", 0),
            patch.object(type(mailing), "_is_due", lambda *_args: len(server.messages) < 5),
            patch.object(type(mailing), "_claims", note_claims),
            patch.object(Run, "_end", note_end),
        ):
            self.send(mailing, server)
        self.assertEqual(happened, ["nothing more is claimed", "the run ends"])

    def test_a_stopping_server_begins_no_other_mass_email(self):
        self._contact("Anna", self.target_list)
        first, second = self._mass_email(), self._mass_email()
        (first + second).action_set_pending()
        deliver, delivered = type(first)._deliver, []

        def note(mailing, *args):
            delivered.append(mailing.id)
            return deliver(mailing, *args)

        with (
            self.smtp(),
            patch.object(type(first), "_deliver", note),
            patch.object(shutdown, "is_stopping", lambda: bool(delivered)),
        ):
            self.run_delivery()
        self.assertEqual(delivered, [first.id])

    def test_a_run_whose_mail_server_is_deleted_before_it_claims_again_leaves_it_to_the_next(self):
        self._contacts(30, self.target_list)
        self.patch(sending, "FEWEST", 5)
        traces, calls = type(self.env["mailing.trace"]), []
        claim = traces._claim

        def claim_late(self, *args):
            calls.append(args)
            if len(calls) == 2:
                self.env["ir.mail_server"].search([]).unlink()
            return claim(self, *args)

        mailing = self._mass_email()
        with self.smtp() as server, patch.object(traces, "_claim", claim_late):
            self.send(mailing, server)
        self.assertEqual((len(server.messages), mailing.waiting_count), (5, 25))
        self.assertIn("refused", mailing.delivery_issue, "by the server of the command line")

    def test_a_stopping_server_ends_the_run_with_everything_settled(self):
        self._contacts(30, self.target_list)
        mailing = self._mass_email()
        slow = threading.Event()
        self.addCleanup(slow.set)
        with self.smtp() as server:
            server.delays["target00003@example.com"] = slow
            with (
                patch.object(shutdown, "is_stopping", lambda: len(server.messages) >= 5),
                patch.object(shutdown, "STOP_WIRE_SECONDS", 0.2),
                patch.object(run, "LOOK_SECONDS", 0),
            ):
                self.send(mailing, server)
            sent = len(server.messages)
        self.assertLess(sent, 10)
        self.assertEqual((mailing.sent_count, mailing.waiting_count), (sent, 30 - sent))
        self.assertNotIn("process", mailing.mailing_trace_ids.mapped("trace_status"))
        waiting = mailing.mailing_trace_ids.filtered(lambda t: t.trace_status == "outgoing")
        self.assertEqual(set(waiting.mapped("attempt_count")), {0})

    def test_the_servers_reply_is_kept(self):
        self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["bob@example.com"] = "550 no \0 such user"
            server.replies["DATA"] = "250 queued as 4711"
            self.send(mailing, server)
        replies = {trace.contact_id.name: trace.smtp_reply for trace in mailing.mailing_trace_ids}
        self.assertEqual(replies["Anna"], "250 queued as 4711")
        self.assertIn("550 no", replies["Bob"])

    def test_a_session_broken_before_the_message_loses_nobody(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["target00001@example.com"] = "hang up"
            self.send(mailing, server)
            self.assertEqual((mailing.sent_count, mailing.waiting_count), (2, 1))
            self.run_delivery()
            waiting = mailing.mailing_trace_ids.filtered(lambda t: t.standing == "waiting")
            self.assertEqual(waiting.setback_count, 1, "tried again without delay")
            server.replies.clear()
            mailing.action_try_now()
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

    def test_a_broken_template_stops_only_its_own_mass_email(self):
        self._contact("Anna", self.target_list)
        broken, good = self._mass_email(), self._mass_email()
        with self.smtp() as server:
            broken.action_set_pending()
            broken.body_html = '<p><t t-out="object.name / 0"/></p>'  # after it was checked
            self.send(good, server)
        self.assertEqual(len(server.messages), 1)
        self.assertTrue(broken.delivery_issue)
        self.assertEqual((broken.waiting_count, good.state), (1, "done"))

    def test_an_error_of_the_database_stops_only_its_own_mass_email(self):
        self._contact("Anna", self.target_list)
        broken, good = self._mass_email(), self._mass_email()
        build = type(broken)._build_queue

        def divide(mailing):
            if mailing == broken:
                mailing.env.cr.execute("SELECT 1 / 0")
            build(mailing)

        broken.action_set_pending()
        with (
            self.smtp() as server,
            patch.object(type(broken), "_build_queue", divide),
            mute_logger("odoo.sql_db", "odoo.addons.mass_mailing_campaign.engine.job"),
        ):
            self.send(good, server)
        self.assertEqual((len(server.messages), good.state), (1, "done"))
        self.assertIn("division by zero", broken.delivery_issue)

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
                mail_server = committing.env["ir.mail_server"]
                one = Run(committing, mail_server, "")
                traces = committing.env["mailing.trace"]
                self.assertEqual(len(traces._claim(committing, one, 100)), members)
                counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    # ------------------------------------------------------------
    # Nothing stops unseen, nobody waits without being woken
    # ------------------------------------------------------------

    def triggers(self):
        lane = self.env.ref(DELIVERY_CRON)
        return self.env["ir.cron.trigger"].search([("cron_id", "=", lane.id)]).mapped("call_at")

    def test_a_mass_email_deleted_while_another_is_sent_holds_nobody_up(self):
        self._contact("Anna", self.target_list)
        first, deleted, last = self._mass_email(), self._mass_email(), self._mass_email()
        deliver = type(first)._deliver

        def delete_another(mailing, *args):
            deleted.with_env(mailing.env).exists().unlink()
            return deliver(mailing, *args)

        (first + deleted).action_set_pending()
        with self.smtp() as server, patch.object(type(first), "_deliver", delete_another):
            self.send(last, server)
        self.assertEqual(len(server.messages), 2)

    def test_a_mass_email_paused_while_another_is_sent_opens_no_session(self):
        self._contact("Anna", self.target_list)
        first, paused = self._mass_email(), self._mass_email()
        deliver, delivered = type(first)._deliver, []

        def pause_another(mailing, *args):
            delivered.append(mailing.id)
            paused.with_env(mailing.env).is_paused = True
            return deliver(mailing, *args)

        first.action_set_pending()
        with self.smtp() as server, patch.object(type(first), "_deliver", pause_another):
            self.send(paused, server)
        self.assertEqual((delivered, paused.state), ([first.id], "in_queue"))

    def test_an_error_without_words_stops_the_mass_email_too(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email()
        for error in (MemoryError(), UserError(""), ValueError("a \0 of all things")):
            with self.subTest(error=error), self.smtp() as server:
                mailing.state = "draft"
                with patch.object(Letter, "compose", side_effect=error):
                    self.send(mailing, server)
                self.assertTrue(mailing.delivery_issue)
                self.assertTrue(mailing.retry_datetime)
        for error in (MemoryError(), UserError(""), ValueError("a \0 of all things")):
            with self.subTest(error=error), self.smtp() as server:
                mailing.action_put_in_queue()
                with patch.object(run.Run, "send", side_effect=error):
                    self.run_delivery()
                self.assertTrue(mailing.delivery_issue)
                self.assertTrue(mailing.retry_datetime)

    def test_what_broke_a_run_is_told_and_not_what_that_did_to_its_end(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email()

        def divide(mailing, *_args):
            mailing.env.cr.execute("SELECT 1 / 0")

        with (
            self.smtp() as server,
            patch.object(type(mailing), "_stops_in", divide),
            mute_logger("odoo.sql_db", "odoo.addons.mass_mailing_campaign.engine.job"),
        ):
            self.send(mailing, server)
        self.assertIn("division by zero", mailing.delivery_issue)

    def test_a_letter_has_failed_unless_it_is_the_database_that_failed(self):
        self._contact("Anna", self.target_list)

        def divide(letter, *_args):
            letter.env.cr.execute("SELECT 1 / 0")

        for error, remedy in ((ZeroDivisionError("division by zero"), "letter"), (divide, False)):
            mailing = self._mass_email()
            compose = Mock(side_effect=error)
            with self.subTest(remedy=remedy), self.smtp() as server, mute_logger("odoo.sql_db"):
                with patch.object(Letter, "compose", lambda *args, compose=compose: compose(*args)):
                    self.send(mailing, server)
                self.assertEqual(mailing.remedy, remedy)
                self.assertIn("division by zero", mailing.delivery_issue)

    def test_who_may_go_out_in_the_last_moment_of_a_job_is_woken_for(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        now = fields.Datetime.now()
        mailing.mailing_trace_ids.retry_datetime = now + timedelta(seconds=2)
        mailings = type(mailing)
        with freeze_time(now + timedelta(seconds=1)) as clock, self.smtp():
            for name in ("_sendable_count", "_wake_for_next_opportunity"):
                self.let_time_pass_behind(mailings, name, clock)
            with patch.object(Job, "_deliver_due", lambda *_args: 0):
                mailing.state = "sending"
                self.run_delivery()
        self.assertIn(now + timedelta(seconds=2), self.triggers())

    def let_time_pass_behind(self, model, name, clock):
        original = getattr(model, name)

        def slow(*args):
            result = original(*args)
            clock.tick(1)
            return result

        self.enterContext(patch.object(model, name, slow))

    def test_a_mass_email_in_trouble_with_its_last_message_is_woken_to_complete(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["DATA"] = "hang up"
            self.send(mailing, server)
            self.assertTrue(mailing.state == "done" or mailing.retry_datetime in self.triggers())

    def test_a_campaign_that_is_active_again_wakes_its_mass_emails(self):
        self._contact("Anna", self.target_list)
        self.campaign.campaign_status = "inactive"
        self._mass_email().action_set_pending()
        for released in ({"campaign_status": "active"}, {"active": True}):
            self.env["ir.cron.trigger"].search([]).unlink()
            self.campaign.active = "active" not in released
            self.campaign.write(released)
            self.assertTrue(self.triggers())

    def test_an_earlier_start_date_wakes_a_pending_mass_email(self):
        self._contact("Anna", self.target_list)
        start = fields.Datetime.now().replace(microsecond=0) + timedelta(days=3)
        mailing = self._mass_email(schedule_date=start)
        mailing.action_set_pending()
        mailing.schedule_date = start - timedelta(days=2)
        self.assertIn(start - timedelta(days=2), self.triggers())
