from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from ...common import MassEmailCase
from ...engine.audience_machine import LISTS, AudienceMachine, memberships, play


class PreviewMachine(AudienceMachine):
    """Whatever people and colleagues do: what a preview tells is what the queue build does."""

    def __init__(self, case):
        super().__init__(case)
        self.marketer = case.marketer.id

    @initialize(memberships=memberships(LISTS))
    def begin(self, memberships):
        self.fill(memberships)

    @rule(
        name=st.sampled_from(["news", "offer"]),
        is_informational=st.booleans(),
        use_blacklist=st.booleans(),
    )
    def preview(self, name, is_informational, use_blacklist):
        mailing = self.mailing(name)
        mailing.use_exclusion_list = use_blacklist
        # its type is fixed once it has mass emails
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE utm_campaign SET campaign_type = %s WHERE id = %s",
            ["informational" if is_informational else "newsletter", mailing.campaign_id.id],
        )
        self.env.invalidate_all()
        figures, people = self.figures(mailing.with_user(self.marketer))
        with self.env.cr.savepoint() as savepoint:
            mailing._build_queue()
            rows = mailing.mailing_trace_ids
            keys = {row: self.key(row) for row in rows}
            result = {
                key: {(row.res_id, self.outcome(row)) for row in rows if keys[row] == key}
                for key in keys.values()
            }
            counts = Counter(keys.values())
            mailed = {row.email for row in rows if row.trace_status == "outgoing"}
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        assert figures == counts
        assert people == result
        if use_blacklist and not is_informational:
            mass_email = self.mass_emails[name]
            assert mailed == {
                person.address
                for person in self.oracle.people
                if self.oracle.may_be_mailed(mass_email, person)
            }

    def figures(self, mailing):
        """The preview's figures, and the people that each of them opens."""
        told = mailing.get_audience(
            {
                "campaign_id": mailing.campaign_id.id,
                "contact_list_ids": mailing.contact_list_ids.ids,
                "excluding_list_ids": mailing.excluding_list_ids.ids,
                "use_exclusion_list": mailing.use_exclusion_list,
            }
        )
        figures = {each["key"]: each["count"] for each in told["not_mailed"]}
        if told["mailed"]:
            figures["mailed"] = told["mailed"]
        assert sum(figures.values()) == told["members"]
        people = {}
        for key in figures:
            action = mailing.action_view_audience(key)
            contacts = mailing.env["mailing.contact"].with_context(**action["context"])
            people[key] = {
                (contact.id, contact.outcome) for contact in contacts.search(action["domain"])
            }
        return figures, people

    def key(self, row):
        if row.trace_status == "outgoing":
            return "mailed"
        list_id = row.excluding_list_id.id
        return f"{row.failure_type}/{list_id}" if list_id else row.failure_type

    def outcome(self, row):
        if row.failure_type == "mail_dup":
            return f"Same address as {row.same_address_contact_id.display_name}"
        return row.mass_mailing_id._outcome_label(row.failure_type, row.excluding_list_id.id)


class TestPreviewIsResult(MassEmailCase):
    def test_the_preview_is_what_the_queue_build_does_whatever_happens(self):
        PreviewMachine.prepare(self)
        play(lambda: PreviewMachine(self), examples=8, steps=30)
