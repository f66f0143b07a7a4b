from datetime import timedelta

from odoo import fields
from odoo.fields import Command

from ...common import MassEmailCase


class TestInterval(MassEmailCase):
    """Who wants to hear less often of a list."""

    def setUp(self):
        super().setUp()
        self.anna = self._contact("Anna", self.target_list)
        self.earlier = self._mass_email()
        self.send(self.earlier)
        self.want(30)

    def want(self, days, contact=None):
        (contact or self.anna).subscription_ids.interval_days = days

    def days_pass(self, days):
        """Let the log say that what was sent was sent so many days ago."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mailing_trace_event SET event_datetime = %s WHERE mailing_id = %s",
            [fields.Datetime.now() - timedelta(days=days), self.earlier.id],
        )

    def outcome(self, **values):
        mailing = self._mass_email(**values)
        mailing._build_queue()
        return self.outcomes(mailing).get("Anna")

    def test_the_next_mass_email_of_the_list_waits_for_the_interval_to_end(self):
        self.assertEqual(self.outcome(), "too_soon")
        self.days_pass(29)
        self.assertEqual(self.outcome(), "too_soon")
        self.days_pass(31)
        self.assertEqual(self.outcome(), "outgoing")

    def test_the_form_counts_who_waits_before_it_is_saved(self):
        mailing = self._mass_email()
        lists = {"contact_list_ids": self.target_list.ids}
        for form in (mailing, mailing.browse()):
            figures = form.get_audience(lists)["not_mailed"]
            self.assertEqual([(each["key"], each["count"]) for each in figures], [("too_soon", 1)])

    def test_an_interval_of_seven_days_is_over_after_a_week(self):
        self.want(7)
        self.days_pass(8)
        self.assertEqual(self.outcome(), "outgoing")

    def test_who_has_no_interval_hears_as_often_as_there_is_news(self):
        self.want(0)
        self.assertEqual(self.outcome(), "outgoing")

    def test_an_interval_holds_for_its_list_alone(self):
        other = self._list("Other", self.anna)
        self.assertEqual(self.outcome(contact_list_ids=[Command.set(other.ids)]), "outgoing")
        both = [Command.set((self.target_list + other).ids)]
        self.assertEqual(self.outcome(contact_list_ids=both), "outgoing", "by the other list")

    def test_what_is_sent_to_another_list_is_no_reason_to_wait(self):
        other = self._list("Other")
        bob = self._contact("Bob", self.target_list, other)
        self.earlier = self._mass_email(contact_list_ids=[Command.set(other.ids)])
        self.send(self.earlier)
        self.want(30, bob)
        mailing = self._mass_email()
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing)["Bob"], "outgoing")

    def test_the_address_waits_whoever_of_its_owners_got_the_last_one(self):
        namesake = self._contact("Zoe", self.target_list, email="anna@example.com")
        self.want(30, namesake)
        self.anna.unlink()
        mailing = self._mass_email()
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing), {"Zoe": "outgoing"}, "nobody of the log is left")
        self.earlier = mailing
        self.send(mailing)
        self.assertEqual(self._mass_email()._objections(namesake), {}, "a test does not wait")

    def test_who_shares_the_address_of_somebody_who_got_it_waits(self):
        namesake = self._contact("Zoe", self.target_list, email="anna@example.com")
        self.want(30, namesake)
        mailing = self._mass_email()
        mailing._build_queue()
        self.assertEqual(set(self.outcomes(mailing).values()), {"too_soon"})

    def test_an_interval_does_not_hide_that_she_left(self):
        self.anna.subscription_ids.opt_out = True
        self.assertEqual(self.outcome(), "mail_optout")

    def test_informational_emails_and_tests_do_not_wait(self):
        campaign = self.env["utm.campaign"].create(
            {
                "title": "Terms",
                "campaign_type": "informational",
                "target_list_ids": [Command.set(self.target_list.ids)],
            }
        )
        body = "<p>New terms</p>"
        self.assertEqual(self.outcome(body=body, campaign_id=campaign.id), "outgoing")
        self.assertFalse(self._mass_email()._objections(self.anna))

    def test_a_test_letter_is_no_mass_email_that_counts(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mailing_trace_event SET is_test = TRUE WHERE mailing_id = %s",
            [self.earlier.id],
        )
        self.assertEqual(self.outcome(), "outgoing")

    def test_what_the_same_mass_email_sent_is_no_reason_not_to_send_it_again(self):
        trace = self.earlier.mailing_trace_ids
        trace.write({"trace_status": "error", "failure_type": "in_doubt"})
        trace.action_send_again()
        with self.smtp() as server:
            self.run_delivery()
        self.assertEqual(server.addresses(), ["anna@example.com"])

    def test_a_deleted_mass_email_counts_by_the_list_that_brought_it(self):
        self.earlier.unlink()
        self.assertEqual(self.outcome(), "too_soon")

    def test_what_her_list_got_counts_for_what_it_was_merged_into(self):
        heir = self._list("Heir")
        heir.action_merge(self.target_list, archive=True)
        self.assertEqual(self.outcome(contact_list_ids=[Command.set(heir.ids)]), "too_soon")
        self.days_pass(31)
        self.assertEqual(self.outcome(contact_list_ids=[Command.set(heir.ids)]), "outgoing")

    def test_who_is_merged_keeps_the_longer_interval(self):
        partners = self.env["res.partner"].create(
            [{"name": name, "email": "lee@example.com"} for name in ("Lee", "Lee B.")]
        )
        contacts = self.env["mailing.contact"]._for_records(partners)
        self.target_list.contact_ids += contacts
        contacts.invalidate_recordset()
        contacts[1].subscription_ids.interval_days = 30
        contacts[1]._merge_into(contacts[0])
        self.assertEqual(contacts[0].subscription_ids.interval_days, 30)
