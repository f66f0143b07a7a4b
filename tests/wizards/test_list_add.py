from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form

from ..common import MassEmailCase


class TestListAdd(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.env["res.partner"].create(
            [{"name": f"Fair {n}", "email": f"fair{n}@example.com"} for n in range(5)]
        )

    def wizard(self, ticked, all_results=False, user=None, **values):
        """The wizard as the client opens it: it sends the search domain always."""
        context = {
            "active_model": ticked._name,
            "active_id": ticked[:1].id,
            "active_ids": ticked.ids,
            "active_domain": [["name", "=like", "Fair _"]],
        }
        if all_results:
            context["is_domain_selected"] = True
        wizards = self.env["mailing.list.add"].with_user(user or self.marketer)
        return wizards.with_context(**context).create(
            {"list_ids": [Command.set(self.target_list.ids)], **values}
        )

    def told(self, wizard):
        return wizard.action_add()["params"]["message"]

    def members(self):
        self.env.invalidate_all()
        return self.target_list.contact_ids.partner_id

    def test_three_ticked_records_add_three(self):
        wizard = self.wizard(self.partners[:3])
        self.assertEqual(wizard.record_count, 3)
        self.assertEqual(self.told(wizard), "Customers: 3 added.")
        self.assertEqual(self.members(), self.partners[:3])

    def test_all_search_results_add_more_than_the_client_names(self):
        wizard = self.wizard(self.partners[:2], all_results=True)
        self.assertEqual(wizard.record_count, 5)
        wizard.action_add()
        self.assertEqual(self.members(), self.partners)

    def test_ticked_records_may_be_archived(self):
        self.partners[0].active = False
        self.wizard(self.partners[:2]).action_add()
        self.assertEqual(self.members(), self.partners[:2])

    def test_archived_records_are_no_search_results(self):
        self.partners[0].active = False
        self.wizard(self.partners[:2], all_results=True).action_add()
        self.assertEqual(self.members(), self.partners[1:])

    def test_the_answer_tells_what_became_of_everybody(self):
        self.wizard(self.partners[0]).action_add()
        self.env["mailing.opt.out"]._remember(
            self.target_list, self.env["mailing.contact"], [self.partners[1].email]
        )
        self.partners[2].email = False
        other = self._list("Other")
        wizard = self.wizard(self.partners, list_ids=[Command.set((self.target_list + other).ids)])
        self.assertEqual(
            self.told(wizard),
            "Customers: 4 added, 1 of them without a usable address, 1 left the list before and"
            " stay opted out, 1 there already."
            " Other: 5 added, 1 of them without a usable address.",
        )

    def test_a_new_list_is_made_beside_those_there_are(self):
        self.wizard(self.partners, name="Fair").action_add()
        new = self.env["mailing.list"].search([("name", "=", "Fair")])
        self.assertEqual(new.contact_ids.partner_id, self.partners)
        self.assertEqual(self.members(), self.partners)

    def test_a_list_that_was_deleted_meanwhile_is_told_of(self):
        other = self._list("Other")
        wizard = self.wizard(self.partners)
        other.unlink()
        with self.assertRaisesRegex(UserError, "deleted meanwhile"):
            self.wizard(self.partners, list_ids=[Command.link(other.id)])
        with self.assertRaisesRegex(UserError, "deleted meanwhile"):
            wizard.list_ids = [Command.link(other.id)]
        with self.assertRaisesRegex(UserError, "deleted meanwhile"):
            other.with_user(self.marketer).add_targets("res.partner", [])
        self.target_list.unlink()
        with self.assertRaisesRegex(UserError, "Choose a target list"):
            wizard.action_add()

    def test_an_archived_list_is_told_of_and_a_merged_one_is_filled_where_it_went(self):
        other, heir = self._list("Other"), self._list("Heir")
        wizard = self.wizard(self.partners, list_ids=[Command.set((self.target_list + other).ids)])
        other.active = False
        with self.assertRaisesRegex(UserError, "Other.*archived"):
            wizard.action_add()
        self.assertFalse(self.members())
        heir.action_merge(other, archive=True)
        self.assertEqual(self.told(wizard), "Customers: 5 added. Heir: 5 added.")

    def test_a_list_must_be_named(self):
        wizard = self.wizard(self.partners, list_ids=[])
        with self.assertRaisesRegex(UserError, "Choose a target list"):
            wizard.action_add()

    def test_a_name_of_blanks_is_none(self):
        with self.assertRaisesRegex(UserError, "name"):
            self.wizard(self.partners, list_ids=False, name="  ").action_add()

    def test_who_waits_for_her_opt_in_is_told(self):
        self.target_list.opt_in_required = True
        wizard = self.wizard(self.partners[:3])
        self.assertIn("3 of them wait for their own opt-in", self.told(wizard))

    def test_what_cannot_be_a_member_is_refused(self):
        with self.assertRaisesRegex(UserError, "can be members"):
            self.wizard(self.campaign).action_add()

    def test_leads_need_the_right_to_read_them(self):
        mine, other = self.env["crm.lead"].create(
            [
                {"name": "Fair 1", "email_from": "a@example.com", "user_id": self.seller.id},
                {"name": "Fair 2", "email_from": "b@example.com", "user_id": self.marketer.id},
            ]
        )
        for all_results in False, True:
            wizard = self.wizard(mine + other, all_results, user=self.seller)
            self.assertEqual(wizard.record_count, 1)
            wizard.action_add()
            self.env.invalidate_all()
            self.assertEqual(self.target_list.contact_ids.lead_id, mine)
        with self.assertRaises(AccessError):
            self.wizard(mine + other).action_add()

    def test_it_is_offered_to_marketers_alone(self):
        actions = self.env["ir.actions.actions"]
        for model in ("res.partner", "crm.lead", "res.users", "mailing.contact"):
            for user, expected in (self.marketer, 1), (self.env.ref("base.user_demo"), 0):
                with self.subTest(model=model, user=user.login):
                    offered = actions.with_user(user).get_bindings(model).get("action", [])
                    names = [action["name"] for action in offered]
                    self.assertEqual(names.count("Add to Target List"), expected)
        for name in "list", "kanban":
            self.assertIn(
                name,
                self.env.ref(f"{self.addon}.mailing_list_add_action_partner").binding_view_types,
            )

    addon = "mass_mailing_campaign"

    def test_the_form_shows_how_many_are_meant(self):
        wizards = self.env["mailing.list.add"].with_user(self.marketer)
        context = {"active_model": "res.partner", "active_ids": self.partners.ids}
        with Form(wizards.with_context(**context)) as form:
            self.assertEqual(form.record_count, 5)
