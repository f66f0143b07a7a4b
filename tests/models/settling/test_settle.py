import runpy
import time
from contextlib import closing
from datetime import timedelta
from unittest.mock import Mock, patch

import psycopg2
import psycopg2.errorcodes
from freezegun import freeze_time

from odoo import fields
from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome, Result
from odoo.addons.mass_mailing_campaign.engine import results, run
from odoo.addons.mass_mailing_campaign.engine.turns import RUN_LOCK
from odoo.addons.mass_mailing_campaign.models.sending.mailing_trace import Claimed
from odoo.addons.mass_mailing_campaign.models.settling.mailing_journal_ack import (
    SETBACKS_OF_FIVE_DAYS,
)
from odoo.sql_db import db_connect
from odoo.tools import file_path, mute_logger

from ...common import MassEmailCase


class Conflict(psycopg2.errors.SerializationFailure):
    pgcode = psycopg2.errorcodes.SERIALIZATION_FAILURE


class TestSettle(MassEmailCase):
    """What was sent is never sent again, whenever whatever dies."""

    def setUp(self):
        super().setUp()
        self.acks = type(self.env["mailing.journal.ack"])

    def claimed(self, count, run_key, *results, on_wire=2, begun=None):
        """A mass email whose members were all claimed by a run that got some results.

        :param on_wire: so many of the others, the first ones, were begun, too
        :param begun: or these
        """
        self._contacts(count, self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        traces = mailing.mailing_trace_ids.sudo().sorted("id")
        traces.write(
            {
                "trace_status": "process",
                "claim_key": run_key,
                "claim_number": 1,
                "attempt_count": 1,
                "portion_datetime": self.env.cr.now(),
            }
        )
        self.env.flush_all()
        with self.committing(mailing) as committing:
            runs = committing.env["mailing.journal.run"]
            acks = runs.env["mailing.journal.ack"]
            with runs._alive(run_key) as journal:
                if begun is None:
                    known = [position for position, _outcome in results]
                    others = [each for each in range(count) if each not in known]
                    begun = known + others[:on_wire]
                acks._acknowledge(
                    journal, run_key, [], begun=[(1, traces[position].id) for position in begun]
                )
                for position, outcome in results:
                    result = Result(traces[position].id, outcome, "a reply", f"<{position}@x>")
                    acks._acknowledge(journal, run_key, [(1, result)])
        return mailing, traces

    def statuses(self, traces):
        return [trace.failure_type or trace.trace_status for trace in traces]

    def test_a_killed_run_leaves_in_doubt_one_message_per_session_and_loses_nobody(self):
        sent, bad = Outcome.SENT, Outcome.BAD_ADDRESS
        results = [(0, sent), (2, sent), (3, bad)]
        mailing, traces = self.claimed(7, "killed", *results)
        with self.smtp() as server:
            self.run_delivery()
        self.assertEqual(
            self.statuses(traces),
            # the second and the fifth were begun, who comes behind them was not
            ["sent", "in_doubt", "sent", "mail_email_invalid", "in_doubt", "sent", "sent"],
        )
        self.assertEqual(server.addresses(), ["target00005@example.com", "target00006@example.com"])
        self.assertEqual(len(self.events(mailing)), 4, "what was acknowledged is logged")
        self.assertEqual(traces[0].message_id, "<0@x>")
        self.assertEqual(mailing.state, "done")
        self.assertFalse(self.env["mailing.journal.run"].search([]))
        self.assertFalse(self.env["mailing.journal.ack"].search([]))

    def test_a_killed_test_is_not_tried_again_and_waits_for_nobody(self):
        mailing, traces = self.claimed(3, "killed", (0, Outcome.BUSY), on_wire=1)
        of_test = {"mass_mailing_id": False, "test_mailing_id": mailing.id, "is_test_trace": True}
        traces.write(of_test)
        with self.smtp() as server:
            self.run_delivery()
        self.assertFalse(server.messages)
        self.assertEqual(self.statuses(traces), ["mail_smtp", "in_doubt", "error"])
        reasons = ["a reply", *["The server stopped while this message was being sent."] * 2]
        self.assertEqual(traces.mapped("failure_reason"), reasons)

    def test_only_what_was_begun_in_this_claim_can_have_been_on_the_wire(self):
        """What its session was about to send may be claimed before it, or behind it."""
        _mailing, traces = self.claimed(4, "killed", (2, Outcome.SENT), begun=[0, 1, 2])
        traces[0].claim_number = 2  # it came back, and was claimed again
        with self.smtp():
            self.run_delivery()
        self.assertEqual(self.statuses(traces), ["sent", "in_doubt", "sent", "sent"])

    def test_a_run_of_before_the_upgrade_had_one_message_per_session_on_the_wire(self):
        _mailing, traces = self.claimed(5, "killed", (1, Outcome.SENT), begun=[])
        self.env.cr.execute("ALTER TABLE mailing_journal_run ADD COLUMN session_count INTEGER")
        self.env.cr.execute("UPDATE mailing_journal_run SET session_count = 2")
        path = file_path("mass_mailing_campaign/migrations/19.0.1.3.0/post-journal.py")
        runpy.run_path(path)["migrate"](self.env.cr, "19.0.1.2.0")
        with self.smtp():
            self.run_delivery()
        expected = ["in_doubt", "sent", "in_doubt", "sent", "sent"]
        self.assertEqual(self.statuses(traces), expected)

    def test_a_crash_of_postgresql_leaves_all_in_doubt_that_was_claimed(self):
        _mailing, traces = self.claimed(3, "lost", (0, Outcome.SENT))
        # as PostgreSQL itself empties unlogged tables when it recovers
        self.env.cr.execute("DELETE FROM mailing_journal_run; DELETE FROM mailing_journal_ack")
        with self.smtp() as server:
            self.run_delivery()
        self.assertFalse(server.messages)
        self.assertEqual(self.statuses(traces), ["in_doubt"] * 3)

    def test_what_is_known_is_written_down_before_a_settle_is_waited_for(self):
        """The process may be killed meanwhile."""
        mailing, traces = self.claimed(1, "run")
        known, written = results.Results("run"), []
        known.expect([Claimed(traces.id, traces.res_id, "", "", 1, 1)])
        known.add([Result(traces.id, Outcome.SENT, "250 ok")])
        with self.committing(mailing) as committing:
            acks = committing.env["mailing.journal.ack"].sudo()
            known._settling = Mock(wait=lambda: written.extend(acks.search([]).mapped("outcome")))
            known.end(committing.env["mailing.journal.run"], committing)
        self.assertIn("sent", written)
        self.assertEqual(self.statuses(traces), ["sent"])

    def test_the_sending_waits_for_a_settle_that_very_many_results_wait_for(self):
        known, waited = results.Results("run"), []
        known._settling = Mock(is_under_way=True, result=lambda: waited.append("for it") or 1)
        with self.committing(self._mass_email()) as committing:
            for count in (results.MOST_UNSETTLED - 1, results.MOST_UNSETTLED):
                self.assertFalse(waited)
                known._unsettled = [(1, Result(0, Outcome.SENT, "250 ok"))] * count
                known.settle(committing.env["mailing.journal.run"], committing)
        self.assertEqual(waited, ["for it"])

    def test_the_end_of_a_run_reads_what_is_not_settled_yet(self):
        mailing, traces = self.claimed(2, "run", (0, Outcome.SENT))
        settling, read = self.acks._settling, []

        def read_from(acks, key, after, of_most=()):
            read.append(after)
            return settling(acks, key, after, of_most)

        known = results.Results("run")
        known.expect([Claimed(trace.id, trace.res_id, "", "", 1, 1) for trace in traces])
        with self.committing(mailing) as committing:
            settled = committing.env["mailing.journal.ack"]._settle("run", 0)
            known._settling, known._settled_at = Mock(is_under_way=False), time.monotonic()
            known._settling.result = lambda: settled
            known.settle(committing.env["mailing.journal.run"], committing)
            known.add([Result(traces[1].id, Outcome.SENT, "250 ok")])
            with patch.object(self.acks, "_settling", read_from):
                known.end(committing.env["mailing.journal.run"], committing)
        self.assertEqual(read, [settled])
        self.assertEqual(self.statuses(traces), ["sent", "sent"])

    def test_what_becomes_known_while_others_are_settled_is_not_taken_for_settled(self):
        mailing, traces = self.claimed(2, "run", (0, Outcome.SENT))
        known = results.Results("run")
        known.expect([Claimed(trace.id, trace.res_id, "", "", 1, 1) for trace in traces])
        with self.committing(mailing) as committing:
            runs = committing.env["mailing.journal.run"]
            for trace in traces:
                known.add([Result(trace.id, Outcome.SENT, "250 ok")])
                known.write_down(runs, runs.env.cr, is_over=True)
            known._settling, known._settling_count = Mock(is_under_way=False), 1
            known._settling.result = lambda: runs.env["mailing.journal.ack"].search([])[0].id
            known._settled_at = time.monotonic()  # nothing more is to be settled right now
            known.settle(runs, committing)
            # as PostgreSQL itself empties unlogged tables when it recovers
            runs.env.cr.execute("DELETE FROM mailing_journal_run; DELETE FROM mailing_journal_ack")
            known.write_down_again()
            known.write_down(runs, runs.env.cr, is_over=True)
            acks = runs.env["mailing.journal.ack"].search([])
            self.assertEqual(acks.mapped("trace_id"), traces[1].ids)

    def test_a_last_result_outlives_that_the_end_of_its_run_is_tried_again(self):
        mailing, traces = self.claimed(1, "run")
        known, runs = results.Results("run"), type(self.env["mailing.journal.run"])
        known.expect([Claimed(traces.id, traces.res_id, "", "", 1, 1)])
        known.add([Result(traces.id, Outcome.SENT, "250 ok")])
        end, calls = runs._end_claims, []

        def meet_another(*args, **kwargs):
            calls.append(args)
            if len(calls) == 1:
                raise Conflict()
            return end(*args, **kwargs)

        with (
            self.committing(mailing) as committing,
            patch.object(runs, "_end_claims", meet_another),
            mute_logger("odoo.service.model"),
            patch("odoo.service.model.random.uniform", return_value=0),
        ):
            known.end(committing.env["mailing.journal.run"], committing)
        self.assertEqual((len(calls), self.statuses(traces)), (2, ["sent"]))

    def test_a_journal_that_was_emptied_and_counts_anew_settles_all_that_is_known(self):
        mailing, traces = self.claimed(2, "run", (0, Outcome.SENT))
        known = results.Results("run")
        known.expect([Claimed(trace.id, trace.res_id, "", "", 1, 1) for trace in traces])
        with self.committing(mailing) as committing:
            known._settled_ack = committing.env["mailing.journal.ack"]._settle("run", 0) + 1000
            # as PostgreSQL itself empties unlogged tables when it recovers
            committing.env.cr.execute(
                "DELETE FROM mailing_journal_run; DELETE FROM mailing_journal_ack"
            )
            known.add([Result(traces[1].id, Outcome.SENT, "250 ok")])
            known.end(committing.env["mailing.journal.run"], committing)
        self.assertEqual(self.statuses(traces), ["sent", "sent"])

    def test_the_journal_is_unlogged(self):
        self.env.cr.execute(
            "SELECT relpersistence FROM pg_class"
            " WHERE relname IN ('mailing_journal_run', 'mailing_journal_ack')"
        )
        self.assertEqual(self.env.cr.fetchall(), [("u",), ("u",)])

    def test_a_living_run_is_left_alone(self):
        mailing, traces = self.claimed(2, "alive", (0, Outcome.SENT))
        run_id = self.env["mailing.journal.run"].search([]).id
        # a session of another database role would hide when it began, but not its lock
        with self.registry.cursor() as other:
            other.execute("SELECT pg_advisory_lock(%s, %s)", [RUN_LOCK, run_id])
            try:
                self.run_delivery()
            finally:
                other.execute("SELECT pg_advisory_unlock(%s, %s)", [RUN_LOCK, run_id])
        self.assertEqual(self.statuses(traces), ["process", "process"])
        self.assertEqual(mailing.state, "sending")

    def test_a_run_of_another_database_keeps_no_dead_one_here(self):
        _mailing, traces = self.claimed(1, "killed")
        run_id = self.env["mailing.journal.run"].search([]).id
        with closing(db_connect("postgres").cursor()) as elsewhere, self.smtp():
            elsewhere.execute("SELECT pg_advisory_xact_lock(%s, %s)", [RUN_LOCK, run_id])
            self.run_delivery()
        self.assertEqual(self.statuses(traces), ["in_doubt"])

    def test_a_result_belongs_to_one_claim_of_a_row(self):
        mailing, traces = self.claimed(1, "run", (0, Outcome.NOT_SENT))
        with self.committing(mailing) as committing:
            runs = committing.env["mailing.journal.run"]
            journal = committing.env.cr
            runs.env["mailing.journal.ack"]._settle("run", 0)
            # the same run claims the row again, the server takes the message
            journal.execute(
                "UPDATE mailing_trace SET trace_status = 'process', claim_key = 'run',"
                " claim_number = 2 WHERE id = %s",
                [traces.id],
            )
            runs.env["mailing.journal.ack"]._acknowledge(
                journal, "run", [(2, Result(traces.id, Outcome.SENT, "250 ok"))]
            )
            runs._end("run")
        self.assertEqual(self.statuses(traces), ["sent"])

    def test_a_run_that_others_took_for_dead_sends_nothing_more(self):
        self._contacts(5, self.target_list)
        mailing = self._mass_email()
        self.set_setting("smtp_sessions", "1")
        acknowledge, calls = self.acks._acknowledge, []

        def forget_the_run(runs, cr, *args, **kwargs):
            calls.append(args)
            # the first one begins the first message
            if len(calls) == 4:
                cr.execute("DELETE FROM mailing_journal_run")
            return acknowledge(runs, cr, *args, **kwargs)

        with (
            self.smtp() as server,
            patch.object(self.acks, "_acknowledge", forget_the_run),
        ):
            self.send(mailing, server)
            self.assertEqual(len(server.messages), 3)
            self.assertEqual((mailing.sent_count, mailing.waiting_count), (3, 2))
            self.assertIn("lost", mailing.delivery_issue)
            mailing.action_try_now()
            self.run_delivery()
        self.assertEqual(len(server.messages), 5)

    def test_what_was_opened_before_it_was_settled_stays_opened(self):
        mailing, traces = self.claimed(1, "killed", (0, Outcome.SENT))
        traces._receive_open()
        with self.smtp():
            self.run_delivery()
        self.assertEqual(traces.trace_status, "open")
        self.assertTrue(traces.sent_datetime)
        self.assertEqual([event for _name, event in self.events(mailing)], ["opened", "sent"])

    def test_what_bounced_before_it_was_settled_stays_bounced_with_its_reason(self):
        _mailing, traces = self.claimed(1, "killed", (0, Outcome.SENT))
        traces._receive_bounce("final", "no such user")
        with self.smtp():
            self.run_delivery()
        self.assertEqual(traces.trace_status, "bounce")
        self.assertEqual(traces.failure_type, "mail_bounce")
        self.assertEqual(traces.failure_reason, "no such user")
        self.assertTrue(traces.sent_datetime)

    def test_a_result_that_turns_up_late_settles_the_doubt(self):
        mailing, traces = self.claimed(1, "killed")
        with self.smtp():
            self.run_delivery()
        self.assertEqual(self.statuses(traces), ["in_doubt"])
        with self.committing(mailing) as committing:
            result = Result(traces.id, Outcome.SENT, "250 ok", "<1@x>")
            runs = committing.env["mailing.journal.run"]
            runs.env["mailing.journal.ack"]._acknowledge(
                committing.env.cr, "killed", [(1, result)], is_over=True
            )
            runs._end("killed")
        self.assertEqual(self.statuses(traces), ["sent"])

    def test_a_late_result_of_a_message_that_was_left_makes_nobody_get_it_twice(self):
        mailing, traces = self.claimed(4, "survivor", on_wire=4)
        with self.smtp():
            self.run_delivery()
        mailing.action_leave_unknown()
        self.end_late(traces, Outcome.SENT, Outcome.BAD_ADDRESS, Outcome.NOT_SENT)
        self.assertEqual(self.statuses(traces), ["sent", "left", "left", "left"])
        mailing.action_retry_failed()
        self.assertEqual(self.statuses(traces), ["sent", "left", "left", "left"], "left is left")

    def test_who_is_erased_while_her_run_goes_on_stops_no_settle(self):
        mailing, traces = self.claimed(2, "run", (0, Outcome.REFUSED))
        with self.committing(mailing) as committing:
            acks = committing.env["mailing.journal.ack"]
            settled = acks._settle("run", 0)
            traces[0].with_env(acks.env)._erase()
            result = Result(traces[1].id, Outcome.REFUSED, "550 not you")
            acks._acknowledge(acks.env.cr, "run", [(1, result)])
            committing.env["mailing.journal.run"]._end("run", settled)
        self.assertFalse(traces[0].email)
        self.assertEqual(traces[1].trace_status, "outgoing")

    def test_a_late_result_says_nothing_of_a_message_that_is_back_in_the_queue(self):
        mailing, traces = self.claimed(1, "killed", on_wire=0)
        mailing.is_paused = True
        self.run_delivery()
        self.assertEqual(self.statuses(traces), ["outgoing"])
        with self.committing(mailing) as committing:
            acks, result = (
                committing.env["mailing.journal.ack"],
                Result(traces.id, Outcome.DEFERRED, "later"),
            )
            acks._acknowledge(acks.env.cr, "killed", [(1, result)], is_over=True)
            committing.env["mailing.journal.run"]._end("killed")
        self.assertEqual((traces.smtp_reply, traces.retry_datetime), (False, False))

    def test_a_late_result_that_puts_a_message_back_has_its_mass_email_go_on(self):
        mailing, traces = self.claimed(3, "survivor", on_wire=3)
        with self.smtp():
            self.run_delivery()
        self.assertEqual((self.statuses(traces), mailing.state), (["in_doubt"] * 3, "done"))
        self.end_late(traces, Outcome.DEFERRED, Outcome.NOT_SENT, Outcome.SENT)
        self.assertEqual(self.statuses(traces), ["outgoing", "outgoing", "sent"])
        self.assertEqual(mailing.state, "sending")

    def test_a_bounce_before_the_settle_keeps_its_reason(self):
        _mailing, traces = self.claimed(1, "survivor", on_wire=1)
        traces.set_bounced(bounce_message="550 nobody here")
        self.end_late(traces, Outcome.SENT)
        self.assertEqual(self.statuses(traces), ["mail_bounce"])
        self.assertEqual(traces[0].failure_reason, "550 nobody here")
        self.assertTrue(traces[0].sent_datetime)

    def end_late(self, traces, *outcomes):
        """The run that claimed the traces ends with these results."""
        key = traces[0].claim_key
        with self.committing(traces) as committing:
            runs = committing.env["mailing.journal.run"]
            results = [
                (1, Result(trace.id, outcome, "a reply", f"<{trace.id}@x>"))
                for trace, outcome in zip(traces, outcomes, strict=False)
            ]
            runs.env["mailing.journal.ack"]._acknowledge(
                committing.env.cr, key, results, is_over=True
            )
            runs._end(key)

    def test_a_message_in_doubt_takes_its_place_when_it_may_have_left_at_last(self):
        mailing, traces = self.claimed(2, "killed", on_wire=1)
        claimed_at = traces[0].portion_datetime.replace(microsecond=0)
        with self.smtp(), freeze_time(claimed_at + timedelta(minutes=5), tick=True):
            mailing.is_paused = True
            self.run_delivery()
        self.assertEqual(self.statuses(traces), ["in_doubt", "outgoing"])
        self.assertGreaterEqual(traces[0].portion_datetime, claimed_at + timedelta(minutes=5))

    def test_the_delay_of_a_message_has_an_end(self):
        _mailing, traces = self.claimed(2, "run", on_wire=2)
        traces.write({"attempt_count": 60, "setback_count": 60})
        self.set_setting("max_attempts", 100)
        self.env.flush_all()
        self.end_late(traces, Outcome.DEFERRED, Outcome.BUSY)
        self.assertEqual(self.statuses(traces), ["outgoing", "outgoing"])
        for trace, most in zip(traces, (timedelta(days=2), timedelta(hours=2)), strict=True):
            self.assertLess(trace.retry_datetime, fields.Datetime.now() + most)

    def test_what_was_deleted_meanwhile_does_not_stop_a_settle(self):
        """A foreign key is checked against the state of now, the rest against that of then."""
        self.assert_settle_is_tried_again(psycopg2.errors.ForeignKeyViolation("is not present"))

    def test_what_was_made_meanwhile_does_not_stop_a_settle(self):
        self.assert_settle_is_tried_again(psycopg2.errors.UniqueViolation("already exists"))

    def test_each_outcome_has_its_status(self):
        cases = {
            Outcome.SENT: ("sent", False, 1),
            Outcome.DEFERRED: ("outgoing", False, 1),
            Outcome.BAD_ADDRESS: ("error", "mail_email_invalid", 1),
            Outcome.REFUSED: ("outgoing", False, 1),
            Outcome.BUSY: ("outgoing", False, 0),
            Outcome.NOT_SENT: ("outgoing", False, 0),
            Outcome.UNKNOWN: ("error", "in_doubt", 1),
        }
        self.assertEqual(set(cases), set(Outcome))
        mailing, traces = self.claimed(len(cases), "ended", *enumerate(cases))
        with self.committing(mailing) as committing:
            committing.env["mailing.journal.run"]._end("ended")
        for trace, (outcome, expected) in zip(traces, cases.items(), strict=True):
            with self.subTest(outcome=outcome):
                status = (trace.trace_status, trace.failure_type, trace.attempt_count)
                self.assertEqual(status, expected)
                self.assertEqual(bool(trace.retry_datetime), trace.trace_status == "outgoing")
                self.assertEqual(
                    bool(trace.portion_datetime), outcome in (Outcome.SENT, Outcome.UNKNOWN)
                )

    def test_what_the_server_says_at_sending_counts_as_a_bounce(self):
        replies = {
            "550 5.1.1 no such user": (Outcome.BAD_ADDRESS, "dead"),
            "550 no": (Outcome.BAD_ADDRESS, "failing"),
            "452 4.2.2 mailbox full": (Outcome.DEFERRED, "failing"),
            "450 4.7.1 your reputation is bad": (Outcome.DEFERRED, None),
            "554 5.7.1 spam": (Outcome.REFUSED, None),
            "No valid recipient": (Outcome.BAD_ADDRESS, None),
            "451 too many connections": (Outcome.BUSY, None),
            "connection lost": (Outcome.UNKNOWN, None),
        }
        self.set_setting("max_attempts", "1")
        mailing, traces = self.claimed(len(replies), "ended")
        results = [
            (1, Result(trace.id, outcome, reply, f"<{trace.id}@x>"))
            for trace, (reply, (outcome, _state)) in zip(traces, replies.items(), strict=True)
        ]
        with self.committing(mailing) as committing:
            acks, runs = (committing.env[f"mailing.journal.{name}"] for name in ("ack", "run"))
            acks._acknowledge(acks.env.cr, "ended", results, is_over=True)
            runs._end("ended")
        known = {each.address: each for each in self.env["mailing.address"].search([])}
        for trace, (reply, (_outcome, state)) in zip(traces, replies.items(), strict=True):
            row = known.get(trace.email)
            expected = row and ("dead" if row.dead_datetime else "failing")
            with self.subTest(reply=reply):
                self.assertEqual(expected, state)
                if row:
                    self.assertEqual((row.words, row.trace_id), (reply, trace))

    def test_the_last_attempt_fails_for_good(self):
        mailing, traces = self.claimed(2, "ended", (0, Outcome.DEFERRED), (1, Outcome.REFUSED))
        self.set_setting("max_attempts", "1")
        with self.committing(mailing) as committing:
            committing.env["mailing.journal.run"]._end("ended")
        self.assertEqual(self.statuses(traces), ["mail_smtp", "mail_refused"])

    def test_who_met_a_busy_server_for_five_days_is_given_up_until_tried_again(self):
        """RFC 5321, section 4.5.4.1: the give-up time is at least four or five days."""
        mailing, traces = self.claimed(2, "ended", (0, Outcome.BUSY), (1, Outcome.BUSY))
        self.set_setting("max_attempts", "1")
        traces[0].setback_count = SETBACKS_OF_FIVE_DAYS
        traces[1].setback_count = SETBACKS_OF_FIVE_DAYS - 1
        with self.committing(mailing) as committing:
            committing.env["mailing.journal.run"]._end("ended")
        self.assertEqual(self.statuses(traces), ["mail_smtp", "outgoing"])
        self.assertEqual(traces[0].failure_reason, "a reply")
        mailing.action_retry_failed()
        with self.smtp() as server:
            self.run_delivery()
        self.assertEqual((len(server.messages), mailing.state), (2, "done"))

    def test_an_error_while_acknowledging_sends_nothing_twice(self):
        self._contacts(2, self.target_list)
        mailing = self._mass_email()
        for error in (RuntimeError("surprise"), psycopg2.OperationalError("terminated")):
            with self.subTest(error=error), self.smtp() as server:
                mailing = self._mass_email()
                self.fail_once("_acknowledge", error, mailing, server)
                # what was sent is known, the connection came back within the run
                self.assertEqual(mailing.unknown_count, 0)
                mailing.action_try_now()
                self.run_delivery()
                self.assertEqual(len(server.messages), 2, "sent twice or lost")
                self.assertEqual(mailing.sent_count, 2)

    def test_an_error_while_settling_sends_nothing_twice(self):
        self._contacts(2, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server, patch.object(results, "SETTLE_COUNT", 1):
            self.fail_once(
                "_settle_acknowledged", psycopg2.errors.DiskFull("no space left"), mailing, server
            )
            mailing.action_try_now()
            self.run_delivery()
        self.assertEqual(len(server.messages), 2, "sent twice or lost")
        self.assertEqual((mailing.sent_count, mailing.state), (2, "done"))

    def test_an_error_at_the_end_of_a_run_sends_nothing_twice_and_is_told(self):
        self._contacts(2, self.target_list)
        mailing, runs = self._mass_email(), type(self.env["mailing.journal.run"])
        end, calls = runs._end_claims, []

        def fail(*args, **kwargs):
            calls.append(args)
            if len(calls) == 1:
                raise psycopg2.errors.DiskFull("no space left")
            return end(*args, **kwargs)

        with (
            self.smtp() as server,
            patch.object(runs, "_end_claims", fail),
            patch.object(run.time, "sleep"),
            mute_logger("odoo.addons.mass_mailing_campaign.engine"),
        ):
            self.send(mailing, server)
        self.assertEqual((len(server.messages), mailing.sent_count), (2, 2))
        self.assertIn("no space left", mailing.delivery_issue)

    def test_a_crash_of_postgresql_in_mid_run_sends_nothing_twice(self):
        self._contacts(4, self.target_list)
        mailing = self._mass_email()
        acknowledge, calls = self.acks._acknowledge, []

        def crash(runs, journal, *args, **kwargs):
            calls.append(args)
            # the second result was written down and not settled; the third cannot be written
            if len(calls) in (3, 4):
                journal.execute("DELETE FROM mailing_journal_ack; DELETE FROM mailing_journal_run")
                journal.commit()
                raise psycopg2.OperationalError("terminated")
            return acknowledge(runs, journal, *args, **kwargs)

        with (
            self.smtp() as server,
            patch.object(self.acks, "_acknowledge", crash),
            patch.object(results, "SETTLE_SECONDS", 100),
            patch.object(run.time, "sleep"),
            mute_logger(
                "odoo.addons.mass_mailing_campaign.engine.job",
                "odoo.addons.mass_mailing_campaign.models.mailing_sender",
            ),
        ):
            self.send(mailing, server)
            mailing.action_try_now()
            self.run_delivery()
        self.assertEqual(len(server.messages), 4, "sent twice or lost")
        self.assertEqual((mailing.sent_count, mailing.unknown_count), (4, 0))

    def test_a_crash_of_postgresql_before_a_settle_sends_nothing_twice(self):
        """A settle, with a session of its own, may be the first to have one after the crash."""
        self._contacts(4, self.target_list)
        mailing = self._mass_email()
        settle, calls = self.acks._settle, []

        def crash(acks, *args):
            calls.append(args)
            if len(calls) == 2:
                acks.env.cr.execute(
                    "DELETE FROM mailing_journal_ack; DELETE FROM mailing_journal_run"
                )
            return settle(acks, *args)

        with (
            self.smtp() as server,
            patch.object(self.acks, "_settle", crash),
            patch.object(results, "SETTLE_COUNT", 1),
        ):
            self.send(mailing, server)
            self.assertIn("lost", mailing.delivery_issue)
            mailing.action_try_now()
            self.run_delivery()
        self.assertEqual(len(server.messages), 4, "sent twice or lost")
        self.assertEqual((mailing.sent_count, mailing.unknown_count), (4, 0))

    def test_a_run_that_survives_a_crash_of_postgresql_knows_what_never_left(self):
        mailing, traces = self.claimed(4, "survivor", (0, Outcome.SENT))
        self.env.cr.execute("DELETE FROM mailing_journal_run; DELETE FROM mailing_journal_ack")
        with self.smtp():
            self.run_delivery()
        self.assertEqual(self.statuses(traces), ["in_doubt"] * 4)
        self.assertEqual(mailing.state, "done")
        with self.committing(traces) as committing:
            runs = committing.env["mailing.journal.run"]
            late = [
                (1, Result(traces[0].id, Outcome.SENT, "250 ok", "<0@x>")),
                (1, Result(traces[1].id, Outcome.UNKNOWN, "connection lost")),
            ]
            runs.env["mailing.journal.ack"]._acknowledge(
                committing.env.cr, "survivor", late, is_over=True
            )
            runs._end("survivor")
        self.assertEqual(self.statuses(traces), ["sent", "in_doubt", "outgoing", "outgoing"])
        self.assertEqual([trace.attempt_count for trace in traces], [1, 1, 0, 0])
        self.assertEqual(mailing.state, "sending")

    def test_a_serialization_failure_is_tried_again(self):
        self.assert_settle_is_tried_again(Conflict())

    def assert_settle_is_tried_again(self, error):
        self._contacts(2, self.target_list)
        mailing = self._mass_email()
        with (
            self.smtp() as server,
            mute_logger("odoo.service.model"),
            patch("odoo.service.model.random.uniform", return_value=0),
        ):
            self.fail_once("_settle_acknowledged", error, mailing, server)
        self.assertEqual((len(server.messages), mailing.state), (2, "done"))
        self.assertFalse(mailing.delivery_issue)

    def fail_once(self, name, error, mailing, server):
        original, calls = getattr(self.acks, name), []

        def fail(*args, **kwargs):
            calls.append(args)
            if len(calls) == 1:
                raise error
            return original(*args, **kwargs)

        with (
            patch.object(self.acks, name, fail),
            patch.object(run.time, "sleep"),
            mute_logger(
                "odoo.addons.mass_mailing_campaign.engine.job",
                "odoo.addons.mass_mailing_campaign.models.mailing_sender",
            ),
        ):
            self.send(mailing, server)


class TestUnknown(MassEmailCase):
    """The user decides on messages that nobody knows the fate of."""

    def setUp(self):
        super().setUp()
        self._contacts(3, self.target_list)
        self.mailing = self._mass_email()
        self.server = self.enterContext(self.smtp())
        self.set_setting("smtp_sessions", "1")
        self.server.replies["DATA"] = "hang up"
        self.send(self.mailing, self.server)
        self.server.replies.clear()
        self.mailing = self.mailing.with_user(self.marketer)

    def test_unknown_messages_are_sent_again_when_the_user_says_so(self):
        self.assertEqual(self.mailing.in_doubt_count, 3)
        self.mailing.action_send_unknown_again()
        self.run_delivery()
        self.assertEqual(len(self.server.messages), 3)
        self.assertEqual((self.mailing.state, self.mailing.unknown_count), ("done", 0))

    def test_unknown_messages_are_left_when_the_user_says_so(self):
        self.mailing.action_leave_unknown()
        self.run_delivery()
        self.assertFalse(self.server.messages)
        self.assertEqual((self.mailing.unknown_count, self.mailing.in_doubt_count), (3, 0))
        self.mailing.action_retry_failed()
        self.run_delivery()
        self.assertFalse(self.server.messages, "left is left")

    def test_the_user_decides_on_a_single_message(self):
        trace = self.mailing.mailing_trace_ids[0]
        trace.action_send_again()
        self.run_delivery()
        self.assertEqual(self.server.addresses(), [trace.email])
        self.assertEqual(self.mailing.in_doubt_count, 2)
