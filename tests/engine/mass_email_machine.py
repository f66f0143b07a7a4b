from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from odoo.addons.mass_mailing_campaign.delivery.bounce import Kind
from odoo.addons.mass_mailing_campaign.delivery.report import Report
from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome
from odoo.exceptions import UserError

from .audience_machine import ADDRESS, PERSON
from .oracle import ADDRESSES
from .run_machine import MAILING, MOST_RUNS, RunMachine

UNDECIDED = {"in_doubt", "left"}

ROW = st.runner().flatmap(lambda machine: st.sampled_from(machine.rows()))
TRANSMISSION = st.runner().flatmap(lambda machine: st.sampled_from(sorted(machine.copies)))

has_copies = precondition(lambda machine: machine.copies)
has_rows = precondition(lambda machine: machine.rows())


class MassEmailMachine(RunMachine):
    """What users do with mass emails and recipients with messages, beside all the rest."""

    @rule(mailing=MAILING, button=st.sampled_from(["pause", "resume", "try_now"]))
    def press(self, mailing, button):
        getattr(self.mailing(mailing), f"action_{button}")()

    @rule(mailing=MAILING)
    def end_mass_email(self, mailing):
        self.mailing(mailing).action_end()

    @rule(mailing=MAILING)
    def retry_failed(self, mailing):
        self.mailing(mailing).action_retry_failed()

    @rule(mailing=MAILING)
    def leave_unknown(self, mailing):
        self.mailing(mailing).action_leave_unknown()

    @rule(mailing=MAILING)
    def send_unknown_again(self, mailing):
        self.allow_again(row for row in self.rows_of(mailing) if row.reason == "in_doubt")
        self.mailing(mailing).action_send_unknown_again()

    @has_rows
    @rule(row=ROW)
    def send_again(self, row):
        self.allow_again([row])
        self.traces.browse(row.id).action_send_again()

    def allow_again(self, rows):
        for row in rows:
            if row.status == "error" and row.reason in UNDECIDED:
                self.repeats[row.mailing, row.email] += 1

    @rule(mailing=MAILING, person=PERSON)
    def send_test(self, mailing, person):
        mass_email = self.mass_emails[mailing]
        is_refused = bool(self.mailing(mailing)._objections(self.contact(person)))
        assert is_refused != bool(self.oracle.may_be_tested(mass_email, person))
        if not is_refused and len(self.alive) < MOST_RUNS:
            run = self.enter_journal(mailing, 1, is_test=True)
            with suppress(UserError):  # the portion is used up
                run.rows = self.traces._claim_tests(
                    self.mailing(mailing), run.run, self.contact(person)
                )
                self.acks._acknowledge(self.env.cr, run.key, [], begun=run.begin())
                self.hand_over(run)

    @has_copies
    @rule(transmission=TRANSMISSION, sign=st.sampled_from(["open", "policy", "final", "reply"]))
    def come_back(self, transmission, sign):
        """It is opened, answered or bounces, maybe before anybody knows that it was sent."""
        self.opened.add(transmission)
        trace = self.traces.browse(transmission[0])
        if sign == "open":
            trace._receive_open()
        elif sign == "reply":
            trace._receive_reply()
        else:
            address = self.copies[transmission].address
            report = Report(Kind(sign), addresses=(address,), words="no such user")
            trace._receive_report(report)
            # the row of who was moved on to another address tells of that one
            if sign == "final" and trace.email == address:
                self.oracle.dead.add(address)
            elif sign == "final" and trace._is_named([address]):
                self.oracle.dead.add(trace.email)

    @rule(address=ADDRESS)
    def clear_address(self, address):
        """A user says that an address is alive."""
        known = self.env["mailing.address"].search([("address", "=", ADDRESSES[address])])
        assert bool(known.dead_datetime) == (ADDRESSES[address] in self.oracle.dead)
        known.action_clear()
        self.oracle.dead.discard(ADDRESSES[address])

    @has_copies
    @rule(transmission=TRANSMISSION)
    def complain(self, transmission):
        self.opened.add(transmission)
        trace, copy = self.traces.browse(transmission[0]), self.copies[transmission]
        mass_email, person = self.mass_emails[copy.mailing], self.recipient(trace)
        self.oracle.complain_by(
            trace.id, mass_email, person, trace.email, copy.is_test, self.brought_by(trace)
        )
        trace._receive_complaint("abuse")

    @has_copies
    @rule(transmission=TRANSMISSION, opts_out=st.booleans())
    def opt_out_by_message(self, transmission, opts_out):
        self.opened.add(transmission)
        trace, copy = self.traces.browse(transmission[0]), self.copies[transmission]
        self.decide_by_message(trace, copy.mailing, copy.is_test, opts_out)

    @precondition(lambda machine: not machine.alive)
    @rule(mailing=MAILING)
    def play_to_the_end(self, mailing):
        """Nothing goes wrong any more: the mass email completes, and nobody is forgotten."""
        record = self.mailing(mailing)
        was_sending = record.state == "sending"
        record.action_resume()
        for _hour in range(9):
            self.wait(61)
            self.end_dead()
            if record._is_due():
                run = self.enter_journal(mailing, 1)
                while self.claim_for(run, 100):
                    while run.rows:
                        self.answer(run, 0, Outcome.SENT)
                self.end_run(run, Outcome.UNKNOWN)
        assert record.state in ("draft", "done")
        if was_sending:
            self.check_nobody_is_forgotten(mailing)

    def check_nobody_is_forgotten(self, mailing):
        """Who was put aside for another's sake is not mailed only where another is, or is ended."""
        rows = self.rows_of(mailing)
        held = {row.email for row in rows if row.status != "cancel" or row.reason == "ended"}
        for row in self.rows_of(mailing, "cancel"):
            if row.reason == "mail_dup" and row.id in self.mailable(mailing):
                assert self.oracle.person(row.contact_id).address in held, f"{row} is forgotten"
