from collections import Counter, namedtuple
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome, Result
from odoo.addons.mass_mailing_campaign.engine.run import Run
from odoo.addons.mass_mailing_campaign.engine.turns import RUN_LOCK
from odoo.addons.mass_mailing_campaign.models.queue import mailing_mailing as queue
from odoo.exceptions import UserError
from odoo.tools import SQL

from .audience_machine import LISTS, AudienceMachine, memberships

MOST_RUNS = 3
# Members that get their rows at once.
PART_OF_A_QUEUE = 2
# By these the server has the message, or may have it.
TAKEN = {Outcome.SENT, Outcome.UNKNOWN}

MAILING = st.sampled_from(["news", "offer", "again"])
OUTCOME = st.sampled_from(Outcome)
ALIVE = st.runner().flatmap(lambda machine: st.sampled_from(machine.alive))
DEAD = st.runner().flatmap(lambda machine: st.sampled_from(machine.dead))

has_alive = precondition(lambda machine: machine.alive)
has_dead = precondition(lambda machine: machine.dead)

Row = namedtuple("Row", "id mailing contact_id email status reason claim_key")
# A message that the mail server has taken or may have taken.
Copy = namedtuple("Copy", "mailing address moment is_test")


class PlayedRun:
    """A run as the machine plays it: what of its claims has no result yet, what is on the wire.

    :ivar results: [(claim number, Result)] that are written down and not settled
    """

    def __init__(self, run, mailing, session_count, is_test):
        self.run = run
        self.key = run.key
        self.mailing = mailing
        self.is_test = is_test
        self.session_count = session_count
        self.rows, self.on_wire = [], []
        self.results = []
        self.settled_ack = 0

    def __repr__(self):
        return f"<run {self.key[:4]}>"

    def begin(self):
        """Begin a next message in each free session; where one is offered ahead it goes first."""
        waiting = [row for row in self.rows if row not in self.on_wire]
        begun = []
        while waiting and len(self.on_wire) < self.session_count:
            begun.append(waiting.pop(min(self.session_count, len(waiting) - 1)))
            self.on_wire.append(begun[-1])
        return [(row.claim_number, row.id) for row in begun]

    def transmission(self, row):
        return row.id, row.claim_number, self.key


class RunMachine(AudienceMachine):
    """Runs that claim, send, settle, die and turn up late.

    :ivar copies: ``{transmission: Copy}`` of what the mail server has, or may have
    :ivar opened: those of which something came back, so it has them for certain
    :ivar repeats: how often a user chose to send again what may have been delivered
    """

    def __init__(self, case):
        super().__init__(case)
        case.patch(queue, "MEMBERS_AT_ONCE", PART_OF_A_QUEUE)
        self.names = {self._ids[name]: name for name in self.mass_emails}
        self.alive, self.dead, self.in_journal_or_lost = [], [], set()
        self.copies, self.opened, self.repeats = {}, set(), Counter()
        self.clock = timedelta()

    def rows(self):
        """The members of both mass emails, and the tests."""
        self.env.flush_all()
        self.env.invalidate_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id, mass_mailing_id, res_id, email, trace_status, failure_type, claim_key"
                "  FROM mailing_trace"
                " WHERE mass_mailing_id = ANY(%(ids)s) OR test_mailing_id = ANY(%(ids)s)"
                " ORDER BY id",
                ids=list(self.names),
            )
        )
        return [Row(row[0], self.names.get(row[1]), *row[2:]) for row in rows]

    def rows_of(self, mailing, *statuses):
        return [
            row
            for row in self.rows()
            if row.mailing == mailing and (not statuses or row.status in statuses)
        ]

    @property
    def traces(self):
        return self.env["mailing.trace"].sudo()

    @property
    def journal(self):
        return self.env["mailing.journal.run"]

    @property
    def acks(self):
        return self.env["mailing.journal.ack"]

    @initialize(
        memberships=memberships(LISTS, fewest=1),
        pending=st.sets(MAILING, min_size=1),
    )
    def begin(self, memberships, pending):
        self.fill(lists - {"competitors"} for lists in memberships)
        for mailing in sorted(pending):
            self.build_queue(mailing)

    # ------------------------------------------------------------
    # Runs
    # ------------------------------------------------------------

    @rule(mailing=MAILING)
    def build_queue(self, mailing):
        mass_email, record = self.mass_emails[mailing], self.mailing(mailing)
        members = [p for p in self.oracle.people if p.ticks.keys() & mass_email.target_lists]
        if record.state == "draft" and members:
            if not any(self.oracle.may_be_mailed(mass_email, person) for person in members):
                self.refuses_to_reach_nobody(record)
                return
            record.action_set_pending()
            record._have_queue()
            rows = self.rows_of(mailing)
            assert sorted(r.contact_id for r in rows) == sorted(p.contact_id for p in members)
            mailable = self.mailable(mailing)
            assert {row.id for row in rows if row.status == "outgoing"} <= mailable
            self.check_not_mailed(mailing, [], mailable)

    @staticmethod
    def refuses_to_reach_nobody(record):
        try:
            record.action_set_pending()
        except UserError:
            return
        raise AssertionError("it would reach nobody")

    @precondition(lambda machine: len(machine.alive) < MOST_RUNS)
    @rule(mailing=MAILING, session_count=st.integers(1, 3))
    def begin_run(self, mailing, session_count):
        if self.mailing(mailing)._is_due():
            self.enter_journal(mailing, session_count)

    def enter_journal(self, mailing, session_count, is_test=False):
        run = Run(self.mailing(mailing), self.env["ir.mail_server"], "news@garden.example.com")
        with self.journal._alive(run.key):
            pass
        self.lock("pg_advisory_lock", run.key)
        played = PlayedRun(run, mailing, session_count, is_test)
        self.alive.append(played)
        self.in_journal_or_lost.add(run.key)
        return played

    def lock(self, function, key):
        self.env.execute_query(
            SQL(f"SELECT {function}(%s, id) FROM mailing_journal_run WHERE key = %s", RUN_LOCK, key)
        )

    @has_alive
    @rule(run=ALIVE, most=st.integers(1, 5))
    def claim(self, run, most):
        """The next chunk, when the one before was handed to the sessions."""
        if len(run.rows) == len(run.on_wire) and not run.is_test:
            self.claim_for(run, most)

    def claim_for(self, run, most):
        not_mailed, mailable = self.rows_of(run.mailing, "cancel"), self.mailable(run.mailing)
        claimed = self.traces._claim(self.mailing(run.mailing), run.run, most)
        for row in claimed:
            person = self.oracle.person(row.contact_id)
            assert row.id in mailable, f"{person} must not be mailed"
            assert row.email == person.address
        assert not (claimed and self.mailing(run.mailing).is_ended), "mailed after its end"
        self.check_not_mailed(run.mailing, not_mailed, mailable)
        run.rows += claimed
        self.acks._acknowledge(self.env.cr, run.key, [], begun=run.begin())
        self.hand_over(run)
        return claimed

    def mailable(self, mailing):
        """Ids of the rows of a queue whose people may be mailed, says the oracle."""
        people = {row.id: self.oracle.person(row.contact_id) for row in self.rows_of(mailing)}
        may_be_mailed, mass_email = self.oracle.may_be_mailed, self.mass_emails[mailing]
        return {row_id for row_id, p in people.items() if p and may_be_mailed(mass_email, p)}

    def check_not_mailed(self, mailing, before, mailable):
        """Who was put aside just now, for what she is herself, must not be mailed."""
        known = {row.id for row in before}
        for row in self.rows_of(mailing, "cancel"):
            if row.id not in known and row.reason != "mail_dup":
                assert row.id not in mailable, f"{row} may be mailed"

    def hand_over(self, run):
        """Each free session gets the next message; from then on the server may have it."""
        for row in run.on_wire:
            copy = Copy(run.mailing, row.email, self.clock, run.is_test)
            self.copies.setdefault(run.transmission(row), copy)

    @has_alive
    @rule(run=ALIVE, place=st.integers(0, 2), outcome=OUTCOME)
    def answer(self, run, place, outcome):
        """The mail server answers on one of the sessions."""
        if run.on_wire:
            result = self.result(run, run.on_wire[place % len(run.on_wire)], outcome)
            cr, begun = self.env.cr, run.begin()
            assert self.acks._acknowledge(cr, run.key, [result], begun=begun)
            run.results.append(result)
            self.hand_over(run)

    def result(self, run, row, outcome):
        run.rows.remove(row)
        run.on_wire.remove(row)
        transmission = run.transmission(row)
        if transmission in self.opened:
            outcome = Outcome.SENT
        if outcome not in TAKEN:
            del self.copies[transmission]
        return row.claim_number, Result(row.id, outcome, "a reply")

    @has_alive
    @rule(run=ALIVE)
    def settle(self, run):
        run.settled_ack = self.acks._settle(run.key, run.settled_ack)
        run.results.clear()

    @has_alive
    @rule(run=ALIVE, outcome=OUTCOME)
    def end_run(self, run, outcome):
        """It ends, with a last result for what is on the wire."""
        self.lock("pg_advisory_unlock", run.key)
        self.alive.remove(run)
        self.report(run, [], outcome)
        sent = {result.key for _n, result in run.results if result.outcome is Outcome.SENT}
        assert not sent & {row.id for row in self.rows() if row.status == "outgoing"}
        self.mailing(run.mailing)._finish()

    def report(self, run, results, outcome):
        results = results + [self.result(run, row, outcome) for row in list(run.on_wire)]
        if results:
            self.acks._acknowledge(self.env.cr, run.key, results, is_over=True)
        self.journal._end(run.key)
        self.in_journal_or_lost.discard(run.key)

    @precondition(lambda machine: len(machine.alive) < MOST_RUNS)
    @rule(
        mailing=MAILING,
        chunks=st.lists(st.lists(OUTCOME, max_size=5), min_size=1, max_size=2),
        end=st.sampled_from(["settle", "end_run", "kill", "crash_of_postgresql"]),
    )
    def play_run(self, mailing, chunks, end):
        """The single steps at once: they seldom come in this order by chance."""
        if self.mailing(mailing)._is_due():
            run = self.enter_journal(mailing, 2)
            for outcomes in chunks:
                self.settle(run)
                self.mailing(mailing).action_try_now()
                self.claim(run, 5)
                for outcome in outcomes:
                    self.answer(run, 0, outcome)
            arguments = {"crash_of_postgresql": (), "end_run": (run, Outcome.UNKNOWN)}
            getattr(self, end)(*arguments.get(end, (run,)))

    @has_alive
    @rule(run=ALIVE)
    def kill(self, run):
        self.lock("pg_advisory_unlock", run.key)
        self.alive.remove(run)
        self.dead.append(run)

    @has_alive
    @rule()
    def crash_of_postgresql(self):
        for run in list(self.alive):
            self.kill(run)
        self.env.cr.execute("DELETE FROM mailing_journal_run; DELETE FROM mailing_journal_ack")

    @rule()
    def end_dead(self):
        self.journal._end_dead()
        self.in_journal_or_lost = {run.key for run in self.alive}

    @has_dead
    @rule(run=DEAD, outcome=OUTCOME)
    def report_late(self, run, outcome):
        """It was not dead, but cut off from the database, and tells all that it knows again."""
        self.dead.remove(run)
        self.report(run, run.results, outcome)

    @precondition(lambda machine: not machine.alive)
    @rule(minutes=st.sampled_from([5, 20, 61]))
    def wait(self, minutes):
        """All there is gets older. Nobody is cut off for so long."""
        self.dead.clear()
        self.clock += timedelta(minutes=minutes)
        self.env.cr.execute(
            "UPDATE mailing_trace SET portion_datetime = portion_datetime - %(minutes)s,"
            " retry_datetime = retry_datetime - %(minutes)s",
            {"minutes": timedelta(minutes=minutes)},
        )
