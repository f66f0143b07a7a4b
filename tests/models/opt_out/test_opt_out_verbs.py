from unittest.mock import patch

from odoo.api import Environment
from odoo.fields import Command
from odoo.tools import SQL

from ...common import MassEmailCase


class TestOptOutVerbs(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.anna = self._contact("Anna", self.target_list)
        self.mailing = self._mass_email()
        self.send(self.mailing)
        self.trace = self.mailing.mailing_trace_ids.sudo()

    def outcome(self, **values):
        """What becomes of Anna in a new mass email."""
        mailing = self._mass_email(**values)
        mailing._build_queue()
        return self.outcomes(mailing).get("Anna")

    def opt_outs(self):
        self.env.flush_all()
        return [kind for _name, kind in self.events(self.mailing) if kind.startswith("opted")]

    def blacklisted(self, address="anna@example.com"):
        return bool(self.env["mail.blacklist"].search_count([("email", "=", address)]))

    # A6
    def test_who_came_back_by_another_door_can_opt_out_by_the_same_message_again(self):
        self.trace._receive_opt_out()
        self.target_list._update_subscription_from_email("anna@example.com", opt_out=False)
        self.assertFalse(self.trace._is_opted_out())
        self.trace._receive_opt_out()
        self.assertTrue(self.anna.subscription_ids.opt_out)
        self.assertEqual(self.outcome(), "mail_optout")
        self.assertEqual(self.opt_outs(), ["opted_out", "opted_out"])

    def test_an_opt_out_binds_all_addresses_of_who_has_several(self):
        self.anna.email = "anna@example.com, anna@home.example"
        home = self._contact("Home", self.target_list, email="anna@home.example")
        self.trace._receive_opt_out()
        self.assertTrue(home.subscription_ids.opt_out)
        home.unlink()
        again = self._contact("Again", self.target_list, email="anna@home.example")
        self.assertTrue(again.subscription_ids.opt_out)
        again.unlink()
        self.trace._receive_opt_in()
        again = self._contact("Again", self.target_list, email="anna@home.example")
        self.assertFalse(again.subscription_ids.opt_out)

    def test_the_page_tells_the_state_of_now(self):
        self.assertFalse(self.trace._is_opted_out())
        self.anna.subscription_ids.opt_out = True
        self.assertTrue(self.trace._is_opted_out(), "by the portal")
        self.assertFalse(any(self.trace._own_opt_outs()), "nothing of this message's doing")
        self.target_list.contact_ids -= self.anna
        self.assertTrue(self.trace._is_opted_out(), "by the memory")

    def test_an_opt_out_that_changes_nothing_logs_nothing(self):
        self.anna.subscription_ids.opt_out = True
        self.trace._receive_opt_out()
        self.trace._receive_opt_in()
        self.target_list.contact_ids -= self.anna
        self.trace._receive_opt_out()
        self.assertEqual(self.opt_outs(), [])
        self.assertFalse(self.blacklisted(), "she left a list, which is known")

    def test_the_reason_that_a_user_notes_is_kept_for_person_and_address(self):
        reason = self.env["mailing.subscription.optout"].search([], limit=1)
        self.anna.subscription_ids.opt_out_reason_id = reason  # which opts out, says Odoo
        self.assertTrue(self.anna.subscription_ids.opt_out)
        memory = self.env["mailing.opt.out"].search([("list_id", "=", self.target_list.id)])
        self.assertEqual([each.reason_id for each in memory], [reason] * 2)
        namesake = self._contact("Namesake", self.target_list, email="anna@example.com")
        namesake.subscription_ids.opt_out = True
        self.env.invalidate_all()
        self.assertEqual([each.reason_id for each in memory], [reason] * 2, "who gives none")

    # A8
    def test_an_opt_out_binds_the_person_at_her_new_address(self):
        self.anna.email = "new@example.com"
        self.trace._receive_opt_out()
        self.assertTrue(self.anna.subscription_ids.opt_out)
        self.assertEqual(self.outcome(), "mail_optout")
        self.assertFalse(self.blacklisted() or self.blacklisted("new@example.com"))

    def test_an_opt_out_holds_for_the_mailed_and_the_present_address(self):
        self.anna.email = "new@example.com"
        self.trace._receive_opt_out()
        self.anna.unlink()
        for address in ("anna@example.com", "new@example.com"):
            with self.subTest(address):
                contact = self._contact("Anna", self.target_list, email=address)
                self.assertEqual(self.outcome(), "mail_optout")
                contact.unlink()

    def test_an_opt_out_follows_the_person_to_an_address_she_gets_later(self):
        self.trace._receive_opt_out()
        self.target_list.contact_ids -= self.anna
        self.anna.email = "new@example.com"
        self.target_list.contact_ids += self.anna
        self.assertEqual(self.outcome(), "mail_optout")

    def test_another_contact_at_an_address_is_as_opted_out_as_its_owner(self):
        self.trace._receive_opt_out()
        self.anna.email = "new@example.com"
        self._contact("Another", self.target_list, email="new@example.com")
        mailing = self._mass_email()
        mailing._build_queue()
        self.assertEqual(set(self.outcomes(mailing).values()), {"mail_optout"})

    # B6
    def test_subscribing_again_takes_back_this_messages_opt_out_only(self):
        left_before = self._list("Left last year", self.anna)
        self.anna.invalidate_recordset()
        self.anna.subscription_ids.filtered(lambda each: each.list_id == left_before).opt_out = True
        lists = self.target_list + left_before
        self.mailing.contact_list_ids = [Command.set(lists.ids)]
        self.trace._receive_opt_out()
        self.assertEqual(self.anna.subscription_ids.filtered("opt_out").list_id, lists)
        self.trace._receive_opt_in()
        self.assertEqual(self.anna.subscription_ids.filtered("opt_out").list_id, left_before)
        self.assertEqual(
            self.outcome(contact_list_ids=[Command.set(left_before.ids)]), "mail_optout"
        )
        self.assertEqual(self.outcome(), "outgoing")
        self.assertEqual(self.opt_outs(), ["opted_in", "opted_out"])

    def test_subscribing_again_does_not_lift_somebody_elses_blacklisting(self):
        self.mailing.opt_out_entirely = True
        self.env["mail.blacklist"]._add("anna@example.com")
        self.trace._receive_opt_out()
        self.trace._receive_opt_in()
        self.assertTrue(self.blacklisted())

    def test_an_opt_out_of_everything_is_one_though_the_mass_email_is_deleted(self):
        other = self._mass_email()
        other.contact_list_ids = self._list("Other", self.anna)
        self.send(other)
        letter = other.mailing_trace_ids.sudo()
        self.mailing.opt_out_entirely = True
        (self.mailing + other).unlink()
        letter._receive_opt_out()
        self.assertFalse(self.blacklisted())
        self.trace._receive_opt_out()
        self.assertTrue(self.blacklisted())

    def test_leaving_one_list_is_not_leaving_everything(self):
        self.mailing.opt_out_entirely = True
        self.trace._receive_opt_out(self.target_list)
        self.assertTrue(self.anna.subscription_ids.opt_out)
        self.assertFalse(self.blacklisted())
        self.trace._receive_opt_out()
        self.trace._receive_opt_in(self.target_list)
        self.assertFalse(self.anna.subscription_ids.opt_out)
        self.assertTrue(self.blacklisted(), "nor is it the way back to everything")

    def test_who_was_blacklisted_anew_is_not_freed_by_an_old_message(self):
        self.mailing.opt_out_entirely = True
        self.trace._receive_opt_out()
        entry = self.env["mail.blacklist"].search([("email", "=", "anna@example.com")])
        entry.action_archive()
        entry.action_unarchive()
        self.trace._receive_opt_in()
        self.assertTrue(self.blacklisted())

    # E6
    def test_an_archived_target_list_is_left_as_a_list(self):
        self.mailing.state = "done"
        self.target_list.active = False
        self.trace._receive_opt_out()
        self.assertFalse(self.blacklisted())
        self.assertTrue(self.anna.subscription_ids.opt_out)
        self.target_list.active = True
        self.assertEqual(self.outcome(), "mail_optout")

    def test_when_its_target_lists_are_deleted_all_her_lists_are_left(self):
        other = self._list("Other", self.anna)
        self.mailing.state = "done"
        self.target_list.unlink()
        self.anna.invalidate_recordset()
        self.trace._receive_opt_out()
        self.assertFalse(self.blacklisted())
        self.assertEqual(self.anna.subscription_ids.filtered("opt_out").list_id, other)

    def test_the_blacklist_is_for_whom_no_list_knows(self):
        self.target_list.contact_ids -= self.anna
        self.trace._receive_opt_out()
        self.assertTrue(self.blacklisted())
        self.trace._receive_opt_in()
        self.assertFalse(self.blacklisted())

    def test_an_opt_out_works_when_the_contact_is_gone(self):
        self.anna.unlink()
        self.trace._receive_opt_out()
        self.assertTrue(self.trace._is_opted_out())
        self._contact("Anna", self.target_list)
        self.assertIn(self.outcome(), ("mail_optout", "mail_bl"))
        self.trace._receive_opt_out()
        self.assertEqual(self.opt_outs(), ["opted_out"])

    def test_an_opt_out_by_a_test_message_is_an_opt_out(self):
        trace = self.trace.copy(
            {
                "token": "0" * 32,
                "mass_mailing_id": False,
                "test_mailing_id": self.mailing.id,
                "is_test_trace": True,
            }
        )
        trace._receive_opt_out()
        self.assertEqual(self.mailing._objections(self.anna), {self.anna: "mail_optout"})
        trace._receive_opt_in()
        self.assertFalse(self.mailing._objections(self.anna))

    def test_the_list_that_brought_the_letter_is_left_whatever_the_mass_email_has_now(self):
        other = self._list("Other", self.anna)
        self.anna.invalidate_recordset()
        self.mailing.contact_list_ids = other
        self.trace._receive_opt_out()
        self.assertEqual(self.outcome(), "mail_optout")

    def test_what_the_list_that_brought_the_letter_was_merged_into_is_left_too(self):
        self.mailing.contact_list_ids = self._list("Other")
        self.campaign.target_list_ids = heir = self._list("Heir")
        heir.action_merge(self.target_list, archive=True)
        self.assertEqual(self.outcome(), "outgoing")
        self.trace._receive_opt_out()
        self.assertEqual(self.outcome(), "mail_optout")

    def test_one_click_takes_six_statements(self):
        token = self.trace.token
        traces = self.env["mailing.trace"].sudo()
        traces._from_token(token)._receive_opt_in()
        self.env.flush_all()
        self.env.invalidate_all()
        # message, scope, subscriptions, memory, log, subscriptions
        with self.assertQueryCount(6):
            traces._from_token(token)._receive_opt_out()
            self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(4):
            traces._from_token(token)._receive_opt_out()
            self.env.flush_all()
        self.assertEqual(self.opt_outs(), ["opted_out"])

    def test_of_all_targets_an_opt_out_reads_hers_alone(self):
        execute, queries = Environment.execute_query, []

        def execute_query(env, query):
            queries.append(query)
            return execute(env, query)

        with patch.object(Environment, "execute_query", execute_query):
            self.trace._opt_out_scope()
        # as with millions of them: an index is taken wherever one can be
        self.env.cr.execute("SET LOCAL enable_seqscan TO off")
        plan = str(self.env.execute_query(SQL("EXPLAIN %s", queries[-1])))
        self.assertIn("mailing_contact_pkey", plan)
        self.assertNotIn("Seq Scan on mailing_contact", plan)
