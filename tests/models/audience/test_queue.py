from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.addons.mass_mailing_campaign.models.audience import mailing_trace
from odoo.fields import Command
from odoo.tools import mute_logger

from ...common import MassEmailCase


class TestQueue(MassEmailCase):
    def build(self, **values):
        mailing = self._mass_email(**values)
        mailing._build_queue()
        return mailing

    def test_every_member_has_an_outcome_and_the_sums_agree(self):
        self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list, email="not an address")
        self._contact("Carl", self.target_list, email=" ")
        mailing = self.build()
        self.assertEqual(
            self.outcomes(mailing),
            {"Anna": "outgoing", "Bob": "mail_email_invalid", "Carl": "mail_email_missing"},
        )
        invalid = mailing.mailing_trace_ids.filtered(lambda t: t.contact_id.name == "Bob")
        self.assertEqual(invalid.email, "not an address", "what was typed is shown")
        self.assertEqual(mailing.member_count, mailing.queued_count + mailing.cancelled_count)
        self.assertEqual((mailing.queued_count, mailing.cancelled_count), (1, 2))

    def test_a_contact_in_two_target_lists_is_one_member(self):
        second = self._list("Second")
        self._contact("Anna", self.target_list, second)
        mailing = self.build(
            contact_list_ids=[Command.set((self.target_list + second).ids)],
        )
        self.assertEqual(self.outcomes(mailing), {"Anna": "outgoing"})
        self.assertEqual(mailing.mailing_trace_ids.target_list_id, self.target_list)

    def test_of_two_contacts_with_one_address_the_first_is_mailed(self):
        first = self._contact("Anna", self.target_list, email="a@example.com")
        self._contact("Another", self.target_list, email="A@Example.com")
        mailing = self.build()
        self.assertEqual(self.outcomes(mailing), {"Anna": "outgoing", "Another": "mail_dup"})
        duplicate = mailing.mailing_trace_ids.filtered("failure_type")
        self.assertEqual(duplicate.same_address_contact_id, first)

    def test_when_the_first_of_an_address_is_archived_the_next_is_mailed(self):
        partner = self.env["res.partner"].create({"name": "Old", "email": "a@example.com"})
        old = self.env["mailing.contact"]._for_records(partner)
        self.target_list.contact_ids += old
        self._contact("New", self.target_list, email="a@example.com")
        partner.active = False
        mailing = self.build()
        self.assertEqual(self.outcomes(mailing), {"Old": "archived", "New": "outgoing"})

    def test_a_member_of_an_excluding_list_is_excluded_by_record(self):
        self._contact("Anna", self.target_list, self.excluding_list)
        mailing = self.build()
        self.assertEqual(self.outcomes(mailing), {"Anna": "excluded"})
        self.assertEqual(mailing.mailing_trace_ids.excluding_list_id, self.excluding_list)

    def test_an_equal_address_in_other_letter_case_is_excluded(self):
        self._contact("Anna", self.target_list, email="Anna@Example.com")
        self._contact("Rival", self.excluding_list, email='"R" <ANNA@example.COM>')
        mailing = self.build()
        self.assertEqual(self.outcomes(mailing), {"Anna": "excluded"})
        self.assertEqual(mailing.mailing_trace_ids.excluding_list_id, self.excluding_list)

    def test_an_excluding_member_who_opted_out_there_still_excludes(self):
        anna = self._contact("Anna", self.target_list, self.excluding_list)
        anna.subscription_ids.filtered(
            lambda subscription: subscription.list_id == self.excluding_list
        ).opt_out = True
        self.assertEqual(self.outcomes(self.build()), {"Anna": "excluded"})

    def test_a_blacklisted_address_is_not_mailed(self):
        self._contact("Anna", self.target_list, email="Anna@example.com")
        self.env["mail.blacklist"]._add("anna@example.com")
        self.assertEqual(self.outcomes(self.build()), {"Anna": "mail_bl"})
        self.env["mail.blacklist"]._remove("anna@example.com")
        self.assertEqual(self.outcomes(self.build()), {"Anna": "outgoing"})

    def test_who_is_blacklisted_again_by_a_file_is_not_mailed(self):
        self._contact("Anna", self.target_list)
        blacklist = self.env["mail.blacklist"]
        blacklist._remove("anna@example.com")
        blacklist.load(["email"], [["Anna@example.com"], ["boris@example.com"]])
        self.assertEqual(self.outcomes(self.build()), {"Anna": "mail_bl"})
        blacklist._remove("anna@example.com")
        self.assertFalse(blacklist.create({"email": "anna@example.com", "active": False}).active)

    def test_the_blacklist_can_be_left_aside(self):
        self._contact("Anna", self.target_list)
        self.env["mail.blacklist"]._add("anna@example.com")
        self.assertEqual(self.outcomes(self.build(use_exclusion_list=False)), {"Anna": "outgoing"})

    def test_who_opted_out_of_the_list_is_not_mailed(self):
        self._contact("Anna", self.target_list).subscription_ids.opt_out = True
        self.assertEqual(self.outcomes(self.build()), {"Anna": "mail_optout"})

    def test_an_opt_out_holds_for_every_contact_of_that_address_in_the_list(self):
        self._contact("Anna", self.target_list, email="a@example.com")
        again = self._contact("Again", self.target_list, email="a@example.com")
        again.subscription_ids.opt_out = True
        self.assertEqual(
            self.outcomes(self.build()), {"Anna": "mail_optout", "Again": "mail_optout"}
        )

    def test_who_opted_out_of_one_list_is_reached_by_another(self):
        second = self._list("Second")
        anna = self._contact("Anna", self.target_list, second)
        anna.subscription_ids.filtered(lambda each: each.list_id == second).opt_out = True
        mailing = self.build(contact_list_ids=[Command.set((self.target_list + second).ids)])
        self.assertEqual(self.outcomes(mailing), {"Anna": "outgoing"})

    def test_an_informational_email_reaches_those_who_opted_out(self):
        self._contact("Anna", self.target_list).subscription_ids.opt_out = True
        self.campaign.campaign_type = "informational"
        self.assertEqual(self.outcomes(self.build()), {"Anna": "outgoing"})

    def test_archived_accounts_leads_and_users_are_not_mailed(self):
        lead = self.env["crm.lead"].create({"name": "Lead", "email_from": "l@example.com"})
        user = self.env["res.users"].create(
            {"name": "User", "login": "gone", "email": "u@example.com"}
        )
        partner = self.env["res.partner"].create({"name": "Account", "email": "p@example.com"})
        for record in (lead, user, partner):
            self.target_list.contact_ids += self.env["mailing.contact"]._for_records(record)
            record.active = False
        self.assertEqual(set(self.outcomes(self.build()).values()), {"archived"})

    def test_building_again_adds_only_new_members(self):
        self._contact("Anna", self.target_list)
        mailing = self.build()
        trace = mailing.mailing_trace_ids
        trace.trace_status = "sent"
        self._contact("Bob", self.target_list)
        self._contact("Anna again", self.target_list, email="anna@example.com")
        mailing._build_queue()
        self.assertEqual(
            self.outcomes(mailing), {"Anna": "sent", "Bob": "outgoing", "Anna again": "mail_dup"}
        )

    def test_tokens_are_unguessable_and_differ(self):
        self._contacts(50, self.target_list)
        tokens = set(self.build().mailing_trace_ids.mapped("token"))
        self.assertEqual(len(tokens), 50)
        self.assertEqual(len({token[-24:] for token in tokens}), 50)
        for token in tokens:
            self.assertRegex(token, r"^[0-9a-f]{32}$")

    def test_neighbours_in_the_queue_are_neighbours_in_the_index_of_tokens(self):
        self._contacts(50, self.target_list)
        starts = []
        for start in (10, 2**32 - 10**6):
            with patch.object(mailing_trace.secrets, "randbits", return_value=start):
                tokens = self.build().mailing_trace_ids.sorted("id").mapped("token")
            numbers = [int(token[:8], 16) for token in tokens]
            self.assertEqual(numbers, sorted(numbers))
            starts.append(numbers[0] - start)
        self.assertEqual(*starts)

    def test_the_number_that_tokens_begin_with_goes_round(self):
        self._contacts(3, self.target_list)
        for start in (2**32 - 1, 2**31 - 1):
            with patch.object(mailing_trace.secrets, "randbits", return_value=start):
                tokens = self.build().mailing_trace_ids.mapped("token")
            self.assertEqual({len(token) for token in tokens}, {32})

    def test_the_number_of_statements_does_not_grow_with_the_members(self):
        counts = []
        for members in (10, 300):
            target_list = self._list(f"{members} members")
            self._contacts(members, target_list)
            mailing = self._mass_email(contact_list_ids=[Command.set(target_list.ids)])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["mailing.trace"]._build_queue(mailing)
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(mailing.queued_count, members)
        self.assertEqual(*counts)
        self.assertLessEqual(counts[0], 12)

    def test_one_copy_per_address_is_held_by_the_database(self):
        self._contact("Anna", self.target_list)
        mailing = self.build()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            mailing.mailing_trace_ids.sudo().copy(
                {"token": "0" * 32, "res_id": self._contact("Bob").id}
            )

    def test_the_trace_belongs_to_the_campaign(self):
        self._contact("Anna", self.target_list)
        mailing = self.build()
        self.assertEqual(mailing.mailing_trace_ids.campaign_id, self.campaign)
        self.assertLessEqual(mailing.mailing_trace_ids.create_date, fields.Datetime.now())
