from psycopg2 import IntegrityError

from odoo.tools import mute_logger

from ...common import MassEmailCase


class TestTarget(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.env["res.partner"].create(
            {"name": "Acme", "is_company": True, "email": "Office@acme.example.com"}
        )
        cls.person = cls.env["res.partner"].create(
            {"name": "Ann", "parent_id": cls.account.id, "email": "ann@acme.example.com"}
        )
        cls.lead = cls.env["crm.lead"].create(
            {
                "name": "Big deal",
                "contact_name": "Lee",
                "partner_name": "Lee & Co",
                "email_from": "lee@example.com",
            }
        )

    def target(self, record):
        return self.env["mailing.contact"]._for_records(record)

    def test_a_target_takes_name_address_and_company_from_its_record(self):
        expected = {
            self.account: ("account", "Acme", "Office@acme.example.com", "Acme"),
            self.person: ("contact", "Ann", "ann@acme.example.com", "Acme"),
            self.lead: ("lead", "Lee", "lee@example.com", "Lee & Co"),
            self.marketer: ("user", "Marta Marketer", "marta@example.com", False),
        }
        for record, values in expected.items():
            target = self.target(record)
            self.assertEqual(
                (target.target_type, target.name, target.email, target.company_name), values
            )

    def test_a_target_follows_its_record(self):
        target = self.target(self.account)
        self.account.write({"name": "Acme Ltd", "email": "new@acme.example.com"})
        self.assertEqual(target.name, "Acme Ltd")
        self.assertEqual(target.email_normalized, "new@acme.example.com")
        self.account.is_company = False
        self.assertEqual(target.target_type, "contact")

    def test_a_record_has_one_target(self):
        self.assertEqual(self.target(self.lead), self.target(self.lead))
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["mailing.contact"].create({"lead_id": self.lead.id})

    def test_a_target_stands_for_one_record_only(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["mailing.contact"].create(
                {"lead_id": self.lead.id, "partner_id": self.person.id}
            )

    def test_a_plain_contact_keeps_what_was_typed(self):
        contact = self._contact("Zoe", company_name="Zoo")
        contact.email = "zoe@zoo.example.com"
        self.assertEqual((contact.target_type, contact.name), ("plain", "Zoe"))
        self.assertEqual(contact.email_normalized, "zoe@zoo.example.com")
        self.assertEqual(contact.company_name, "Zoo")

    def test_a_target_goes_with_its_record(self):
        target = self.target(self.person)
        self.person.unlink()
        self.assertFalse(target.exists())
