from unittest.mock import patch

from psycopg2 import IntegrityError
from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError, RedirectWarning, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user
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
        with self.assertRaisesRegex(ValidationError, "not for several"):
            self.env["mailing.contact"].create(
                {"lead_id": self.lead.id, "partner_id": self.person.id}
            )

    def test_who_is_taken_off_a_list_has_no_subscription_any_more(self):
        zoe = self._contact("Zoe", self.target_list)
        for remove in (
            lambda: self.target_list.write({"contact_ids": [Command.unlink(zoe.id)]}),
            lambda: zoe.write({"list_ids": [Command.unlink(self.target_list.id)]}),
        ):
            self.target_list.contact_ids |= zoe
            self.assertEqual(self.target_list.subscription_ids, zoe.subscription_ids)
            remove()
            self.assertFalse(self.target_list.subscription_ids | zoe.subscription_ids)

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

    # F5
    def test_the_error_of_a_second_target_names_the_first(self):
        target = self.target(self.lead)
        for source, record in (("lead_id", self.lead), ("partner_id", self.person)):
            target = self.target(record)
            savepoint = self.env.cr.savepoint()
            with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError) as caught:
                self.env["mailing.contact"].create({source: record.id})
            savepoint.rollback()
            message = self.env["mailing.contact"]._sql_error_to_message(caught.exception)
            self.assertIn(target.display_name, message)

    # F5
    def test_a_user_who_makes_a_second_target_is_led_to_the_first(self):
        target = self.target(self.marketer)
        contacts = self.env["mailing.contact"].with_user(self.marketer)
        with self.assertRaisesRegex(RedirectWarning, "Marta Marketer") as caught:
            contacts.web_save({"user_id": self.marketer.id}, {})
        _message, action, button, *_rest = caught.exception.args
        self.assertEqual((action["res_model"], action["res_id"]), (target._name, target.id))
        self.assertEqual(button, "Open Target")
        # the one there is may be saved
        target.web_save({"user_id": self.marketer.id}, {})

    def test_a_target_that_somebody_else_makes_at_this_moment_is_waited_for(self):
        self.target(self.lead)
        contacts = type(self.env["mailing.contact"])
        with (
            patch.object(contacts, "search", lambda model, *_args, **_kwargs: model.browse()),
            self.assertRaises(SerializationFailure),
        ):
            self.target(self.lead)

    # B10
    def test_a_target_of_a_record_needs_the_right_to_read_it(self):
        marketer = new_test_user(
            self.env,
            login="marketer_only",
            groups="base.group_user,mass_mailing.group_mass_mailing_user",
        )
        contacts = self.env["mailing.contact"].with_user(marketer)
        plain = self._contact("Plain").with_user(marketer)
        with self.assertRaises(AccessError):
            contacts.create({"lead_id": self.lead.id})
        with self.assertRaises(AccessError):
            contacts.with_context(default_lead_id=self.lead.id).create({"name": "Any"})
        with self.assertRaises(AccessError):
            plain.lead_id = self.lead
        self.assertTrue(contacts.create({"partner_id": self.person.id}))
        self.assertTrue(contacts._for_records(self.account.with_user(marketer)))
