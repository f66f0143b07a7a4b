from odoo.exceptions import AccessError
from odoo.fields import Command

from .test_record import RecordCase


class TestCampaignLogOfARecord(RecordCase):
    def messages(self, record, user=None):
        user = user or self.seller
        action = record.with_user(user).action_view_campaign_log()
        return self.env["mailing.trace"].with_user(user).search(action["domain"])

    def log(self, record):
        return {
            message.mass_mailing_id.subject: message.why_not for message in self.messages(record)
        }

    def test_the_log_tells_what_was_sent_and_what_came_of_it(self):
        for record in self.records:
            self.subscribe(record, self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        for record in self.records:
            with self.subTest(record._name):
                message = self.messages(record)
                self.assertEqual(message.mass_mailing_id, mailing)
                self.assertEqual(message.standing, "taken")
                self.assertFalse(message.why_not)
                self.assertFalse(message.last_sign_datetime)
                message.sudo()._receive_click(self.offer.code)
                self.assertTrue(message.last_sign_datetime)
                self.assertEqual(
                    sorted(message.event_ids.mapped("event_type")), ["clicked", "opened", "sent"]
                )
                self.assertEqual(record.campaign_message_count, 1)

    def test_why_not_and_which_list_excluded_her(self):
        self.subscribe(self.lead, self.target_list, self.excluding_list)
        self.subscribe(self.person, self.target_list)
        self.subscribe(self.user, self.target_list)
        self.user.email = "ann@example.com"
        self.send(self._mass_email(subject="First"))
        self.assertEqual(self.log(self.lead), {"First": "Excluded: Competitors"})
        [why_not] = self.log(self.user).values()
        self.assertRegex(why_not, "Duplicate.*: Ann")
        self.assertEqual(self.log(self.person), {"First": False})

    def test_the_log_tells_of_a_bounce_in_the_servers_words(self):
        self.subscribe(self.person, self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        mailing.mailing_trace_ids.sudo()._receive_bounce("hard", "550 5.1.1\nno such user")
        self.assertEqual(
            self.log(self.person), {mailing.subject: "Came back: 550 5.1.1 no such user"}
        )

    def test_odoos_own_mailings_to_a_target_list_are_told_of_as_well(self):
        contact = self.target(self.person)
        trace = self.env["mailing.trace"].create(
            {"model": "mailing.contact", "res_id": contact.id, "trace_status": "sent"}
        )
        self.assertEqual(self.messages(self.person), trace)
        other = {"model": "res.partner", "res_id": contact.id, "trace_status": "sent"}
        self.env["mailing.trace"].create(other)
        self.assertEqual(self.messages(self.person), trace)

    def test_tests_are_no_messages_of_hers_but_all_log_lines_have_them(self):
        target = self.target(self.person)
        with self.smtp(), self.committing(self._mass_email()) as mailing:
            mailing._send_test(target.with_env(mailing.env))
        self.assertFalse(self.messages(self.person))
        self.assertEqual(self.person.campaign_message_count, 0)
        context = self.person.with_user(self.seller).action_view_campaign_log()["context"]
        action = self.env["mailing.trace"].with_context(**context).action_view_log_lines()
        events = self.env["mailing.trace.event"].search(action["domain"])
        self.assertEqual(events.mapped("is_test"), [True])

    def test_the_message_of_a_deleted_mass_email_stays_in_the_log(self):
        self.subscribe(self.person, self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        mailing.unlink()
        self.assertEqual(self.messages(self.person).event_ids.event_type, "sent")
        context = self.person.action_view_campaign_log()["context"]
        action = self.env["mailing.trace"].with_context(**context).action_view_log_lines()
        self.assertEqual(self.env["mailing.trace.event"].search_count(action["domain"]), 1)

    def test_a_record_without_a_target_has_an_empty_log(self):
        for record in self.records:
            self.assertFalse(self.messages(record))
            self.assertFalse(record._targets())

    def test_others_see_no_log(self):
        with self.assertRaises(AccessError):
            self.messages(self.lead, self.marketer)
        for user in (self.employee, self.only_seller):
            self.subscribe(self.person, self.target_list)
            with self.assertRaises(AccessError):
                self.messages(self.person, user)

    def test_a_merged_lead_keeps_the_log_of_both(self):
        other = self.lead.copy({"email_from": "lou@example.com"})
        self.subscribe(self.lead, self.target_list)
        self.send(self._mass_email(subject="First"))
        second = self._list("Second", self.target(other))
        self.send(self._mass_email(subject="Later", contact_list_ids=[Command.set(second.ids)]))
        kept = (self.lead + other).merge_opportunity()
        self.env.invalidate_all()
        self.assertEqual(self.log(kept), {"First": False, "Later": False})
