from unittest.mock import patch

from lxml import etree

from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome, Result
from odoo.addons.mass_mailing_campaign.engine.run import Run
from odoo.addons.mass_mailing_campaign.engine.turns import CLAIM_LOCK
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from ...common import MassEmailCase


class TestEnding(MassEmailCase):
    """A user ends a mass email that is In Process."""

    def setUp(self):
        super().setUp()
        self.contacts = self._contacts(5, self.target_list)
        self.mailing = self._mass_email()

    def end(self):
        with self.committing(self.mailing.with_user(self.marketer)) as mailing:
            mailing.action_end()

    def outcomes_in_order(self):
        traces = self.mailing.mailing_trace_ids.sorted("id")
        return [trace.failure_type or trace.trace_status for trace in traces]

    def test_who_waits_is_cancelled_and_what_was_sent_stays_sent(self):
        self.set_setting("portion_size", "2")
        self.send(self.mailing)
        self.assertEqual((self.mailing.state, self.mailing.waiting_count), ("sending", 3))
        self.end()
        self.assertEqual(self.mailing.state, "done")
        self.assertEqual(self.outcomes_in_order(), ["sent"] * 2 + ["ended"] * 3)
        self.assertEqual((self.mailing.sent_count, self.mailing.cancelled_count), (2, 3))
        self.assertTrue(self.mailing.sent_date)

    def test_its_form_does_not_say_that_nobody_could_be_mailed(self):
        self.mailing._build_queue()
        self.end()
        view = self.env.ref("mass_mailing_campaign.mailing_mailing_view_form_mass_email")
        form = etree.fromstring(self.mailing.get_view(view.id)["arch"])
        known = self.mailing.read(["member_count", "is_ended"])[0]
        spans = form.iterfind(".//strong[.='Nobody got this mass email:']/../span")
        told = [span.text for span in spans if not safe_eval(span.get("invisible"), known)]
        self.assertEqual(len(told), 1)
        self.assertIn("it was ended", told[0])

    def test_it_can_be_deleted_then(self):
        self.mailing._build_queue()
        with self.assertRaises(UserError):
            self.mailing.with_user(self.marketer).unlink()
        self.end()
        self.mailing.with_user(self.marketer).unlink()
        self.assertFalse(self.mailing.exists())

    def test_what_is_on_the_wire_finishes_and_what_comes_back_is_cancelled(self):
        self.mailing._build_queue()
        claimed = self.mailing.mailing_trace_ids.sudo().sorted("id")[:3]
        claimed.write(
            {
                "trace_status": "process",
                "claim_key": "run",
                "claim_number": 1,
                "attempt_count": 1,
            }
        )
        self.end()
        self.assertEqual(self.mailing.state, "done")
        self.assertEqual(self.outcomes_in_order(), ["process"] * 3 + ["ended"] * 2)
        with self.assertRaisesRegex(UserError, "on its way"):
            self.mailing.unlink()
        with self.committing(self.mailing) as mailing:
            unknown = Result(claimed[0].id, Outcome.UNKNOWN, "connection lost")
            acks = mailing.env["mailing.journal.ack"]
            acks._acknowledge(mailing.env.cr, "run", [(1, unknown)], is_over=True)
            mailing.env["mailing.journal.run"]._end("run")
        self.assertEqual(self.outcomes_in_order(), ["in_doubt"] + ["ended"] * 4)
        self.mailing.unlink()

    def test_a_run_under_way_claims_nobody_more(self):
        """Neither who was put aside for another's sake nor who comes back to the queue."""
        self.contacts[1].email = self.contacts[0].email
        self.mailing._build_queue()
        self.end()
        back = self.mailing.mailing_trace_ids.filtered(
            lambda trace: trace.contact_id == self.contacts[4]
        )
        back.write({"trace_status": "outgoing", "failure_type": False})
        with self.committing(self.mailing) as mailing:
            run = Run(mailing, mailing.env["ir.mail_server"], "news@garden.example.com")
            self.assertFalse(mailing.env["mailing.trace"]._claim(mailing, run, 10))

    def test_others_go_on_sending_while_who_waits_is_cancelled(self):
        """However long that takes."""
        self.mailing._build_queue()
        held = []

        def look(traces):
            held.extend(
                traces.env.execute_query(
                    SQL(
                        "SELECT FROM pg_locks WHERE locktype = 'advisory'"
                        "   AND pid = pg_backend_pid()"
                        "   AND (classid::bigint << 32 | objid::bigint) = %s",
                        CLAIM_LOCK,
                    )
                )
            )
            return cancel(traces)

        cancel = type(self.env["mailing.trace"])._cancel_ended
        with patch.object(type(self.env["mailing.trace"]), "_cancel_ended", look):
            self.end()
        self.assertEqual(held, [])
        self.assertEqual(self.outcomes_in_order(), ["ended"] * 5)

    def test_nothing_else_ends(self):
        for state in ("draft", "in_queue"):
            self.mailing.state = state
            self.end()
            self.assertEqual(self.mailing.state, state)
        self.mailing.write({"delivery_mode": "standard", "state": "sending"})
        self.end()
        self.assertEqual(self.mailing.state, "sending")

    def test_who_failed_before_can_be_retried_after(self):
        with self.smtp() as server:
            server.replies["target00000@example.com"] = "550 something is wrong here"
            self.set_setting("portion_size", "2")
            self.send(self.mailing, server)
            self.end()
            self.set_setting("portion_size", "9")
            server.replies.clear()
            self.mailing.action_retry_failed()
            self.run_delivery()
        self.assertEqual(self.mailing.state, "done")
        self.assertEqual(self.outcomes_in_order().count("ended"), 5 - self.mailing.sent_count)
        self.assertEqual(self.mailing.failed_count, 0)

    def test_who_was_put_aside_for_who_is_ended_is_not_mailed_by_a_retry(self):
        self.contacts[4].email = self.contacts[3].email
        with self.smtp() as server:
            server.replies["target00000@example.com"] = "550 something is wrong here"
            self.set_setting("portion_size", "2")
            self.send(self.mailing, server)
            self.end()
            self.assertEqual(self.outcomes_in_order()[3:], ["ended", "mail_dup"])
            self.set_setting("portion_size", "9")
            server.replies.clear()
            self.mailing.action_retry_failed()
            self.run_delivery()
        self.assertEqual(self.outcomes_in_order(), ["sent"] * 3 + ["ended", "mail_dup"])


class TestDecisions(MassEmailCase):
    """What a user decides for all failed or unknown messages of a mass email."""

    def statements(self, count, failure_type, method):
        mailing = self._mass_email(contact_list_ids=self._list("L", *self._contacts(count)).ids)
        mailing._build_queue()
        mailing.mailing_trace_ids.sudo().write(
            {"trace_status": "error", "failure_type": failure_type}
        )
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        getattr(mailing.with_user(self.marketer), method)()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_it_takes_no_more_statements_for_many_than_for_few(self):
        for failure_type, method in (
            ("mail_smtp", "action_retry_failed"),
            ("in_doubt", "action_send_unknown_again"),
            ("in_doubt", "action_leave_unknown"),
        ):
            with self.subTest(method):
                self.statements(1, failure_type, method)  # warms the caches up
                few = self.statements(2, failure_type, method)
                self.assertLess(self.statements(1500, failure_type, method), few + 5)
