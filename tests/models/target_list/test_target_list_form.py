from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import Form, new_test_user

from ...common import MassEmailCase


class TestTargetListForm(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anna = cls._contact("Anna", cls.target_list)
        cls.bob = cls._contact("Bob", cls.target_list)
        cls.lists = cls.target_list.with_user(cls.marketer)

    def figures(self, target_list=None):
        return {
            figure["name"]: figure["count"] for figure in (target_list or self.lists).get_figures()
        }

    def rows(self, name):
        """The names of the members that a figure opens."""
        action = self.lists.action_view_figure(name)
        subscriptions = self.env["mailing.subscription"].with_user(self.marketer)
        members = subscriptions.with_context(**action["context"]).search(action["domain"])
        return sorted(members.mapped("contact_id.name"))

    def membership(self, contact):
        return self.env["mailing.subscription"].search(
            [("contact_id", "=", contact.id), ("list_id", "=", self.target_list.id)]
        )

    def opted_out(self):
        return self.env["mailing.opt.out"].search(
            [("list_id", "=", self.target_list.id), ("is_leaver", "=", True)]
        )

    def motley(self):
        """Somebody for every reason not to be mailed."""
        self._contact("Left", self.target_list).subscription_ids.opt_out = True
        remembered = self._contact("Remembered", self.target_list)
        remembered.subscription_ids.opt_out = True
        remembered.subscription_ids.unlink()
        self.target_list.contact_ids += remembered
        self._contact("Blocked", self.target_list)
        self.env["mail.blacklist"]._add("blocked@example.com")
        self._contact("Nowhere", self.target_list).email = False
        self._contact("Typo", self.target_list, email="typo at example")
        self._contact("Twin", self.target_list, email="anna@example.com")
        partner = self.env["res.partner"].create({"name": "Old", "email": "old@example.com"})
        self.target_list.contact_ids += self.env["mailing.contact"]._for_records(partner)
        partner.active = False
        self._contact("Dead", self.target_list)
        self.env["mailing.address"].sudo().create(
            {"address": "dead@example.com", "dead_datetime": fields.Datetime.now()}
        )

    # ------------------------------------------------------------
    # Figures
    # ------------------------------------------------------------

    def test_figures_tell_what_a_mass_email_makes_of_the_members(self):
        self.motley()
        self.assertEqual(
            self.figures(),
            {
                "members": 10,
                "will_receive": 2,
                "opted_out": 2,
                "blacklisted": 1,
                "no_address": 2,
                "dead": 1,
                "archived": 1,
                "mail_dup": 1,
            },
        )
        mailing = self._mass_email(excluding_list_ids=False)
        mailing._build_queue()
        outcomes = list(self.outcomes(mailing).values())
        self.assertEqual(outcomes.count("outgoing"), 2)
        self.assertEqual(outcomes.count("mail_optout"), 2)
        self.assertEqual(len(outcomes), 10)

    def test_each_figure_opens_its_rows(self):
        self.motley()
        expected = {
            "will_receive": ["Anna", "Bob"],
            "opted_out": ["Left", "Remembered"],
            "blacklisted": ["Blocked"],
            "no_address": ["Nowhere", "Typo"],
            "dead": ["Dead"],
            "archived": ["Old"],
            "mail_dup": ["Twin"],
        }
        for name, count in self.figures().items():
            with self.subTest(name):
                rows = self.rows(name)
                self.assertEqual(len(rows), count)
                self.assertEqual(rows, expected.get(name, rows))

    def test_nobody_receives_by_an_archived_list(self):
        self.target_list.active = False
        self.assertEqual(self.figures()["will_receive"], 0)
        self.assertEqual(self.figures()["removed"], 2)

    def test_figures_take_one_statement_however_many_members_there_are(self):
        other = self._list("Many")
        self._contacts(50, other)
        counts = []
        for target_list in (self.target_list, other):
            target_list.get_figures()
            before = self.env.cr.sql_log_count
            target_list.get_figures()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts, [2, 2], "one more is SET LOCAL")

    def test_a_name_does_not_cost_the_statistics(self):
        self.env.invalidate_all()
        self.target_list.name  # noqa: B018
        with self.assertQueryCount(1):
            self.assertEqual(self.target_list.display_name, "Customers (2)")

    def test_odoos_statistics_are_what_they_were(self):
        self.motley()
        self.assertEqual(self.target_list.contact_count, 10)
        self.assertEqual(self.target_list.contact_pct_blacklisted, 10)
        self.assertEqual(self._list("Empty").contact_pct_opt_out, 0)

    def test_who_can_be_mailed_does_not_include_dead_addresses(self):
        self._contact("Dead", self.target_list)
        self.assertEqual(self.target_list.contact_count_email, 3)
        self.env["mailing.address"].sudo().create(
            {"address": "dead@example.com", "dead_datetime": fields.Datetime.now()}
        )
        self.target_list.invalidate_recordset()
        self.assertEqual(self.target_list.contact_count_email, 2)
        action = self.lists.action_view_contacts_email()
        self.assertEqual(action["domain"], self.lists.action_view_figure("will_receive")["domain"])

    # ------------------------------------------------------------
    # Tabs
    # ------------------------------------------------------------

    def kinds(self, user):
        return {kind["type"]: kind for kind in self.lists.with_user(user).get_target_kinds()}

    def test_every_kind_of_targets_has_a_tab_with_its_count(self):
        kinds = self.kinds(self.seller)
        self.assertEqual([*kinds], ["account", "contact", "lead", "user", "plain"])
        self.assertEqual(kinds["plain"]["count"], 2)
        self.assertEqual(kinds["account"]["context"], {"default_is_company": True})
        # who it is and the address are not squeezed by what sellers want to know
        for target_type in ("account", "contact", "lead", "user"):
            records = self.env[kinds[target_type]["model"]].with_user(self.seller)
            view = records.with_context(**kinds[target_type]["selection_context"])
            self.assertIn('string="Opted Out of Everything"', view.get_view(None, "list")["arch"])

    def test_accounts_and_contacts_are_selected_apart(self):
        partners = self.env["res.partner"].create(
            [{"name": "Firm", "is_company": True}, {"name": "Person"}]
        )
        kinds = self.kinds(self.marketer)
        for target_type, partner in zip(("account", "contact"), partners, strict=True):
            domain = Domain(kinds[target_type]["domain"]) & Domain("id", "in", partners.ids)
            self.assertEqual(self.env["res.partner"].search(domain), partner)

    def test_who_may_not_read_leads_is_offered_none_but_sees_who_is_a_member(self):
        self.assertNotIn("lead", self.kinds(self.marketer))
        lead = self.env["crm.lead"].create({"name": "Lee", "email_from": "lee@example.com"})
        self.target_list._add_targets("crm.lead", [("id", "=", lead.id)])
        kind = self.kinds(self.marketer)["lead"]
        self.assertEqual((kind["count"], kind["may_select"], kind["may_create"]), (1, False, False))
        member = self.lists.subscription_ids.filtered(lambda each: each.target_type == "lead")
        self.assertEqual(member.name, "Lee")
        self.assertEqual(member.action_open_record()["res_model"], "mailing.contact")
        of_seller = member.with_user(self.seller)
        lead.user_id = self.seller
        self.assertEqual(of_seller.action_open_record()["res_model"], "crm.lead")

    # ------------------------------------------------------------
    # Add, remove, opt out
    # ------------------------------------------------------------

    def test_what_was_added_is_told(self):
        partners = self.env["res.partner"].create(
            [{"name": "Ann", "email": "ann@example.com"}, {"name": "Mute"}]
        )
        domain = [("id", "in", partners.ids)]
        self.assertEqual(
            self.lists.add_targets("res.partner", domain),
            "Customers: 2 added, 1 of them without a usable address.",
        )
        self.assertEqual(
            self.lists.add_targets("res.partner", domain), "Customers: 0 added, 2 there already."
        )

    def test_only_sources_of_targets_are_added(self):
        with self.assertRaises(AccessError):
            self.lists.add_targets("res.company", [])

    def test_removed_members_stay_opted_out_when_they_are_added_again(self):
        self.membership(self.anna).opt_out = True
        self.assertEqual(self.lists.remove_members([]), 2)
        self.assertFalse(self.target_list.contact_ids)
        self.lists.add_targets("mailing.contact", [("id", "in", (self.anna + self.bob).ids)])
        self.assertEqual(self.figures()["opted_out"], 1)
        self.assertTrue(self.membership(self.anna).opt_out)

    def test_members_of_other_lists_are_not_removed(self):
        other = self._list("Other", self.anna)
        self.lists.remove_members([("list_id", "=", other.id)])
        self.assertEqual(other.contact_ids, self.anna)
        self.assertEqual(self.target_list.contact_ids, self.anna + self.bob)

    def test_removing_takes_as_many_statements_for_many_as_for_few(self):
        other = self._list("Many")
        self._contacts(50, other)
        self.lists.remove_members([("id", "=", 0)])
        counts = []
        for target_list in (self.lists, other.with_user(self.marketer)):
            before = self.env.cr.sql_log_count
            target_list.remove_members([("target_type", "=", "plain")])
            counts.append(self.env.cr.sql_log_count - before)
            self.assertFalse(target_list.contact_ids)
        self.assertEqual(*counts)

    def test_a_row_opts_out_and_cancels_it(self):
        member = self.membership(self.anna).with_user(self.marketer)
        member.action_opt_out()
        self.assertEqual(member.objection, "mail_optout")
        member.action_cancel_opt_out()
        self.assertFalse(member.objection)
        self.assertFalse(self.opted_out())

    def test_the_rows_of_a_page_take_one_statement_to_be_judged(self):
        self._contacts(50, self.target_list)
        counts = []
        self.target_list.subscription_ids.mapped("objection")
        for size in (2, 40):
            members = self.target_list.subscription_ids[:size]
            members.invalidate_recordset(["objection"])
            before = self.env.cr.sql_log_count
            self.assertEqual(members.mapped("objection"), [False] * size)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)

    # ------------------------------------------------------------
    # Who opted out
    # ------------------------------------------------------------

    def test_who_opted_out_is_shown_once_be_she_a_member_or_not(self):
        self.membership(self.anna).opt_out = True
        self.assertEqual(self.opted_out().mapped("contact_name"), ["Anna"])
        self.membership(self.anna).unlink()
        self.assertEqual(self.opted_out().mapped("contact_name"), ["Anna"])
        self.anna.unlink()
        self.assertEqual(self.opted_out().mapped("address"), ["anna@example.com"])

    def test_the_message_and_the_reason_are_told(self):
        mailing = self._mass_email(excluding_list_ids=False)
        mailing._build_queue()
        trace = mailing.mailing_trace_ids.filtered(lambda each: each.contact_id == self.anna)
        trace.sudo()._receive_opt_out()
        reason = self.env["mailing.subscription.optout"].search([], limit=1)
        self.membership(self.anna).opt_out_reason_id = reason
        opt_out = self.opted_out().with_user(self.marketer)
        self.assertEqual(opt_out.mailing_id, mailing)
        self.assertEqual(opt_out.reason_id, reason)
        self.membership(self.anna).unlink()
        self.assertEqual(self.opted_out().reason_id, reason)

    def test_the_reason_she_told_stays_when_she_is_removed_merged_or_deleted(self):
        mailing = self._mass_email(excluding_list_ids=False)
        mailing._build_queue()
        trace = mailing.mailing_trace_ids.filtered(lambda each: each.contact_id == self.anna)
        trace.sudo()._receive_opt_out()
        reason = self.env["mailing.subscription.optout"].search([], limit=1)
        trace.sudo()._receive_reason(reason, "")
        kept = self._contact("Kept")
        for change in (
            lambda: self.membership(self.anna).unlink(),
            lambda: self.anna._merge_into(kept),
            lambda: kept.write({"email": "kept@elsewhere.example"}),
            kept.unlink,
        ):
            change()
            self.env.invalidate_all()
            opt_outs = self.opted_out().with_user(self.marketer)
            self.assertEqual([each.reason_id for each in opt_outs], [reason] * len(opt_outs))
            self.assertTrue(opt_outs)

    def test_a_cancelled_opt_out_is_forgotten(self):
        for is_member in (True, False):
            with self.subTest(is_member=is_member):
                self.membership(self.anna).opt_out = True
                if not is_member:
                    self.membership(self.anna).unlink()
                self.opted_out().with_user(self.marketer).action_cancel()
                memory = [("list_id", "=", self.target_list.id)]
                self.assertFalse(self.env["mailing.opt.out"].search(memory))
                self.assertFalse(self.membership(self.anna).opt_out)
                self.target_list.contact_ids |= self.anna
                self.assertEqual(self.figures()["will_receive"], 2)

    def test_an_opt_out_of_somebody_deleted_can_be_cancelled(self):
        self.membership(self.anna).opt_out = True
        self.anna.unlink()
        self.opted_out().with_user(self.marketer).action_cancel()
        self._contact("Anna", self.target_list)
        self.assertEqual(self.figures()["will_receive"], 2)

    # ------------------------------------------------------------
    # Rights and head
    # ------------------------------------------------------------

    def test_without_email_marketing_nothing_is_told_or_done(self):
        stranger = new_test_user(self.env, login="stranger", groups="base.group_user")
        target_list = self.target_list.with_user(stranger)
        for call in (
            target_list.get_figures,
            target_list.get_target_kinds,
            lambda: target_list.action_view_figure("members"),
            lambda: target_list.add_targets("res.partner", []),
            lambda: target_list.remove_members([]),
            self.membership(self.anna).with_user(stranger).action_opt_out,
            self.membership(self.anna).with_user(stranger).action_open_record,
        ):
            with self.subTest(call), self.assertRaises(AccessError):
                call()

    def test_lists_are_found_and_grouped_by_category_and_responsible(self):
        news = self.env["mailing.list.category"].with_user(self.marketer).create({"name": "News"})
        self.assertEqual(news.copy().name, "News (copy)")
        self.lists.category_ids = news
        self.lists.user_id = self.marketer
        lists = self.env["mailing.list"].with_user(self.marketer)
        self.assertEqual(lists.search([("category_ids.name", "=", "News")]), self.target_list)
        groups = dict(lists._read_group([], ["category_ids"], ["id:recordset"]))
        self.assertEqual(groups[news], self.target_list)
        self.assertIn(self.target_list, lists.search([("user_id", "=", self.marketer.id)]))

    # ------------------------------------------------------------
    # Mailing it
    # ------------------------------------------------------------

    def test_the_button_starts_a_mass_email_to_the_list(self):
        action = self.lists.action_send_mailing()
        mailings = self.env["mailing.mailing"].with_user(self.marketer)
        with Form(mailings.with_context(**action["context"]), action["view_id"][0]) as form:
            form.subject = "News"
        self.assertEqual(form.record.delivery_mode, "portions")
        self.assertEqual(form.record.contact_list_ids, self.target_list)
