import os
from collections import Counter
from datetime import timedelta

from hypothesis.stateful import invariant

from odoo.addons.mass_mailing_campaign.models.message.mailing_trace import STANDINGS

from ..common import MassEmailCase
from .audience_machine import play
from .mass_email_machine import MassEmailMachine

# More of both to hunt for long.
EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "14"))
STEPS = int(os.environ.get("STATE_MACHINE_STEPS", "40"))

PORTION, DOMAIN_PORTION = 5, 3
HOUR = timedelta(hours=1)
# The states of a message, and what may be told as its reason.
REASONS = {
    "outgoing": {None},
    "process": {None},
    "sent": {None},
    "open": {None, "mail_bounce"},
    "reply": {None, "mail_bounce"},
    "bounce": {"mail_bounce"},
    "error": {"mail_smtp", "mail_email_invalid", "mail_refused", "in_doubt", "left"},
    "cancel": {"excluded", "archived", "removed", "mail_email_missing", "mail_email_invalid"}
    | {"mail_bl", "mail_optout", "mail_dup", "ended", "dead"},
}


class Machine(MassEmailMachine):
    """After each step holds what must always hold."""

    def __init__(self, case):
        super().__init__(case)
        self.added_up = {}

    @invariant()
    def holds(self):
        rows = self.rows()
        self.nobody_got_it_twice()
        self.no_portion_is_exceeded()
        self.every_row_has_a_known_state_and_reason(rows)
        self.who_is_on_the_wire_belongs_to_a_run_and_who_waits_to_none(rows)
        self.of_whom_something_came_back_the_log_knows_that_she_was_sent_to()
        for name in self.mass_emails:
            of_name = [row for row in rows if row.mailing == name]
            # what no step has changed adds up as before
            if of_name != self.added_up.get(name):
                self.sums_agree(name, of_name)
                self.added_up[name] = of_name
            self.nobody_waits_in_a_mass_email_that_is_done(name)

    def nobody_got_it_twice(self):
        copies = Counter((c.mailing, c.address) for c in self.copies.values() if not c.is_test)
        for key, count in copies.items():
            assert count <= 1 + self.repeats[key], f"{key} got it {count} times"

    def no_portion_is_exceeded(self):
        recent = [copy for copy in self.copies.values() if copy.moment > self.clock - HOUR]
        assert len(recent) <= PORTION, recent
        # a test may go to a domain that had its portion, and counts there
        domains = Counter(copy.address.split("@")[1] for copy in recent if not copy.is_test)
        assert max(domains.values(), default=0) <= DOMAIN_PORTION, domains

    def of_whom_something_came_back_the_log_knows_that_she_was_sent_to(self):
        self.env.cr.execute(
            """
            SELECT trace.id, trace.trace_status, ARRAY_AGG(line.event_type)
              FROM mailing_trace trace JOIN mailing_trace_event line ON line.trace_id = trace.id
             WHERE trace.trace_status != 'process'
             GROUP BY trace.id HAVING NOT BOOL_OR(line.event_type = 'sent')
            """
        )
        assert not (unsent := self.env.cr.fetchall()), unsent

    def every_row_has_a_known_state_and_reason(self, rows):
        for row in rows:
            assert row.reason in REASONS[row.status], row

    def who_is_on_the_wire_belongs_to_a_run_and_who_waits_to_none(self, rows):
        for row in rows:
            assert row.status != "process" or row.claim_key in self.in_journal_or_lost, row
            assert row.status != "outgoing" or not row.claim_key, row

    def sums_agree(self, name, rows):
        mailing = self.mailing(name)
        statuses = Counter(row.status for row in rows)
        assert mailing.member_count == len(rows)
        assert mailing.cancelled_count == statuses["cancel"]
        assert mailing.queued_count == len(rows) - statuses["cancel"]
        assert mailing.waiting_count == statuses["outgoing"] + statuses["process"]
        assert mailing.queued_count == (
            mailing.sent_count
            + mailing.failed_count
            + mailing.unknown_count
            + mailing.waiting_count
        )
        standings = Counter(mailing.mailing_trace_ids.mapped("standing"))
        for standing, _label in STANDINGS:
            domain = [("mass_mailing_id", "=", mailing.id), ("standing", "=", standing)]
            assert self.traces.search_count(domain) == standings[standing]

    def nobody_waits_in_a_mass_email_that_is_done(self, name):
        if not any(run.mailing == name for run in (*self.alive, *self.dead)):
            is_done = self.mailing(name).state == "done"
            assert not (is_done and self.rows_of(name, "outgoing"))


class TestStateMachine(MassEmailCase):
    """Whatever happens in whatever order, what must always hold holds."""

    def test_what_must_always_hold_holds_whatever_happens(self):
        for name, size in (("portion_size", PORTION), ("domain_portion_size", DOMAIN_PORTION)):
            self.set_setting(name, size)
        Machine.prepare(self)
        play(lambda: Machine(self), EXAMPLES, STEPS)
