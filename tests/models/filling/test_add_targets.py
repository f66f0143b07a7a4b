from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ...common import MassEmailCase

nearly_addresses = st.text(
    st.sampled_from('aIKZ09.-_+@"<>[]() \t\r\n,:;\\éüßİı。\u212a\u2028'), max_size=40
) | st.emails().flatmap(
    lambda email: st.sampled_from(
        [email, email.upper(), f" {email}", f"{email}\n", f"Ann <{email}>", f"x, {email}"]
    )
)
ODD_EMAILS = [
    False,
    " ",
    "Ann@Example.com",
    "KİM@example.com",
    "\u212aim@example.com",
    "ann@example.com\n",
    "ann@münchen.example",
    '"Ann B" <ann@example.com>',
    "a@one.example, b@two.example",
    "junk@, b@two.example",
    "ann@localhost, ann@acme.example",
    "ann@localhost",
    "no address",
    '"x>\nrset\nnoop@a"@z.com',
    "a" * 64 + "@example.com",
    "a" * 65 + "@example.com",
]


class TestAddTargets(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.env["res.partner"].create(
            {"name": "Acme", "is_company": True, "email": "Office@acme.example.com"}
        )
        cls.ann, cls.bob = cls.env["res.partner"].create(
            [
                {"name": "Ann", "email": "ann@acme.example.com", "parent_id": cls.account.id},
                {"name": "Bob", "email": "bob@example.com", "company_name": "Bob's"},
            ]
        )
        cls.partners = cls.account + cls.ann + cls.bob
        cls.lead = cls.env["crm.lead"].create(
            {"name": "Deal", "partner_name": "Lee & Co", "email_from": "lee@example.com"}
        )
        cls.sources = (cls.partners, cls.lead, cls.marketer, cls._contact("Plain"))

    def add(self, records, lists=None, **values):
        counts = (lists or self.target_list)._add_targets(
            records._name, Domain("id", "in", records.ids), values
        )
        self.env.invalidate_all()
        return dict(+counts)

    def members(self, target_list=None):
        return (target_list or self.target_list).contact_ids

    def opted_out(self):
        return self.target_list.subscription_ids.filtered("opt_out").contact_id.mapped("name")

    # ------------------------------------------------------------
    # What is made
    # ------------------------------------------------------------

    def test_records_of_every_source_become_members(self):
        for records in self.sources:
            self.assertEqual(self.add(records), {"added": len(records)})
        self.assertEqual(
            Counter(self.members().mapped("target_type")),
            {"account": 1, "contact": 2, "lead": 1, "user": 1, "plain": 1},
        )

    def test_a_target_is_as_the_orm_would_make_it(self):
        stored = [
            field.name
            for field in self.members()._fields.values()
            if field.store and field.column_type and field.name not in self.own_fields
        ]
        for records in self.sources[:-1]:
            for record in records:
                with self.subTest(record):
                    self.add(record)
                    made = self.members().filtered(record._target_field)
                    by_sql = made.read(stored)
                    made.unlink()
                    by_orm = made._for_records(record)
                    self.assertEqual(by_sql, [{**by_orm.read(stored)[0], "id": by_sql[0]["id"]}])
                    by_orm.unlink()

    own_fields = {"create_uid", "write_uid", "create_date", "write_date"}

    def test_odd_addresses_are_what_the_orm_makes_of_them(self):
        self.check_addresses(ODD_EMAILS)

    @settings(max_examples=20)
    @given(st.lists(nearly_addresses, min_size=10, max_size=40))
    def test_an_address_is_what_the_orm_makes_of_it(self, emails):
        with self.env.cr.savepoint() as savepoint:
            self.check_addresses(emails)
            savepoint.rollback()
            self.env.invalidate_all(flush=False)

    def check_addresses(self, emails):
        partners = self.env["res.partner"].create([{"name": "P", "email": each} for each in emails])
        self.add(partners)
        targets = self.members().filtered(lambda each: each.partner_id in partners)
        self.assertEqual(len(targets), len(emails))
        by_orm = self.env["mailing.contact"].create([{"email": each.email} for each in targets])
        for target, plain in zip(targets, by_orm, strict=True):
            self.assertEqual(
                (target.email, target.email_normalized, target.address),
                (plain.email, plain.email_normalized, plain.address),
            )

    def test_of_several_addresses_in_a_field_the_first_valid_one_counts(self):
        for email, address in {
            "a@one.example, b@two.example": "a@one.example",
            "junk@, b@two.example": "b@two.example",
            "ann@localhost; ann@acme.example": "ann@acme.example",
            "ann@localhost": False,
        }.items():
            with self.subTest(email):
                contact = self._contact("Ann", email=email)
                self.assertEqual(contact.address, address)
                if address:
                    self.assertEqual(contact.email_normalized, address)

    # ------------------------------------------------------------
    # Who is counted as what
    # ------------------------------------------------------------

    def test_who_is_a_member_stays_as_is(self):
        self.add(self.ann)
        subscription = self.target_list.subscription_ids
        written = subscription.write_date
        self.assertEqual(self.add(self.partners), {"added": 2, "already": 1})
        self.assertEqual(subscription.write_date, written)

    def test_who_has_no_address_is_told(self):
        self.ann.email = False
        self.bob.email = "bob"
        self.assertEqual(self.add(self.partners), {"added": 3, "without_address": 2})

    def test_who_left_a_list_is_not_brought_back(self):
        self.add(self.ann)
        self.target_list.subscription_ids.opt_out = True
        # a member stays as she is
        self.assertEqual(self.add(self.ann), {"already": 1})
        self.assertEqual(self.opted_out(), ["Ann"])
        # and is remembered when she is none any more, as a person
        self.target_list.subscription_ids.unlink()
        self.ann.email = "other@example.com"
        self.assertEqual(self.add(self.ann), {"added": 1, "left_before": 1})
        self.assertEqual(self.opted_out(), ["Ann"])
        self.assertTrue(self.target_list.subscription_ids.opt_out_datetime)

    def test_who_has_the_address_of_one_who_left_is_not_brought_back(self):
        self._contact("Namesake", self.target_list, email="ANN@acme.example.com")
        self.target_list.subscription_ids.opt_out = True
        self.assertEqual(self.add(self.partners), {"added": 3, "left_before": 1})
        # known as a person from then on
        target = self.members().filtered("partner_id.parent_id")
        self.target_list.subscription_ids.unlink()
        self.ann.email = "other@example.com"
        self.env["mailing.opt.out"].search([("contact_id", "!=", target.id)])._take_back()
        self.assertEqual(self.add(self.ann), {"added": 1, "left_before": 1})

    # B15: by signing up herself a colleague is back, not by adding many
    def test_a_marketer_who_left_does_not_come_back_by_adding_many(self):
        self.add(self.marketer)
        self.target_list.subscription_ids.opt_out = True
        self.target_list.subscription_ids.unlink()
        lists = self.target_list.with_user(self.marketer)
        self.assertEqual(self.add(self.marketer, lists), {"added": 1, "left_before": 1})

    def test_several_lists_are_filled_at_once(self):
        self.add(self.ann)
        other = self._list("Other")
        lists = self.target_list + other
        counts = lists._add_targets_by_list("res.partner", [("id", "in", self.partners.ids)])
        self.assertEqual(
            {each.name: dict(+count) for each, count in counts.items()},
            {"Customers": {"added": 2, "already": 1}, "Other": {"added": 3}},
        )
        self.assertEqual(self.members(), self.members(other))

    def test_nobody_is_added_by_an_empty_domain(self):
        self.assertEqual(self.add(self.env["res.partner"]), {})
        self.assertEqual(self.add(self.env["mailing.contact"]), {})
        self.assertFalse(self.members())

    def test_archived_records_are_added_only_when_they_are_asked_for(self):
        self.ann.active = False
        self.assertEqual(self.add(self.partners), {"added": 2})
        domain = [("id", "in", self.partners.ids), ("active", "=", False)]
        self.assertEqual(self.target_list._add_targets("res.partner", domain)["added"], 1)

    def test_new_subscriptions_take_values(self):
        reason = self.env["mailing.subscription.optout"].create({"name": "Any"})
        self.add(self.ann)
        self.add(self.partners, opt_out_reason_id=reason.id)
        self.assertEqual(
            self.target_list.subscription_ids.filtered("opt_out_reason_id").contact_id.partner_id,
            self.account + self.bob,
        )

    # ------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------

    def test_what_the_user_may_not_read_is_not_added(self):
        seller_lead = self.env["crm.lead"].create({"name": "Hers", "user_id": self.seller.id})
        other_lead = self.env["crm.lead"].create({"name": "Other", "user_id": self.marketer.id})
        leads = seller_lead + other_lead
        self.assertEqual(
            self.add(leads, self.target_list.with_user(self.seller)),
            {"added": 1, "without_address": 1},
        )
        self.assertEqual(self.members().lead_id, seller_lead)

    def test_records_of_other_companies_are_not_added(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.ann.company_id = company
        lists = self.target_list.with_user(self.marketer)
        self.assertEqual(self.add(self.ann + self.bob, lists), {"added": 1})
        self.assertEqual(self.members().partner_id, self.bob)

    def test_a_marketer_without_sales_rights_adds_contacts_and_users(self):
        lists = self.target_list.with_user(self.marketer)
        self.assertEqual(self.add(self.partners, lists), {"added": 3})
        self.assertEqual(self.add(self.marketer, lists), {"added": 1})
        with self.assertRaises(AccessError):
            self.add(self.lead, lists)

    def test_who_may_not_write_lists_adds_nobody(self):
        clerk = new_test_user(self.env, login="clerk", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.add(self.ann, self.target_list.with_user(clerk))

    # ------------------------------------------------------------
    # Many at once
    # ------------------------------------------------------------

    def test_many_cost_as_many_statements_as_few(self):
        self.env["mailing.opt.out"]._remember(
            self.target_list, self.env["mailing.contact"], ["p7@example.com"]
        )
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n}@example.com"} for n in range(300)]
        )
        few, many = partners[:10], partners  # the one who left is among the few
        self.target_list._add_targets("res.partner", [("id", "in", partners[:1].ids)])
        for added in (few, many):
            self.env.flush_all()
            self.env.invalidate_all()
            with self.assertQueryCount(9):
                self.target_list._add_targets("res.partner", [("id", "in", added.ids)])

    @mute_logger("odoo.sql_db")
    def test_clients_who_add_the_same_at_once_begin_anew(self):
        domain = [("id", "=", self.env.ref("base.partner_root").id), ("active", "=", False)]

        def add(cr):
            lists = self.env(cr=cr)["mailing.list"].search([("name", "=", "Of Two")])
            return lists._add_targets("res.partner", domain)["added"]

        with self.registry.cursor() as first, self.registry.cursor() as second:
            target_list = self.env(cr=first)["mailing.list"].create({"name": "Of Two"})
            first.commit()
            second.execute("SELECT 1")
            try:
                self.assertEqual(add(first), 1)
                first.commit()
                with self.assertRaises(SerializationFailure):
                    add(second)
                second.rollback()
                self.assertEqual(add(second), 0)
            finally:
                second.rollback()
                target_list.contact_ids.unlink()
                target_list.unlink()
                first.commit()
