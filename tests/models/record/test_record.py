from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, new_test_user

from ...common import MassEmailCase

OURS = ("target_list_ids", "target_list_count", "campaign_message_count")
FLAGS = ("is_address_dead", "dead_reason", "blacklist_reason")


class RecordCase(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls.env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
        cls.lead = cls.env["crm.lead"].create(
            {
                "name": "Big deal",
                "contact_name": "Lee",
                "email_from": "lee@example.com",
                "user_id": cls.seller.id,
            }
        )
        cls.user = cls.env["res.users"].create(
            {"name": "Uma", "login": "uma_user", "email": "uma@example.com"}
        )
        cls.records = (cls.person, cls.lead, cls.user)
        # her own users may read everything they work on, and no more
        cls.employee = new_test_user(cls.env, login="plain_employee", groups="base.group_user")
        cls.only_seller = new_test_user(
            cls.env, login="only_seller", groups="sales_team.group_sale_salesman_all_leads"
        )
        cls.portal = new_test_user(cls.env, login="portal_customer", groups="base.group_portal")

    def target(self, record):
        return self.env["mailing.contact"]._for_records(record)

    def subscribe(self, record, *lists):
        for each in lists:
            each.contact_ids = [Command.link(self.target(record).id)]
        self.env.invalidate_all()


class TestTargetListsOfARecord(RecordCase):
    def subscriptions(self, record, user):
        """The memberships on the screen that a record's button opens."""
        action = record.with_user(user).action_view_target_lists()
        subscriptions = self.env["mailing.subscription"].with_user(user)
        return subscriptions.with_context(**action["context"]), action["domain"]

    def test_a_record_without_a_target_can_be_put_on_a_list(self):
        for record in self.records:
            with self.subTest(record._name):
                subscriptions, domain = self.subscriptions(record, self.seller)
                self.assertFalse(subscriptions.search(domain))
                self.assertFalse(record._targets(), "looking makes no target")
                subscriptions.create([{"list_id": self.target_list.id}])
                self.assertEqual(subscriptions.search(domain).list_id, self.target_list)
                self.assertEqual(record.target_list_ids, self.target_list)
                self.assertEqual(len(record._targets()), 1)

    def test_a_record_is_added_to_several_lists_at_once(self):
        lists = self.target_list + self._list("Second")
        for record in self.records:
            subscriptions, domain = self.subscriptions(record, self.seller)
            action = subscriptions.action_add_record()
            wizards = self.env[action["res_model"]].with_user(self.seller)
            wizard = wizards.with_context(**action["context"]).create({"list_ids": lists.ids})
            self.assertEqual(wizard.record_count, 1)
            wizard.action_add()
            self.assertEqual(subscriptions.search(domain).list_id, lists)

    def test_a_marketer_without_sales_rights_subscribes_partners_and_users_but_no_leads(self):
        for record in (self.person, self.user):
            subscriptions, domain = self.subscriptions(record, self.marketer)
            subscriptions.create([{"list_id": self.target_list.id}])
            self.assertTrue(subscriptions.search(domain))
        with self.assertRaises(AccessError):
            self.lead.with_user(self.marketer).action_view_target_lists()
        subscriptions = self.env["mailing.subscription"].with_user(self.marketer)
        subscriptions = subscriptions.with_context(subscribe_record=["crm.lead", self.lead.id])
        with self.assertRaises(AccessError):
            subscriptions.create([{"list_id": self.target_list.id}])
        self.assertFalse(self.lead._targets())

    def test_opting_out_of_one_list_and_cancelling_it(self):
        second = self._list("Second")
        self.subscribe(self.lead, self.target_list, second)
        subscriptions, domain = self.subscriptions(self.lead, self.seller)
        subscription = subscriptions.search([*domain, ("list_id", "=", second.id)])
        subscription.action_opt_out()
        self.assertEqual(subscription.membership, "opted_out")
        self.assertTrue(subscription.opt_out_datetime)
        self.assertEqual(self.lead.target_list_count, 2)
        second.contact_ids = [Command.clear()]
        self.subscribe(self.lead, second)
        subscription = subscriptions.search([*domain, ("list_id", "=", second.id)])
        self.assertEqual(subscription.membership, "opted_out", "it is remembered")
        subscription.action_cancel_opt_out()
        self.assertEqual(subscription.membership, "member")
        self.assertFalse(subscription.opt_out_datetime)

    def test_the_counts_of_many_records_take_a_fixed_number_of_statements(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n}@example.com"} for n in range(50)]
        )
        contacts = self.env["mailing.contact"]._for_records(partners)
        self.target_list.contact_ids = [Command.set(contacts.ids)]
        mailing = self._mass_email()
        mailing._build_queue()
        for records in (partners[:1], partners):
            self.env.flush_all()
            self.env.invalidate_all()
            records.mapped("name")
            self.env["mailing.list"].search([]).mapped("name")
            with self.assertQueryCount(5):
                records.mapped("target_list_count")
                records.mapped("campaign_message_count")
            self.assertEqual(set(records.mapped("campaign_message_count")), {1})

    def test_who_may_not_read_the_counts_pays_nothing_for_them(self):
        for record, user in ((self.person, self.employee), (self.lead, self.only_seller)):
            arch = record.with_user(user).get_view(view_type="form")["arch"]
            for name in (*OURS, *FLAGS, "action_view_target_lists", "action_view_campaign_log"):
                self.assertNotIn(name, arch)


class TestFiltersOfRecords(RecordCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls._list("Second")
        cls.others = [record.copy() for record in cls.records[:2]]
        cls.others.append(
            cls.env["res.users"].create(
                {"name": "Otto", "login": "otto_other", "email": "o@example.com"}
            )
        )
        cls.pairs = [each | other for each, other in zip(cls.records, cls.others, strict=True)]

    def found(self, both, *condition):
        return both.search([("id", "in", both.ids), condition])

    def test_records_are_found_by_their_target_lists(self):
        self.second.contact_ids = [Command.link(self._contact("Plain").id)]
        for record, other, both in zip(self.records, self.others, self.pairs, strict=True):
            self.subscribe(record, self.target_list)
            lists = self.target_list
            for condition, expected in (
                (("ilike", "custom"), record),
                (("not ilike", "custom"), other),
                (("=", "Customers"), record),
                (("=", lists.id), record),
                (("!=", lists.id), other),
                (("in", lists.ids), record),
                (("in", (lists + self.second).ids), record),
                (("not in", lists.ids), other),
                (("in", self.second.ids), both.browse()),
                (("not in", self.second.ids), both),
                (("in", [False, lists.id]), both),
                (("not in", [False, lists.id]), both.browse()),
                (("!=", False), record),
                (("=", False), other),
                (("any", [("name", "=", "Customers")]), record),
                (("not any", [("name", "=", "Customers")]), other),
            ):
                with self.subTest(record._name, condition=condition):
                    found = self.found(both, "target_list_ids", *condition)
                    self.assertEqual(found.sorted("id"), expected.sorted("id"))

    def test_filtering_loads_no_list(self):
        self.subscribe(self.person, self.target_list)
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.env["res.partner"].search_count([("target_list_ids", "in", self.target_list.ids)])

    def test_who_may_not_see_target_lists_may_not_search_by_them(self):
        names = [*OURS[:1], "is_address_dead"]
        for user in (self.employee, self.only_seller, self.portal):
            for record in self.records:
                records = record.with_user(user)
                if not records.has_access("read"):
                    continue
                for name in names:
                    with self.subTest(user.login, record=record), self.assertRaises(AccessError):
                        records.search([(name, "!=", False)])
                    with self.assertRaises(AccessError):
                        records.read([name])


class TestFlags(RecordCase):
    def flag(self, record, user=None, **values):
        context = {"active_model": record._name, "active_ids": record.ids}
        wizards = self.env["mailing.address.flags"].with_user(user or self.seller)
        form = Form(wizards.with_context(**context))
        before = {"opted_out": form.opted_out, "dead": form.dead}
        for name, value in values.items():
            form[name] = value
        form.save().action_apply()
        self.env.invalidate_all()
        return before

    def flags(self, record):
        return record.is_blacklisted, record.is_address_dead

    def test_a_marketer_sets_and_clears_the_flags_of_an_address(self):
        contact = self._contact("Plain")
        for number, record in enumerate((*self.records, contact)):
            with self.subTest(record._name):
                record.write(
                    {"email_from" if "email_from" in record else "email": f"{number}@example.com"}
                )
                self.assertEqual(
                    self.flag(record, opted_out="yes", dead="yes", words="on the phone"),
                    {"opted_out": "no", "dead": "no"},
                )
                self.assertEqual(self.flags(record), (True, True))
                self.assertIn("on the phone", record.with_user(self.seller).dead_reason)
                self.assertIn("since", record.with_user(self.seller).blacklist_reason)
                self.assertEqual(self.flag(record, dead="no"), {"opted_out": "yes", "dead": "yes"})
                self.assertEqual(self.flags(record), (True, False))
                self.flag(record, opted_out="no")
                self.assertEqual(self.flags(record), (False, False))
                self.assertFalse(record.blacklist_reason)

    def test_several_records_are_flagged_at_once_and_what_differs_stays(self):
        people = self.person.copy({"email": "bea@example.com"}) + self.person
        self.flag(self.person, self.marketer, dead="yes")
        before = self.flag(people, self.marketer, opted_out="yes")
        self.assertEqual(before, {"opted_out": "no", "dead": False})
        self.assertEqual([self.flags(each) for each in people], [(True, False), (True, True)])

    def test_nobody_is_mailed_at_an_address_flagged_on_any_record(self):
        self.lead.email_from = "Ann <ANN@example.com>"
        self.subscribe(self.lead, self.target_list)
        self.flag(self.person, dead="yes")
        self.assertTrue(self.lead.is_address_dead)
        mailing = self._mass_email()
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing), {"Lee": "dead"})

    def test_another_address_has_flags_of_its_own(self):
        self.flag(self.person, opted_out="yes", dead="yes")
        self.person.email = "ann.new@example.com"
        self.assertEqual(self.flags(self.person), (False, False))

    def test_records_are_found_by_their_flags_however_the_address_is_spelled(self):
        spellings = [
            "ann@münchen.example",
            "Ann@XN--MNCHEN-3YA.example",
            "Ann <ann@münchen.example>",
        ]
        people = self.env["res.partner"].create(
            [{"name": f"Ann {n}", "email": email} for n, email in enumerate(spellings)]
        )
        self.flag(people[0], opted_out="yes", dead="yes")
        for person in people:
            self.assertEqual(self.flags(person), (True, True))
        for name in ("is_blacklisted", "is_address_dead"):
            both = people + self.person
            domain = [("id", "in", both.ids)]
            self.assertEqual(both.search([*domain, (name, "=", True)]).sorted("id"), people)
            self.assertEqual(both.search([*domain, (name, "=", False)]), self.person)

    def test_the_flags_of_many_records_take_a_fixed_number_of_statements(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n}@example.com"} for n in range(50)]
        )
        for records in (partners[:1], partners):
            self.env.flush_all()
            self.env.invalidate_all()
            records.mapped("email_normalized")
            with self.assertQueryCount(2):
                records.mapped("is_address_dead")
                records.mapped("is_blacklisted")

    def test_a_record_without_an_address_has_nothing_to_flag(self):
        self.person.email = False
        self.assertEqual(self.flags(self.person), (False, False))
        wizards = self.env["mailing.address.flags"].with_user(self.marketer)
        context = {"active_model": "res.partner", "active_ids": self.person.ids}
        self.assertFalse(Form(wizards.with_context(**context)).addresses)

    def test_others_do_not_flag(self):
        context = {"active_model": "res.partner", "active_ids": self.person.ids}
        for user in (self.employee, self.only_seller):
            with self.assertRaises(AccessError):
                self.env["mailing.address.flags"].with_user(user).with_context(**context).create({})


class TestScreensOfRecords(RecordCase):
    VIEWS = (
        ("res.partner", "base.view_partner_form", "form"),
        ("res.partner", "base.view_partner_tree", "list"),
        ("res.partner", "base.view_res_partner_filter", "search"),
        ("crm.lead", "crm.crm_lead_view_form", "form"),
        ("crm.lead", "crm.crm_case_tree_view_leads", "list"),
        ("crm.lead", "crm.crm_case_tree_view_oppor", "list"),
        ("crm.lead", "crm.view_crm_case_leads_filter", "search"),
        ("crm.lead", "crm.view_crm_case_opportunities_filter", "search"),
        ("res.users", "base.view_users_form", "form"),
        ("res.users", "base.view_users_tree", "list"),
        ("res.users", "base.view_users_search", "search"),
    )

    def test_marketers_see_it_and_others_none_of_it(self):
        for model, view, view_type in self.VIEWS:
            for user in (self.marketer, self.seller, self.employee, self.only_seller):
                records = self.env[model].with_user(user)
                if not records.has_access("read"):
                    continue
                with self.subTest(view, user=user.login):
                    arch = records.get_view(self.env.ref(view).id, view_type)["arch"]
                    shown = [name for name in (*OURS, *FLAGS) if f'"{name}"' in arch]
                    is_marketer = user in (self.marketer, self.seller)
                    self.assertEqual(bool(shown or "in_target_list" in arch), is_marketer)

    def test_the_forms_open_for_everybody_who_may_read_the_record(self):
        self.subscribe(self.person, self.target_list)
        self.subscribe(self.lead, self.target_list)
        for record, user, view in (
            (self.person, self.marketer, "base.view_partner_form"),
            (self.person, self.employee, "base.view_partner_form"),
            (self.person, self.only_seller, "base.view_partner_form"),
            (self.lead, self.seller, "crm.crm_lead_view_form"),
            (self.lead, self.only_seller, "crm.crm_lead_view_form"),
        ):
            with self.subTest(view, user=user.login):
                Form(record.with_user(user), view=view)
        manager = new_test_user(
            self.env,
            login="user_manager",
            groups="base.group_user,base.group_erp_manager,mass_mailing.group_mass_mailing_user",
        )
        self.assertEqual(self.user.with_user(manager).target_list_count, 0)
        Form(self.user.with_user(manager), view="base.view_users_form")

    def test_a_target_opens_though_its_partner_is_another_companys(self):
        self.subscribe(self.person, self.target_list)
        target = self.env["mailing.contact"].search([("partner_id", "=", self.person.id)])
        self.person.company_id = self.env["res.company"].create({"name": "Another"})
        suggested = target.with_user(self.marketer)._message_get_suggested_recipients()
        self.assertFalse([each for each in suggested if each["partner_id"]])

    def test_a_new_record_has_no_lists_and_no_log(self):
        form = Form(self.env["res.partner"].with_user(self.seller), view="base.view_partner_form")
        form.name = "New"
        self.assertFalse(form.save().target_list_count)
