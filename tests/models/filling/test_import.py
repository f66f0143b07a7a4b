import io

import openpyxl

from odoo.exceptions import UserError
from odoo.fields import Command

from ...common import MassEmailCase


class TestImport(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = cls._contact("Plain", company_name=False)
        cls.partner = cls.env["res.partner"].create({"name": "Ann", "email": "Ann@münchen.example"})
        cls.lead = cls.env["crm.lead"].create(
            {"name": "Deal", "email_from": "lee@example.com", "user_id": cls.seller.id}
        )

    def load(self, fields, *rows, user=None, lists=None):
        """Import a file as the client does that was opened on a target list."""
        contacts = self.env["mailing.contact"].with_user(user or self.seller)
        contacts = contacts.with_context(
            import_file=True, default_list_ids=(lists or self.target_list).ids
        )
        result = contacts.load(fields, [list(row) for row in rows])
        self.assertFalse(result["messages"])
        self.env.invalidate_all()
        return self.env["mailing.contact"].browse(result["ids"])

    def subscription(self, contact):
        return self.target_list.subscription_ids.filtered(lambda each: each.contact_id == contact)

    def test_who_is_known_by_the_address_is_taken(self):
        contacts = self.load(
            ["name", "email"],
            ("P.", "PLAIN@example.com"),
            ("A.", "ann@xn--mnchen-3ya.example"),
            ("L.", "Lee <lee@example.com>"),
            ("New", "new@example.com"),
        )
        self.assertEqual(contacts[0], self.plain)
        self.assertEqual(contacts[1].partner_id, self.partner)
        self.assertEqual(contacts[2].lead_id, self.lead)
        self.assertEqual((contacts[3].target_type, contacts[3].name), ("plain", "New"))
        # what they are called is not for a file to say
        self.assertEqual(contacts.mapped("name"), ["Plain", "Ann", "Deal", "New"])
        self.assertEqual(self.target_list.contact_ids, contacts)

    def test_a_mailing_contact_comes_before_its_like(self):
        self.env["res.partner"].create({"name": "Other", "email": "plain@example.com"})
        self.assertEqual(self.load(["email"], ("plain@example.com",)), self.plain)

    def test_a_contact_comes_before_a_lead(self):
        partner = self.env["res.partner"].create({"name": "Lee", "email": "lee@example.com"})
        self.assertEqual(self.load(["email"], ("lee@example.com",)).partner_id, partner)

    def test_what_the_user_may_not_read_is_not_taken(self):
        lead = self.load(["email"], ("lee@example.com",), user=self.marketer)
        self.assertEqual(lead.target_type, "plain")
        self.partner.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        ann = self.load(["email"], ("ann@münchen.example",), user=self.marketer)
        self.assertEqual(ann.target_type, "plain")

    def test_a_row_completes_a_plain_contact_and_no_other(self):
        contacts = self.load(
            ["email", "company_name"],
            ("plain@example.com", "Plain & Co"),
            ("ann@münchen.example", "Ann & Co"),
        )
        self.assertEqual(contacts.mapped("company_name"), ["Plain & Co", False])

    def test_a_row_tells_of_who_is_known_what_no_record_does(self):
        old, new = self.env["res.partner.category"].create([{"name": "Old"}, {"name": "New"}])
        self.plain.tag_ids = old
        fields, told = ["email", "tag_ids", "country_id/.id"], ["New", self.env.ref("base.be").id]
        if "mobile" in self.plain._fields:  # of SMS Marketing
            fields.append("mobile")
            told.append("+32475000000")
        contacts = self.load(fields, ("plain@example.com", *told), ("ann@münchen.example", *told))
        self.assertEqual([each.tag_ids for each in contacts], [old + new, new])
        self.assertEqual([each.country_id.code for each in contacts], ["BE", False])
        if "mobile" in self.plain._fields:
            self.assertEqual(set(contacts.mapped("mobile")), {"+32475000000"})

    def test_an_address_is_created_once(self):
        contacts = self.load(["name", "email"], ("", "new@example.com"), ("New", "New@example.com"))
        self.assertEqual(len(set(contacts.ids)), 1)
        self.assertEqual(contacts[0].name, "New")

    def test_two_rows_of_an_address_complete_each_other(self):
        contacts = self.load(
            ["name", "email", "company_name"],
            ("", "new@example.com", "New & Co"),
            ("New", "new@example.com", ""),
            ("Newer", "new@example.com", "Newer & Co"),
        )
        self.assertEqual(contacts[0] | contacts[1], contacts[2])
        self.assertEqual((contacts[0].name, contacts[0].company_name), ("New", "New & Co"))

    def test_of_several_addresses_in_a_field_the_first_usable_one_is_known(self):
        for before in ("zoë@other.example, ", "Ann <zoë@other.example>; "):
            with self.subTest(before):
                contact = self.load(["email"], (before + self.partner.email,))
                self.assertEqual(contact.partner_id, self.partner)

    def test_who_is_archived_is_taken_only_when_nobody_else_is_known(self):
        archived = self.env["res.partner"].create({"name": "Old", "email": "lee@example.com"})
        target = self.env["mailing.contact"]._for_records(archived)
        archived.active = False
        self.assertEqual(self.load(["email"], ("lee@example.com",)).lead_id, self.lead)
        self.lead.unlink()
        self.assertEqual(self.load(["email"], ("lee@example.com",)), target)
        plain = self._contact("Lee")
        self.assertEqual(self.load(["email"], ("lee@example.com",)), plain)

    def test_rows_without_an_address_are_contacts_of_their_own(self):
        contacts = self.load(["name", "email"], ("A", ""), ("B", ""), ("C", "no address"))
        self.assertEqual(self.target_list.contact_ids, contacts)
        self.assertEqual(len(contacts), 3)

    def test_an_opt_out_in_the_file_holds(self):
        contacts = self.load(
            ["email", "opt_out"],
            ("plain@example.com", "1"),
            ("ann@münchen.example", "0"),
            ("new@example.com", "1"),
        )
        opted_out = self.target_list.subscription_ids.filtered("opt_out").contact_id
        self.assertEqual(opted_out, contacts[0] + contacts[2])
        # it is remembered
        self.target_list.subscription_ids.unlink()
        self.assertEqual(
            self.target_list._add_targets("mailing.contact", [("id", "in", contacts.ids)]),
            {"added": 3, "left_before": 2},
        )

    def test_a_file_brings_nobody_back(self):
        self.target_list.contact_ids = self.plain
        self.subscription(self.plain).opt_out = True
        self.load(["email", "opt_out"], ("plain@example.com", "0"))
        self.assertTrue(self.subscription(self.plain).opt_out)
        self.load([".id", "opt_out"], (self.plain.id, "0"))
        self.assertTrue(self.subscription(self.plain).opt_out)
        self.subscription(self.plain).unlink()
        self.load(["email"], ("plain@example.com",))
        self.assertTrue(self.subscription(self.plain).opt_out)

    def test_who_has_a_record_is_mailed_at_its_address_whatever_an_earlier_export_says(self):
        [ann] = self.env["mailing.contact"]._for_records(self.partner)
        self.partner.email = "ann@moved.example"
        row = ("Annie", "ann@münchen.example", "Old Company")
        self.load([".id", "name", "email", "company_name"], (ann.id, *row))
        self.assertEqual((ann.name, ann.address), ("Ann", "ann@moved.example"))
        self.assertFalse(ann.company_name)
        bob = self.env["res.partner"].create({"name": "Bob", "email": "bob@moved.example"})
        fields = ["partner_id/.id", "name", "email"]
        bob = self.load(fields, (bob.id, "Bobby", "bob@example.com"))
        self.assertEqual((bob.name, bob.address), ("Bob", "bob@moved.example"))
        self.partner.email = False
        self.load([".id", "email"], (ann.id, "ann@münchen.example"))
        self.assertFalse(ann.address)

    def test_a_file_may_name_the_lists(self):
        self.target_list.name, self.excluding_list.name = "Clients", "Rivals"
        contacts = self.env["mailing.contact"].with_context(import_file=True)
        result = contacts.load(
            ["email", "subscription_ids/list_id", "subscription_ids/opt_out"],
            [
                ["plain@example.com", "Clients", ""],
                ["new@example.com", "Clients", "1"],
                ["", "Rivals", ""],
            ],
        )
        self.assertFalse(result["messages"])
        self.env.invalidate_all()
        members = self.target_list.subscription_ids
        self.assertEqual(
            {each.contact_id.email: each.opt_out for each in members},
            {"plain@example.com": False, "new@example.com": True},
        )
        self.assertEqual(self.excluding_list.contact_ids.email, "new@example.com")
        result = contacts.load(
            ["email", "list_ids"],
            [["plain@example.com", "Rivals"], ["ann@münchen.example", ""]],
        )
        self.assertFalse(result["messages"])
        self.assertIn(self.plain, self.excluding_list.contact_ids)

    def test_a_spreadsheet_is_imported(self):
        book = openpyxl.Workbook()
        for row in ("Email", "Opt Out"), ("plain@example.com", None), ("ann@münchen.example", 1):
            book.active.append(row)
        file = io.BytesIO()
        book.save(file)
        self.import_file(
            file.getvalue(),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        )

    def test_a_csv_file_is_imported(self):
        text = "Email;Opt Out\nplain@example.com;\nann@münchen.example;1\n"
        self.import_file(text.encode(), "text/csv", quoting='"', separator=";")

    def import_file(self, content, mimetype, **options):
        wizard = self.env["base_import.import"].with_user(self.marketer)
        wizard = wizard.with_context(default_list_ids=self.target_list.ids).create(
            {"res_model": "mailing.contact", "file": content, "file_type": mimetype}
        )
        options = {"has_headers": True, "encoding": "utf-8", **options}
        preview = wizard.parse_preview(dict(options))
        self.assertEqual([*preview["matches"].values()], [["email"], ["opt_out"]])
        result = wizard.execute_import(["email", "opt_out"], ["email", "opt out"], options)
        self.assertFalse(result["messages"])
        self.env.invalidate_all()
        self.assertEqual(
            {each.contact_id.name: each.opt_out for each in self.target_list.subscription_ids},
            {"Plain": False, "Ann": True},
        )

    def test_many_rows_cost_as_many_statements_as_few(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n}@example.com"} for n in range(200)]
        )
        self._contacts(200)
        rows = [
            *((f"p{n}@example.com",) for n in range(200)),
            *((f"target{n:05}@example.com",) for n in range(200)),
        ]
        self.load(["email"], *rows[:1])
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        self.load(["email"], *rows[1:3])
        few = self.env.cr.sql_log_count - before
        self.load(["email"], *rows[3:])
        many = self.env.cr.sql_log_count - before - few
        self.assertEqual(len(self.target_list.contact_ids.partner_id), len(partners))
        self.assertLessEqual(many, few + 5)

    # ------------------------------------------------------------
    # Pasted addresses
    # ------------------------------------------------------------

    def paste(self, *lines):
        wizards = self.env["mailing.contact.import"].with_user(self.seller)
        return wizards.create(
            {
                "mailing_list_ids": [Command.set(self.target_list.ids)],
                "contact_list": "\n".join(lines),
            }
        )

    def test_pasted_addresses_are_matched_too(self):
        wizard = self.paste(
            "plain@example.com", "Ann <ann@münchen.example>", "lee@example.com", "New@example.com"
        )
        told = wizard.action_import()["params"]["message"]
        self.assertEqual(told, "Customers: 4 added.")
        self.env.invalidate_all()
        members = self.target_list.contact_ids
        self.assertIn(self.plain, members)
        self.assertEqual(members.partner_id, self.partner)
        self.assertEqual(members.lead_id, self.lead)

    def test_whoever_has_no_name_has_an_empty_one_as_in_odoo(self):
        self.paste("plain@example.com", "new@example.com").action_import()
        self.plain.name = False
        self.target_list.contact_ids = False
        self.paste("plain@example.com").action_import()
        self.assertEqual(self.plain.name, "")

    def test_a_list_that_is_archived_or_deleted_before_it_is_pasted_into_is_told_of(self):
        wizard = self.paste("new@example.com")
        self.target_list.active = False
        for paste in (wizard.action_import, wizard.action_open_base_import):
            with self.assertRaisesRegex(UserError, "Customers.*archived"):
                paste()
        self.target_list.unlink()
        with self.assertRaisesRegex(UserError, "deleted meanwhile"):
            self.paste("new@example.com")
        with self.assertRaisesRegex(UserError, "deleted meanwhile"):
            wizard.mailing_list_ids = [Command.link(self.target_list.id)]

    def test_what_a_list_was_merged_into_is_pasted_into_in_its_place(self):
        wizard, heir = self.paste("new@example.com"), self._list("Heir")
        heir.action_merge(self.target_list, archive=True)
        told = wizard.action_import()["params"]["message"]
        self.assertEqual(told, "Heir: 1 added.")
        self.assertEqual(heir.contact_ids.mapped("email"), ["new@example.com"])

    def test_a_pasted_line_without_an_address_is_told_and_spoils_no_other(self):
        wizard = self.paste("no address", "Ann <ann@new.example>", "a@@b", "", "bob@new.example")
        told = wizard.action_import()["params"]
        self.assertEqual(told["type"], "warning")
        self.assertEqual(told["message"], "Customers: 2 added. No e-mail address: no address, a@@b")
        self.assertIn("Ann", self.target_list.contact_ids.mapped("name"))
        with self.assertRaisesRegex(UserError, "No e-mail address: a@@b"):
            self.paste("a@@b").action_import()

    def test_a_file_instead_goes_into_the_chosen_lists(self):
        context = self.paste("a@example.com").action_open_base_import()["params"]["context"]
        self.assertEqual(context["default_list_ids"], self.target_list.ids)
