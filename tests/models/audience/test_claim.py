from unittest.mock import patch

from odoo.addons.mass_mailing_campaign.engine.run import Run
from odoo.addons.mass_mailing_campaign.models.sending.mailing_trace import MailingTrace
from odoo.exceptions import UserError
from odoo.fields import Command

from ...common import MassEmailCase


def claim_all(mailing, size=1000):
    """Claim all that may be claimed; return (contact id, mailed address) of each."""
    env, claimed = mailing.env, []
    run = Run(mailing, env["ir.mail_server"], "news@garden.example.com")
    env.flush_all()
    while rows := env["mailing.trace"]._claim_rows(mailing, run, size):
        claimed += [row[2:4] for row in rows if row[0] == "process"]
    env.invalidate_all()
    return claimed


class ClaimCase(MassEmailCase):
    def queue(self, **values):
        """A mass email whose queue is built."""
        mailing = self._mass_email(**values)
        mailing._build_queue()
        return mailing

    def claim(self, mailing, size=1000):
        """Claim all that may be claimed; ``{contact name: mailed address}``"""
        return {
            self.env["mailing.contact"].browse(contact_id).name: email
            for contact_id, email in claim_all(mailing, size)
        }


class TestPlaceInTheQueue(ClaimCase):
    def setUp(self):
        super().setUp()
        self._contacts(6, self.target_list)
        self.mailing = self.queue()
        self.rows = self.mailing.mailing_trace_ids.sorted("id")
        self.env.flush_all()
        self.one_run = Run(self.mailing, self.env["ir.mail_server"], "news@garden.example.com")

    def next_ids(self, size):
        rows = self.env["mailing.trace"]._claim_rows(self.mailing, self.one_run, size)
        self.env.invalidate_all()
        return [row[1] for row in rows]

    def test_a_run_goes_on_behind_what_it_claimed_and_begins_anew_at_the_end(self):
        first = self.next_ids(2)
        self.assertEqual(first, self.rows[:2].ids)
        self.rows[0].sudo().write({"trace_status": "outgoing", "claim_key": False})
        self.env.flush_all()
        self.assertEqual(self.next_ids(2), self.rows[2:4].ids)
        self.assertEqual(self.next_ids(5), self.rows[4:].ids)
        self.assertEqual(self.next_ids(5), self.rows[:1].ids, "what came back is not forgotten")
        self.assertEqual(self.next_ids(5), [])

    def test_rows_go_out_in_their_order_however_postgresql_returns_them(self):
        claim_rows = MailingTrace._claim_rows

        def reverse(traces, *args):
            return claim_rows(traces, *args)[::-1]

        with self.committing(self.mailing) as mailing:
            with patch.object(MailingTrace, "_claim_rows", reverse):
                claimed = mailing.env["mailing.trace"]._claim(mailing, self.one_run, 6)
        self.assertEqual([row.id for row in claimed], self.rows.ids)

    def test_what_is_passed_by_is_not_looked_at_again_by_the_same_run(self):
        self.next_ids(3)
        query = self.env["mailing.trace"]._claimable(
            self.mailing, self.one_run.limits, 10, after=self.one_run.queue_position
        )
        self.rows[0].sudo().write({"trace_status": "outgoing", "claim_key": False})
        self.env.flush_all()
        self.assertEqual([row[0] for row in self.env.execute_query(query)], self.rows[3:].ids)


class TestClaim(ClaimCase):
    # A7
    def test_who_opted_out_and_was_removed_while_waiting_is_not_mailed(self):
        anna = self._contact("Anna", self.target_list)
        mailing = self.queue()
        anna.subscription_ids.opt_out = True
        self.target_list.contact_ids -= anna
        self.assertEqual(self.claim(mailing), {})
        self.assertEqual(self.outcomes(mailing), {"Anna": "mail_optout"})

    def test_who_was_removed_from_all_target_lists_while_waiting_is_not_mailed(self):
        second = self._list("Second")
        anna = self._contact("Anna", self.target_list, second)
        self._contact("Bob", self.target_list, second)
        mailing = self.queue(contact_list_ids=[Command.set((self.target_list + second).ids)])
        self.target_list.contact_ids = [Command.clear()]
        second.contact_ids -= anna
        anna.email = "bob@example.com"  # which is not why
        self.assertEqual(self.claim(mailing), {"Bob": "bob@example.com"})
        self.assertEqual(self.outcomes(mailing), {"Anna": "removed", "Bob": "process"})

    def test_who_was_removed_is_not_mailed_an_informational_email(self):
        anna = self._contact("Anna", self.target_list)
        self.campaign.campaign_type = "informational"
        mailing = self.queue()
        self.target_list.contact_ids -= anna
        self.assertEqual(self.claim(mailing), {})

    def test_the_number_of_statements_does_not_grow_with_the_rows(self):
        counts = []
        for members in (1, 5, 60):
            target_list = self._list(f"{members} members")
            self._contacts(members, target_list)
            mailing = self.queue(contact_list_ids=[Command.set(target_list.ids)])
            for contact in target_list.contact_ids[:3]:
                contact.email = f"new{contact.id}@example.com"
            run = Run(mailing, self.env["ir.mail_server"], "news@garden.example.com")
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.env["mailing.trace"]._claim_rows(mailing, run, 1000)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts[1:], "the first fills caches")

    # A12
    def test_the_current_address_is_mailed(self):
        anna = self._contact("Anna", self.target_list)
        mailing = self.queue()
        anna.email = "new@example.com"
        self.assertEqual(self.claim(mailing), {"Anna": "new@example.com"})
        self.assertEqual(mailing.mailing_trace_ids.email, "new@example.com")

    def test_the_current_address_is_judged(self):
        names = ("Blacklisted", "Left", "Excluded", "Broken", "Empty")
        contacts = {name: self._contact(name, self.target_list) for name in names}
        mailing = self.queue()
        for name in names[:3]:
            contacts[name].email = f"new{name}@example.com"
        contacts["Broken"].email = "broken"
        contacts["Empty"].email = False
        self.env["mail.blacklist"]._add("newblacklisted@example.com")
        self._contact("Same", self.target_list, email="newleft@example.com").subscription_ids.write(
            {"opt_out": True}
        )
        self._contact("Rival", self.excluding_list, email="newexcluded@example.com")
        self.assertEqual(self.claim(mailing), {})
        self.assertEqual(
            self.outcomes(mailing),
            {
                "Blacklisted": "mail_bl",
                "Left": "mail_optout",
                "Excluded": "excluded",
                "Broken": "mail_email_invalid",
                "Empty": "mail_email_missing",
            },
        )
        broken = mailing.mailing_trace_ids.filtered(
            lambda each: each.failure_type == "mail_email_invalid"
        )
        self.assertEqual(broken.email, "broken", "what was typed is shown")

    def test_an_address_that_another_had_gets_no_second_copy(self):
        anna, bob, carl = (self._contact(n, self.target_list) for n in ("Anna", "Bob", "Carl"))
        mailing = self.queue()
        self.assertEqual(
            self.claim(mailing, size=1),
            {"Anna": "anna@example.com"} | {"Bob": "bob@example.com", "Carl": "carl@example.com"},
        )
        dora, emil = (self._contact(n, self.target_list) for n in ("Dora", "Emil"))
        mailing._build_queue()
        anna.email = "elsewhere@example.com"
        dora.email = "anna@example.com"
        emil.email = "bob@example.com"
        self.assertEqual(self.claim(mailing), {})
        outcomes = self.outcomes(mailing)
        self.assertEqual((outcomes["Dora"], outcomes["Emil"]), ("mail_dup", "mail_dup"))
        put_aside = mailing.mailing_trace_ids.filtered("failure_type")
        self.assertEqual(put_aside.same_address_contact_id, anna + bob)
        self.assertTrue(carl)

    def test_an_address_that_somebody_deleted_had_gets_no_second_copy(self):
        anna = self._contact("Anna", self.target_list)
        mailing = self.queue()
        self.claim(mailing)
        bob = self._contact("Bob", self.target_list)
        mailing._build_queue()
        anna.unlink()
        bob.email = "anna@example.com"
        self._contact("Carl", self.target_list, email="anna@example.com")
        mailing._build_queue()
        self.assertEqual(self.claim(mailing), {})
        put_aside = mailing.mailing_trace_ids.filtered("failure_type")
        self.assertEqual(put_aside.mapped("failure_type"), ["mail_dup", "mail_dup"])

    def test_of_two_who_get_the_same_new_address_the_first_is_mailed(self):
        first, second = (self._contact(name, self.target_list) for name in ("First", "Second"))
        mailing = self.queue()
        first.email = second.email = "new@example.com"
        self.assertEqual(self.claim(mailing), {"First": "new@example.com"})
        self.assertEqual(self.outcomes(mailing), {"First": "process", "Second": "mail_dup"})
        put_aside = mailing.mailing_trace_ids.filtered("failure_type")
        self.assertEqual(put_aside.same_address_contact_id, first)

    def test_two_who_swap_their_addresses_are_both_mailed(self):
        anna, bob = (self._contact(name, self.target_list) for name in ("Anna", "Bob"))
        mailing = self.queue()
        anna.email, bob.email = "bob@example.com", "anna@example.com"
        self.assertEqual(
            self.claim(mailing), {"Anna": "bob@example.com", "Bob": "anna@example.com"}
        )

    def test_who_moves_out_of_an_address_leaves_it_to_the_next(self):
        anna = self._contact("Anna", self.target_list, email="family@example.com")
        self._contact("Bob", self.target_list, email="family@example.com")
        mailing = self.queue()
        anna.email = "anna@example.com"
        self.assertEqual(
            self.claim(mailing), {"Anna": "anna@example.com", "Bob": "family@example.com"}
        )

    def test_who_is_put_aside_and_gets_an_address_of_her_own_is_mailed(self):
        self._contact("Anna", self.target_list, email="family@example.com")
        bob = self._contact("Bob", self.target_list, email="family@example.com")
        mailing = self.queue()
        bob.email = "bob@example.com"
        self.assertEqual(
            self.claim(mailing), {"Anna": "family@example.com", "Bob": "bob@example.com"}
        )

    def test_a_move_to_a_domain_that_had_its_portion_waits(self):
        self.set_setting("domain_portion_size", "1")
        self._contact("Anna", self.target_list, email="anna@full.example.com")
        bob = self._contact("Bob", self.target_list, email="bob@empty.example.com")
        mailing = self.queue()
        bob.email = "bob@full.example.com"
        self.assertEqual(self.claim(mailing), {"Anna": "anna@full.example.com"})
        self.assertEqual(self.outcomes(mailing)["Bob"], "outgoing")

    # A10, the place in the queue
    def test_the_next_of_an_address_takes_the_place_of_who_drops_out(self):
        partner = self.env["res.partner"].create({"name": "Old", "email": "a@example.com"})
        for drop_out, reason in (
            (lambda old: setattr(partner, "active", False), "archived"),
            (lambda old: self.target_list.write({"contact_ids": [(3, old.id)]}), "removed"),
            (lambda old: old.unlink(), "archived"),
        ):
            partner.active = True
            old = self.env["mailing.contact"]._for_records(partner)
            target_list = self.target_list
            target_list.contact_ids = [Command.set(old.ids)]
            old.name = "Old"
            new = self._contact("New", target_list, email="a@example.com")
            third = self._contact("Third", target_list, email="a@example.com")
            mailing = self.queue()
            drop_out(old)
            with self.subTest(reason):
                self.assertEqual(self.claim(mailing), {"New": "a@example.com"})
                outcomes = sorted(
                    trace.failure_type or trace.trace_status for trace in mailing.mailing_trace_ids
                )
                self.assertEqual(outcomes, sorted(["mail_dup", "process", reason]))
            (new + third).unlink()

    def test_nobody_takes_the_place_at_an_address_that_must_not_be_mailed(self):
        self._contact("First", self.target_list, email="a@example.com")
        self._contact("Second", self.target_list, email="a@example.com")
        mailing = self.queue()
        self.env["mail.blacklist"]._add("a@example.com")
        self.assertEqual(self.claim(mailing), {})
        self.assertEqual(self.outcomes(mailing), {"First": "mail_bl", "Second": "mail_dup"})

    def test_a_mass_email_is_not_complete_while_somebody_has_a_place_to_take(self):
        first = self._contact("First", self.target_list, email="a@example.com")
        self._contact("Second", self.target_list, email="a@example.com")
        mailing = self._mass_email()
        mailing.action_set_pending()
        mailing._build_queue()
        first.unlink()
        with self.smtp() as server:
            self.run_delivery()
        self.assertEqual(server.addresses(), ["a@example.com"])
        self.assertEqual(mailing.state, "done")

    # A9
    def test_an_archived_excluding_list_excludes(self):
        self._contact("Anna", self.target_list, self.excluding_list)
        self._contact("Bob", self.target_list, email="b@example.com")
        self._contact("Rival", self.excluding_list, email="b@example.com")
        mailing = self._mass_email()
        self.excluding_list.active = False
        self.env.invalidate_all()
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing), {"Anna": "excluded", "Bob": "excluded"})
        self.assertEqual(mailing.excluding_list_ids, self.excluding_list)
        self.assertEqual(self._mass_email().excluding_list_ids, self.excluding_list)
        self.assertEqual(mailing.copy().excluding_list_ids, self.excluding_list)
        self.assertEqual(self.campaign.copy().excluding_list_ids, self.excluding_list)

    def test_a_list_archived_while_members_wait_still_excludes(self):
        anna = self._contact("Anna", self.target_list)
        mailing = self.queue()
        self.excluding_list.contact_ids += anna
        self.excluding_list.active = False
        self.env.invalidate_all()
        self.assertEqual(self.claim(mailing), {})

    def test_nobody_can_delete_lists_of_a_mass_email_under_way(self):
        mailing = self.queue()
        for each in (self.target_list, self.excluding_list):
            with self.assertRaisesRegex(UserError, "Summer"):
                each.sudo().unlink()
        mailing.state = "done"
        (self.target_list + self.excluding_list).sudo().unlink()

    def test_a_target_list_that_is_gone_is_none_to_be_mailed_by(self):
        self._contact("Anna", self.target_list)
        mailing = self.queue()
        mailing.contact_list_ids = False
        self.assertEqual(self.claim(mailing), {})
        self.assertEqual(self.outcomes(mailing), {"Anna": "removed"})

    def test_nor_is_one_that_is_archived(self):
        self._contact("Anna", self.target_list)
        mailing = self.queue()
        self.env.cr.execute("UPDATE mailing_list SET active = FALSE")
        self.env.invalidate_all()
        self.assertEqual(self.claim(mailing), {})
        self.assertEqual(self.outcomes(mailing), {"Anna": "removed"})
