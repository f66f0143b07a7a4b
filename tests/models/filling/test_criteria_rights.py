from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user

from ...common import ALL_CAMPAIGNS
from .test_criteria import CRON, CriteriaCase


class TestCriteriaRights(CriteriaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.her_lead, cls.his_lead = cls.env["crm.lead"].create(
            [
                {"name": name, "email_from": f"{name}@example.com", "user_id": user.id}
                for name, user in (("mine", cls.seller), ("secret", cls.env.ref("base.user_admin")))
            ]
        )
        cls.leads = str([("id", "in", (cls.her_lead + cls.his_lead).ids)])

    def lead_criterion(self, **values):
        return self._criterion(self.leads, user=self.seller, model="crm.lead", **values)

    def saved_filter(self, user, *users, domain="[]"):
        return (
            self.env["ir.filters"]
            .with_user(user)
            .create(
                {
                    "name": "Shared",
                    "model_id": "crm.lead",
                    "domain": domain,
                    "user_ids": [Command.set([each.id for each in users])],
                }
            )
        )

    def test_only_whom_the_author_may_read_is_added_whoever_syncs(self):
        self.criterion.unlink()
        criterion = self.lead_criterion()
        criterion.with_user(self.marketer).action_sync()
        self.target_list.with_user(self.env.ref("base.user_admin"))._sync()
        self.env.invalidate_all()
        self.assertEqual(self.members(), {"mine"})

    def test_an_author_who_may_not_read_the_model_is_refused(self):
        with self.assertRaises(ValidationError):
            self._criterion(self.leads, model="crm.lead")

    def test_an_author_who_loses_the_right_or_leaves_is_told_and_nothing_changes(self):
        self.criterion.unlink()
        criterion = self.lead_criterion()
        self.sync()
        sales = self.env.ref("sales_team.group_sale_salesman")
        marketing = self.env.ref("mass_mailing.group_mass_mailing_user")
        marketing |= self.env.ref(ALL_CAMPAIGNS)
        for change in (
            {"group_ids": [Command.unlink(sales.id)]},
            {"group_ids": [Command.unlink(group.id) for group in marketing]},
            {"active": False},
        ):
            with self.subTest(change), self.env.cr.savepoint() as savepoint:
                self.seller.write(change)
                self.sync()
                self.assertIn("Sam Seller", criterion.sudo().error)
                self.assertEqual(self.members(), {"mine"})
                savepoint.rollback()
                self.env.invalidate_all(flush=False)

    def test_what_does_not_work_is_told_in_the_language_of_who_is_responsible(self):
        self.env["res.lang"]._activate_lang("ru_RU")
        self.target_list.user_id = self.marketer
        self.marketer.lang = "ru_RU"
        criterion = self.lead_criterion()
        self.seller.active = False
        with self.enter_registry_test_mode():
            self.env.ref(CRON).sudo().method_direct_trigger()
        self.env.invalidate_all()
        self.assertRegex(criterion.sudo().error, "[а-я]")

    def test_who_changes_what_is_asked_answers_for_it(self):
        criterion = self.lead_criterion()
        criterion.with_user(self.marketer).name = "Our leads"
        self.assertEqual(criterion.user_id, self.seller)
        with self.assertRaises(ValidationError):
            criterion.with_user(self.marketer).domain = "[]"
        self.criterion.with_user(self.seller).domain = "[('ref', '=', 'other')]"
        self.assertEqual(self.criterion.user_id, self.seller)

    def test_nobody_makes_another_the_author(self):
        for user in (self.marketer, self.seller):
            with self.assertRaises(AccessError):
                self.criterion.with_user(user).write({"user_id": self.env.ref("base.user_admin")})
        with self.assertRaises(AccessError):
            self.criterion.with_user(self.marketer).write(
                {"user_id": self.seller.id, "model": "crm.lead", "domain": self.leads}
            )
        with self.assertRaises(AccessError):
            self._criterion(self.leads, model="crm.lead", user_id=self.seller.id)
        self.criterion.with_user(self.seller).action_take_over()
        self.assertEqual(self.criterion.user_id, self.seller)
        self.criterion.with_user(self.env.ref("base.user_admin")).user_id = self.marketer
        self.assertEqual(self.criterion.user_id, self.marketer)

    def test_nobody_adds_more_by_changing_a_filter_that_another_uses(self):
        self.criterion.unlink()
        admin = self.env.ref("base.user_admin")
        admin.group_ids |= self.env.ref("mass_mailing.group_mass_mailing_user")
        saved = self.saved_filter(admin, admin, self.seller, self.marketer, domain=self.leads)
        criterion = self._criterion(user=admin, model="crm.lead", kind="filter", filter_id=saved.id)
        self.sync()
        self.assertEqual(self.members(), {"mine", "secret"})
        saved.with_user(self.seller).domain = self.leads + " "
        self.sync()
        self.assertEqual(self.members(), {"mine"})
        saved.with_user(self.marketer).domain = self.leads
        self.sync()
        self.assertIn("may not read", criterion.error)
        self.assertIn("Marta Marketer", criterion.error)
        self.assertEqual(self.members(), {"mine"})

    def test_a_filter_of_somebody_else_is_refused(self):
        saved = self.saved_filter(self.marketer, self.marketer)
        with self.assertRaises(ValidationError):
            self.lead_criterion(kind="filter", filter_id=saved.id)

    def test_an_author_finds_the_records_of_all_of_her_companies_and_no_others(self):
        company = self.env["res.company"].create({"name": "Abroad"})
        self.bob.company_id = company
        self.sync()
        self.assertEqual(self.members(), {"Anna", "Carl"})
        self.marketer.company_ids |= company
        self.target_list.with_user(self.marketer).with_context(
            allowed_company_ids=self.marketer.company_id.ids
        ).action_sync()
        self.env.invalidate_all()
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl"})

    def test_who_has_nothing_to_do_with_lists_neither_reads_nor_syncs(self):
        employee = new_test_user(self.env, login="employee", groups="base.group_user")
        for ask in (
            lambda: self.criterion.with_user(employee).read(["domain"]),
            lambda: self.criterion.with_user(employee).action_sync(),
            lambda: self.target_list.with_user(employee).action_sync(),
            lambda: self._criterion(user=employee),
        ):
            with self.assertRaises(AccessError):
                ask()
