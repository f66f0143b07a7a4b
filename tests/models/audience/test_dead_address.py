from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import new_test_user

from ...common import MassEmailCase


class TestDeadAddress(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.anna = self._contact("Anna", self.target_list)
        self.addresses = self.env["mailing.address"]

    def failed(self, address="anna@example.com", is_final=False, days=0, trace=None):
        """A message to an address fails, some days from now."""
        with freeze_time(fields.Datetime.now() + timedelta(days=days)):
            self.addresses._receive_failures([(address, is_final, "words", trace)])

    def known(self, address="anna@example.com"):
        return self.addresses.search([("address", "=", address)])

    def test_a_dead_address_is_not_mailed_at_by_anybody(self):
        self._contact("Anna's assistant", self.target_list, email="ANNA@example.com")
        self._contact("Ben", self.target_list)
        self.failed(is_final=True)
        mailing = self._mass_email()
        self.send(mailing)
        self.assertEqual(
            self.outcomes(mailing), {"Anna": "dead", "Anna's assistant": "dead", "Ben": "sent"}
        )

    def test_neither_informational_nor_test_mails_go_to_a_dead_address(self):
        self.failed(is_final=True)
        self.campaign.campaign_type = "informational"
        mailing = self._mass_email()
        self.assertEqual(mailing._objections(self.anna), {self.anna: "dead"})
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing), {"Anna": "dead"})

    def test_who_waits_while_her_address_dies_is_not_mailed(self):
        self._contact("Bob", self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing)["Anna"], "outgoing")
        self.failed(is_final=True)
        self.send(mailing)
        self.assertEqual(self.outcomes(mailing), {"Anna": "dead", "Bob": "sent"})

    def test_another_address_is_alive(self):
        self.failed(is_final=True)
        self.anna.email = "anna.smith@example.com"
        mailing = self._mass_email()
        self.send(mailing)
        self.assertEqual(self.outcomes(mailing), {"Anna": "sent"})

    def test_the_mass_email_is_told_and_exported_to_whom_it_is_not_hidden_from(self):
        own = new_test_user(
            self.env,
            "own",
            groups="mass_mailing.group_mass_mailing_user,base.group_allow_export",
        )
        mailing = self._mass_email()
        mailing._build_queue()
        self.failed(is_final=True, trace=mailing.mailing_trace_ids.id)
        for user, expected in (self.marketer, mailing), (own, mailing.browse()):
            address = self.known().with_user(user)
            self.assertEqual(address.mailing_id, expected)
            self.assertEqual(
                address.sudo().with_user(user)._export_rows([["mailing_id"], ["address"]])[0][1],
                "anna@example.com",
            )
            of_mailing = self.addresses.with_user(user).search([("mailing_id", "=", mailing.id)])
            self.assertEqual(of_mailing, address if expected else address.browse())

    def test_a_marketer_clears_an_address(self):
        self.failed(is_final=True)
        self.known().with_user(self.marketer).action_clear()
        mailing = self._mass_email()
        self.send(mailing)
        self.assertEqual(self.outcomes(mailing), {"Anna": "sent"})

    def test_so_many_failures_in_a_row_over_so_many_days(self):
        self.set_setting("dead_after_bounces", 3)
        self.set_setting("dead_after_days", 7)
        for days in (0, 1, 2, 6):
            self.failed(days=days)
            self.assertFalse(self.known().dead_datetime, "they may all be of one bad week")
        self.assertEqual(self.known().temporary_count, 4)
        self.failed(days=7)
        self.assertTrue(self.known().dead_datetime)

    def test_few_failures_are_none_however_far_apart(self):
        for days in (0, 100, 200, 300):
            self.failed(days=days)
        self.assertFalse(self.known().dead_datetime)
        self.failed(days=301)
        self.assertTrue(self.known().dead_datetime, "five are enough")

    def test_a_sign_of_life_has_them_counted_anew(self):
        self.set_setting("dead_after_bounces", 2)
        mailing = self._mass_email()
        self.send(mailing)
        self.failed(days=-20)
        mailing.mailing_trace_ids._receive_click(self.offer.code)
        self.failed(days=1)
        self.assertFalse(self.known().dead_datetime)
        self.assertEqual(self.known().temporary_count, 1)
        self.failed(days=15)
        self.assertTrue(self.known().dead_datetime)

    def test_the_first_verdict_stands(self):
        self.addresses._receive_failures([("anna@example.com", True, "no such user", None)])
        self.addresses._receive_failures([("anna@example.com", True, "still nobody", None)])
        self.addresses._receive_failures([("anna@example.com", False, "mailbox full", None)])
        self.assertEqual(self.known().words, "no such user")
        self.assertEqual(self.known().temporary_count, 0)

    def test_what_failed_for_now_may_fail_for_good(self):
        self.failed()
        self.failed(is_final=True)
        self.assertTrue(self.known().dead_datetime)

    def test_of_several_failures_at_once_the_worst_counts(self):
        failures = [("anna@example.com", is_final, "words", None) for is_final in (True, False)]
        self.addresses._receive_failures(failures)
        self.assertTrue(self.known().dead_datetime)

    def test_many_failures_are_one_statement(self):
        failures = [(f"{n}@example.com", n % 2 == 0, "words", None) for n in range(500)]
        self.failed()
        with self.assertQueryCount(4):  # two of them read the settings
            self.addresses._receive_failures(failures + failures)
        self.assertEqual(
            self.addresses.search_count([("dead_datetime", "!=", False)]), 250, "each once"
        )
