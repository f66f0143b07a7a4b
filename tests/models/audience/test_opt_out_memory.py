from odoo.addons.mass_mailing_campaign.hooks import remember_earlier_opt_outs
from odoo.fields import Command
from odoo.tests import new_test_user

from ...common import MassEmailCase


class TestOptOutMemory(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.anna = self._contact("Anna", self.target_list)

    def outcome(self):
        mailing = self._mass_email()
        mailing._build_queue()
        return self.outcomes(mailing)

    def test_removing_and_adding_a_target_again_keeps_the_opt_out(self):
        self.anna.subscription_ids.opt_out = True
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

    def test_another_list_is_not_concerned(self):
        self.anna.subscription_ids.opt_out = True
        other = self._list("Other", self.anna)
        mailing = self._mass_email(contact_list_ids=[(6, 0, other.ids)])
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing), {"Anna": "outgoing"})

    def test_opt_outs_from_before_the_installation_hold(self):
        self.anna.subscription_ids.opt_out = True
        self.env["mailing.opt.out"].search([]).unlink()
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
            "a domain": lambda: self.target_list._add_contacts([("id", "=", self.anna.id)]),
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
