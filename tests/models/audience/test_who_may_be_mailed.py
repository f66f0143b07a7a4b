from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from ...common import MassEmailCase
from ...engine.audience_machine import AudienceMachine, memberships, play
from .test_claim import claim_all

EXAMPLES, STEPS = 6, 20

MESSAGE = st.runner().flatmap(lambda machine: st.sampled_from(machine.messages))


class WaitingMachine(AudienceMachine):
    """Anything may happen while a mass email waits; then exactly those are mailed who may be.

    :ivar messages: [(id, name of the mass email)] of those that wait from the beginning
    """

    @initialize(memberships=memberships(["customers", "friends"], fewest=1))
    def begin(self, memberships):
        self.fill(memberships)
        for name in self.mass_emails:
            self.mailing(name)._build_queue()
        self.messages = [(row.id, name) for name in self.mass_emails for row in self.waiting(name)]

    def waiting(self, name):
        """The rows of who waits, or may have to take the place of another of her address."""
        rows = self.mailing(name).mailing_trace_ids.sudo()
        return rows.filtered(
            lambda row: row.trace_status == "outgoing" or row.failure_type == "mail_dup"
        )

    @rule(message=MESSAGE, opts_out=st.booleans())
    def opt_out_by_message(self, message, opts_out):
        trace_id, name = message
        trace = self.env["mailing.trace"].sudo().browse(trace_id)
        self.decide_by_message(trace, name, is_test=False, opts_out=opts_out)

    @invariant()
    def exactly_those_are_mailed_who_may_be(self):
        self.env.flush_all()
        self.env.invalidate_all()
        mass_email = self.mass_emails["news"]
        people = map(self.oracle.person, self.waiting("news").mapped("res_id"))
        may_be_mailed = {
            person.address
            for person in people
            if person and self.oracle.may_be_mailed(mass_email, person)
        }
        with self.env.cr.savepoint() as savepoint:
            mailed = [address for _contact_id, address in claim_all(self.mailing("news"))]
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        assert sorted(mailed) == sorted(may_be_mailed)


class TestWhoMayBeMailed(MassEmailCase):
    def test_exactly_those_are_mailed_who_may_be_whatever_happens(self):
        WaitingMachine.prepare(self)
        play(lambda: WaitingMachine(self), EXAMPLES, STEPS)
