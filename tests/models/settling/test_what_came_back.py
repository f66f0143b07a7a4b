from datetime import timedelta

from odoo import fields
from odoo.addons.mass_mailing_campaign.delivery.bounce import Kind
from odoo.addons.mass_mailing_campaign.delivery.report import Report
from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome

from ...common import MassEmailCase


class TestWhatCameBack(MassEmailCase):
    """A message of which something comes back was sent, whatever was known of that."""

    def setUp(self):
        super().setUp()
        self.anna = self._contact("Anna", self.target_list)
        self.mailing = self._mass_email(open_tracking=True)
        self.mailing._build_queue()
        self.mailing.state = "done"
        self.trace = self.mailing.mailing_trace_ids.sudo()
        self.sent_at = fields.Datetime.now() - timedelta(hours=3)
        self.stands("error", failure_type="in_doubt", failure_reason="The server stopped")

    def stands(self, status, **values):
        self.trace.write(
            {
                "failure_type": False,
                "failure_reason": False,
                "sent_datetime": False,
                "portion_datetime": self.sent_at,
                **values,
                "trace_status": status,
            }
        )
        self.env["mailing.trace.event"].search([("trace_id", "=", self.trace.id)]).unlink()

    def kinds(self):
        return [kind for _name, kind in self.events(self.mailing)]

    def test_it_is_in_doubt_no_more(self):
        happenings = {
            "open": self.trace._receive_open,
            "click": lambda: self.trace._receive_click(self.offer.code),
            "machine": lambda: self.trace._receive_hit(self.trace.token, made_by="machine"),
            "reply": self.trace._receive_reply,
            "opt-out": self.trace._receive_opt_out,
            "bounce": lambda: self.trace._receive_bounce("final", "no such user"),
            "vacation": lambda: self.trace._receive_reply(is_by_program=True),
            "delayed": lambda: self.trace._receive_report(Report(Kind.DELAYED)),
        }
        for reason in ("in_doubt", "left"):
            for name, happen in happenings.items():
                with self.subTest(name, reason=reason):
                    self.stands("error", failure_type=reason, failure_reason="Unknown")
                    happen()
                    self.assertEqual(self.kinds().count("sent"), 1)
                    self.assertEqual(self.trace.standing, "taken")
                    self.assertNotEqual(self.trace.failure_reason, "Unknown")
                    self.assertEqual(self.trace.sent_datetime, self.sent_at.replace(microsecond=0))
                    self.anna.subscription_ids.opt_out = False

    def test_the_log_says_when_it_was_sent_and_others_hear_of_it(self):
        heard = []
        self.patch(
            type(self.env["mailing.trace.event"]),
            "_after_event",
            lambda lines, kind: heard.append((kind, len(lines))),
        )
        self.trace._receive_open()
        line = self.env["mailing.trace.event"].search(
            [("trace_id", "=", self.trace.id), ("event_type", "=", "sent")]
        )
        self.assertEqual(line.event_datetime, self.sent_at.replace(microsecond=0))
        self.assertEqual(sorted(heard), [("opened", 1), ("sent", 1)])

    def test_openings_that_are_not_tracked_tell_as_well(self):
        self.mailing.open_tracking = False
        self.trace._receive_open()
        self.assertEqual((self.kinds(), self.trace.trace_status), (["sent"], "sent"))

    def test_it_does_not_wait_to_be_sent_again(self):
        self.trace.action_send_again()
        self.trace.retry_datetime = fields.Datetime.now() + timedelta(hours=1)  # and was deferred
        self.trace._receive_hit(self.trace.token, made_by="machine")
        self.assertEqual((self.trace.trace_status, self.kinds()), ("sent", ["opened", "sent"]))
        self.assertFalse(self.trace.retry_datetime)
        self.assertFalse(self.mailing.waiting_count)

    def test_who_is_not_mailed_any_more_had_an_earlier_copy(self):
        for happen, kinds in (
            (self.trace._receive_open, ["opened", "sent"]),
            (self.trace._receive_reply, ["opened", "replied", "sent"]),
            (lambda: self.trace._receive_bounce("policy", "no"), ["bounced", "sent"]),
        ):
            self.stands("cancel", failure_type="removed")
            happen()
            status = (self.trace.trace_status, self.trace.failure_type)
            self.assertEqual(status, ("cancel", "removed"), "another may have her place by now")
            self.assertEqual(self.kinds(), kinds)

    def test_what_came_back_of_a_copy_that_was_known_says_nothing_of_the_next(self):
        """As of one that bounced: who sends it again means it."""
        self.stands("process", claim_key="run", claim_number=1, attempt_count=1)
        self.trace._log_event("sent")
        self.trace._log_event("opened")
        self.env["mailing.journal.ack"].create(
            {
                "run_key": "run",
                "trace_id": self.trace.id,
                "claim_number": 1,
                "outcome": Outcome.DEFERRED.value,
                "reply": "450 later",
                "ack_datetime": fields.Datetime.now(),
            }
        )
        self.env["mailing.journal.run"]._end_claims("run")
        self.assertEqual(self.trace.trace_status, "outgoing")

    def test_what_is_on_the_wire_has_a_result_of_its_own(self):
        """A machine may look at it before that; its run may die, or be told that it is refused."""
        self.set_setting("max_attempts", 1)
        journal, acks = self.env["mailing.journal.run"], self.env["mailing.journal.ack"]
        for outcome in (Outcome.SENT, Outcome.REFUSED, None):
            with self.subTest(outcome):
                key = f"run {outcome}"
                self.stands("process", claim_key=key, claim_number=1, attempt_count=1)
                self.trace._receive_hit(self.trace.token, made_by="machine")
                self.assertEqual((self.trace.trace_status, self.kinds()), ("process", ["opened"]))
                if outcome:
                    acks.create(
                        {
                            "run_key": key,
                            "trace_id": self.trace.id,
                            "claim_number": 1,
                            "outcome": outcome.value,
                            "reply": "550 no",
                            "ack_datetime": fields.Datetime.now(),
                        }
                    )
                journal._end_claims(key, is_lost=not outcome)
                self.assertEqual(self.trace.trace_status, "sent")
                self.assertEqual(self.kinds(), ["opened", "sent"])

    def test_figures_and_presets_agree(self):
        self.trace._receive_click(self.offer.code)
        figures = {each["name"]: each for each in self.mailing.get_figures()}
        self.assertEqual((figures["sent"]["count"], figures["opened"]["share"]), (1, 1))
        self.assertEqual(self.mailing.sent_count, 1)
        presets = self.env["mailing.list.from.log"].count_presets(self.campaign.id)
        self.assertEqual((presets["clicked"], presets["not_opened"]), (1, 0))
