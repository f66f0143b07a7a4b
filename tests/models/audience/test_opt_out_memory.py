from odoo.addons.mass_mailing_campaign.hooks.installing import remember_earlier_opt_outs
from odoo.fields import Command
from odoo.tests import new_test_user

from ...common import MassEmailCase


class TestOptOutMemory(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.anna = self._contact("Anna", self.target_list)

    def outcome(self, target_list=None):
        lists = target_list or self.target_list
        mailing = self._mass_email(contact_list_ids=[Command.set(lists.ids)])
        mailing._build_queue()
        return self.outcomes(mailing)

    def left_by_address_only(self):
        """A member who got an address that had left the list; her subscription shows nothing."""
        self.anna.subscription_ids.opt_out = True
        self.anna.unlink()
        bob = self._contact("Bob", self.target_list)
        bob.email = "anna@example.com"
        self.assertFalse(bob.subscription_ids.opt_out)
        return bob

    def test_removing_and_adding_a_target_again_keeps_the_opt_out(self):
        self.anna.subscription_ids.opt_out = True
        self.target_list.contact_ids -= self.anna
        self.target_list.contact_ids += self.anna
        self.assertEqual(self.outcome(), {"Anna": "mail_optout"})

    def test_no_context_that_a_user_brings_keeps_an_opt_out_from_the_memory(self):
        subscription = self.anna.subscription_ids.with_user(self.marketer)
        subscription.with_context(opt_out_memory_is_settled=True).opt_out = True
        self.target_list.contact_ids -= self.anna
        self.target_list.contact_ids += self.anna
        self.assertEqual(self.outcome(), {"Anna": "mail_optout"})

    def test_deleting_and_creating_a_contact_again_keeps_the_opt_out(self):
        self.anna.subscription_ids.opt_out = True
        self.anna.unlink()
        self._contact("Anna", self.target_list, email="ANNA@example.com")
        self.assertEqual(self.outcome(), {"Anna": "mail_optout"})

    def test_opting_in_again_is_the_way_back(self):
        self.anna.subscription_ids.opt_out = True
        self.anna.subscription_ids.opt_out = False
        self.assertEqual(self.outcome(), {"Anna": "outgoing"})

    def test_opting_in_by_the_portal_is_a_way_back(self):
        self.anna.subscription_ids.opt_out = True
        self.target_list.contact_ids -= self.anna
        self.anna.invalidate_recordset()
        self.target_list._update_subscription_from_email("anna@example.com", opt_out=False)
        self.assertEqual(self.outcome(), {"Anna": "outgoing"})

    def test_who_has_several_addresses_leaves_and_comes_back_with_all_of_them(self):
        self.anna.email = "anna@example.com, Anna <anna@home.example>"
        self._contact("Home", self.target_list, email="anna@home.example")
        self.anna.subscription_ids.opt_out = True
        self.assertEqual(self.outcome(), {"Anna": "mail_optout", "Home": "mail_optout"})
        self.anna.subscription_ids.opt_out = False
        self.assertEqual(self.outcome()["Home"], "outgoing")
        self.anna.subscription_ids.opt_out = True
        self.anna.unlink()
        self.assertEqual(self.outcome(), {"Home": "mail_optout"})

    def test_another_list_is_not_concerned(self):
        self.anna.subscription_ids.opt_out = True
        other = self._list("Other", self.anna)
        mailing = self._mass_email(contact_list_ids=[(6, 0, other.ids)])
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing), {"Anna": "outgoing"})

    def test_opt_outs_from_before_the_installation_hold(self):
        self.anna.subscription_ids.opt_out = True
        self.env["mailing.opt.out"].search([])._take_back()
        remember_earlier_opt_outs(self.env)
        self.target_list.contact_ids -= self.anna
        self.target_list.contact_ids += self.anna
        self.assertEqual(self.outcome(), {"Anna": "mail_optout"})

    # B15, E13
    def test_an_opt_out_shows_when_a_colleague_adds_the_target_again(self):
        self.anna.subscription_ids.opt_out = True
        subscription = self.env["mailing.subscription"]
        ways = {
            "a subscription": lambda: subscription.create(
                {"list_id": self.target_list.id, "contact_id": self.anna.id}
            ),
            "a list's members": lambda: self.target_list.write(
                {"contact_ids": [Command.link(self.anna.id)]}
            ),
            "a contact's lists": lambda: self.anna.write(
                {"list_ids": [Command.link(self.target_list.id)]}
            ),
            "a domain": lambda: self.target_list._add_targets(
                "mailing.contact", [("id", "=", self.anna.id)]
            ),
            "merged lists": lambda: self.target_list.action_merge(
                self._list("Other", self.anna), archive=False
            ),
        }
        for way, add in ways.items():
            with self.subTest(way):
                self.anna.subscription_ids.unlink()
                add()
                self.env.invalidate_all()
                subscription = self.anna.subscription_ids.filtered(
                    lambda each: each.list_id == self.target_list
                )
                self.assertTrue(subscription.opt_out)
                self.assertEqual(self.outcome(), {"Anna": "mail_optout"})

    def test_a_new_contact_of_a_remembered_address_shows_the_opt_out(self):
        self.anna.subscription_ids.opt_out = True
        for values in (
            {"list_ids": [Command.link(self.target_list.id)]},
            {"subscription_ids": [Command.create({"list_id": self.target_list.id})]},
        ):
            again = self.env["mailing.contact"].create({"email": "Anna@example.com", **values})
            self.env.invalidate_all()
            self.assertTrue(again.subscription_ids.opt_out)

    def test_unticking_opt_out_frees_who_was_added_again(self):
        self.anna.subscription_ids.opt_out = True
        self.target_list.contact_ids -= self.anna
        self.target_list.contact_ids += self.anna
        self.env.invalidate_all()
        self.anna.subscription_ids.opt_out = False
        self.assertEqual(self.outcome(), {"Anna": "outgoing"})

    def test_unticking_opt_out_frees_the_address_whoever_else_has_it(self):
        again = self._contact("Again", self.target_list, email="anna@example.com")
        (self.anna + again).subscription_ids.opt_out = True
        self.anna.subscription_ids.opt_out = False
        self.assertEqual(self.outcome(), {"Anna": "outgoing", "Again": "mail_optout"})

    def test_who_signs_up_herself_on_the_website_is_back(self):
        self.anna.subscription_ids.opt_out = True
        visitor = new_test_user(self.env, login="visitor", groups="base.group_portal")
        for user in (self.env.ref("base.public_user"), visitor):
            with self.subTest(user.login):
                self.anna.subscription_ids.opt_out = True
                self.anna.subscription_ids.unlink()
                self.env["mailing.subscription"].with_user(user).sudo().create(
                    {"list_id": self.target_list.id, "contact_id": self.anna.id}
                )
                self.assertEqual(self.outcome(), {"Anna": "outgoing"})

    def test_a_colleague_can_sign_up_herself_only(self):
        marta = self._contact("Marta", self.target_list, email=self.marketer.email)
        for contact, outcome in ((marta, "outgoing"), (self.anna, "mail_optout")):
            contact.subscription_ids.opt_out = True
            contact.subscription_ids.unlink()
            self.env["mailing.subscription"].with_user(self.marketer).create(
                {"list_id": self.target_list.id, "contact_id": contact.id}
            )
            self.assertEqual(self.outcome()[contact.name], outcome)

    def test_an_opt_out_of_a_contact_without_an_address_is_remembered(self):
        self.anna.email = False
        self.anna.subscription_ids.opt_out = True
        self.target_list.contact_ids -= self.anna
        self.anna.email = "anna@example.com"
        self.target_list.contact_ids += self.anna
        self.assertEqual(self.outcome(), {"Anna": "mail_optout"})

    def test_who_opts_out_by_the_portal_while_on_no_list_is_remembered(self):
        self.target_list.contact_ids -= self.anna
        self.target_list._update_subscription_from_email("anna@example.com", opt_out=True)
        self.target_list.contact_ids += self.anna
        self.assertEqual(self.outcome(), {"Anna": "mail_optout"})

    def test_a_test_goes_to_who_is_on_no_list_but_not_to_who_left_it(self):
        bob = self._contact("Bob")
        mailing = self._mass_email()
        self.assertFalse(mailing._objections(bob + self.anna))
        self.anna.subscription_ids.opt_out = True
        self.anna.subscription_ids.unlink()
        self.assertEqual(mailing._objections(bob + self.anna), {self.anna: "mail_optout"})

    def test_who_has_no_address_does_not_sign_up_others_who_have_none(self):
        self.anna.email = False
        self.anna.subscription_ids.opt_out = True
        self.anna.subscription_ids.unlink()
        self.marketer.email = False
        self.env["mailing.subscription"].with_user(self.marketer).create(
            {"list_id": self.target_list.id, "contact_id": self.anna.id}
        )
        self.anna.email = "anna@example.com"
        self.assertEqual(self.outcome(), {"Anna": "mail_optout"})

    def test_a_subscription_without_a_reason_to_leave_is_no_opting_in(self):
        bob = self.left_by_address_only()
        for name in ("opt_out_reason_id", "opt_out_datetime"):
            bob.subscription_ids[name] = False
            self.assertEqual(self.outcome(), {"Bob": "mail_optout"})

    # ------------------------------------------------------------
    # Deleted at another address
    # ------------------------------------------------------------

    def test_a_deleted_contact_is_remembered_by_the_address_it_had_at_last(self):
        self.anna.subscription_ids.opt_out = True
        self.anna.email = "new@example.com"
        self.anna.unlink()
        self._contact("Anna", self.target_list, email="new@example.com")
        self.assertEqual(self.outcome(), {"Anna": "mail_optout"})

    def test_a_deleted_record_is_remembered_by_the_address_it_had_at_last(self):
        for model, field in (
            ("res.partner", "email"),
            ("crm.lead", "email_from"),
            ("res.users", "email"),
        ):
            with self.subTest(model):
                values = {"name": model, field: "before@example.com"}
                if model == "res.users":
                    values["login"] = "before"
                record = self.env[model].create(values)
                contact = self.env["mailing.contact"]._for_records(record)
                target_list = self._list(model, contact)
                self.env.invalidate_all()
                contact.subscription_ids.opt_out = True
                record[field] = "after@example.com"
                record.unlink()
                self.assertFalse(contact.exists())
                self._contact("Again", target_list, email="after@example.com")
                self.assertEqual(self.outcome(target_list), {"Again": "mail_optout"})

    # ------------------------------------------------------------
    # Lists that come after others
    # ------------------------------------------------------------

    def test_an_opt_out_moves_with_a_subscription(self):
        other = self._list("Other")
        self.anna.subscription_ids.opt_out = True
        self.anna.subscription_ids.list_id = other
        self.env.invalidate_all()
        other.contact_ids -= self.anna
        other.contact_ids += self.anna
        self.assertEqual(self.outcome(other), {"Anna": "mail_optout"})

    def test_a_subscription_moved_to_a_list_that_was_left_shows_the_opt_out(self):
        other = self._list("Other", self.anna)
        self.anna.invalidate_recordset()
        of_other = self.anna.subscription_ids.filtered(lambda each: each.list_id == other)
        of_other.opt_out = True
        of_other.unlink()
        self.anna.subscription_ids.list_id = other
        self.assertTrue(self.anna.subscription_ids.opt_out)

    def test_a_merged_list_was_left_by_who_left_what_it_is_made_of(self):
        self.anna.subscription_ids.opt_out = True
        merged = self._list("Merged")
        merged.action_merge(self.target_list, archive=True)
        merged.contact_ids += self.anna
        self.assertEqual(self.outcome(merged), {"Anna": "mail_optout"})

    def test_a_merged_list_has_no_members_of_an_address_that_left(self):
        self.left_by_address_only()
        merged = self._list("Merged")
        merged.action_merge(self.target_list, archive=True)
        self.assertNotIn("outgoing", self.outcome(merged).values())

    def test_who_stays_in_one_of_the_merged_lists_stays(self):
        other = self._list("Other", self.anna)
        self.anna.invalidate_recordset()
        self.anna.subscription_ids.filtered(
            lambda each: each.list_id == self.target_list
        ).opt_out = True
        merged = self._list("Merged")
        merged.action_merge(self.target_list + other, archive=True)
        self.assertEqual(self.outcome(merged), {"Anna": "outgoing"})

    def test_a_copied_list_was_left_by_who_left_the_original(self):
        self.left_by_address_only()
        copy = self.target_list.copy()
        self.assertEqual(self.outcome(copy), {})
        copy.contact_ids = self.target_list.contact_ids
        self._contact("Anna", copy)
        self.assertEqual({"Anna", "Bob"}, set(self.outcome(copy)))
        self.assertEqual(set(self.outcome(copy).values()), {"mail_optout"})
