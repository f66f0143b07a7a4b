import importlib.util
from pathlib import Path

from odoo.fields import Command

from ...common import MassEmailCase

MIGRATIONS = Path(__file__).parents[3] / "migrations"
IDN, ASCII = "a@münchen.example.com", "a@xn--mnchen-3ya.example.com"


class TestWireAddress(MassEmailCase):
    def build(self, **values):
        mailing = self._mass_email(**values)
        mailing._build_queue()
        return mailing

    def migrate(self, script):
        spec = importlib.util.spec_from_file_location("migration", MIGRATIONS / script)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()

    def test_earlier_contacts_get_the_first_usable_address(self):
        contact = self._contact("Ann", email="ann@localhost, ann@acme.example.com")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mailing_contact SET address = NULL, email_normalized = 'ann@localhost'"
            " WHERE id = %s",
            [contact.id],
        )
        self.env.invalidate_all()
        self.migrate("19.0.1.2.0/post-first-usable-address.py")
        self.assertEqual(contact.address, "ann@acme.example.com")
        self.assertEqual(contact.email_normalized, "ann@acme.example.com")

    def test_a_contact_has_the_one_form_of_its_address(self):
        for typed, address in {
            "Anna@Example.com": "anna@example.com",
            '"Anna" <Anna@example.com>': "anna@example.com",
            IDN: ASCII,
            "no address": False,
            '"victim@corp.com"@evil.example.com': False,
            '"x>\nrset\nnoop@a"@z.com': False,
            "a@[x\nrcpt\tto:v@w.com\n]": False,
        }.items():
            with self.subTest(typed):
                self.assertEqual(self._contact("Anna", email=typed).address, address)

    def test_an_address_that_could_break_out_of_its_command_is_invalid(self):
        contact = self._contact("Eve", self.target_list, email='"x>\nrset\nnoop@a"@z.com')
        self._contact("Bob", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertEqual(self.outcomes(mailing), {"Eve": "mail_email_invalid", "Bob": "sent"})
        self.assertEqual(server.addresses(), ["bob@example.com"])
        self.assertFalse(contact.address)

    def test_what_is_mailed_is_the_judged_address(self):
        self._contact("Bike@Home", self.target_list, email="Info@New.example.com")
        self._contact("Idna", self.target_list, email=IDN)
        mailing = self._mass_email()
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertEqual(server.addresses(), [ASCII, "info@new.example.com"])
        self.assertEqual(
            sorted(mailing.mailing_trace_ids.mapped("email")), [ASCII, "info@new.example.com"]
        )

    def test_two_spellings_of_an_address_get_one_copy(self):
        first = self._contact("First", self.target_list, email=IDN)
        self._contact("Second", self.target_list, email=ASCII)
        mailing = self.build()
        self.assertEqual(self.outcomes(mailing), {"First": "outgoing", "Second": "mail_dup"})
        duplicate = mailing.mailing_trace_ids.filtered("failure_type")
        self.assertEqual(duplicate.same_address_contact_id, first)

    def test_excluding_lists_know_every_spelling(self):
        self._contact("Anna", self.target_list, email=IDN)
        self._contact("Rival", self.excluding_list, email=ASCII)
        self.assertEqual(self.outcomes(self.build()), {"Anna": "excluded"})

    def test_excluding_lists_know_every_address_of_a_member(self):
        self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list)
        self._contact("Idna", self.target_list, email=ASCII)
        email = f'"Rival (R.)" <rival@example.com>, Anna@example.com; {IDN}'
        rival = self._contact("Rival", self.excluding_list, email=email)
        mailing = self._mass_email()
        self.assertEqual(mailing._objections(rival), {}, "tests go to whomever")
        mailing._build_queue()
        expected = {"Anna": "excluded", "Bob": "outgoing", "Idna": "excluded"}
        self.assertEqual(self.outcomes(mailing), expected)
        excluded = mailing.mailing_trace_ids.filtered("failure_type")
        self.assertEqual(excluded.excluding_list_id, self.excluding_list)

    def test_the_blacklist_knows_every_spelling(self):
        for blacklisted, typed in ((IDN, ASCII), (ASCII, IDN)):
            with self.subTest(blacklisted):
                entry = self.env["mail.blacklist"]._add(blacklisted)
                target_list = self._list("Any", self._contact("Anna", email=typed))
                mailing = self.build(contact_list_ids=[Command.set(target_list.ids)])
                self.assertEqual(self.outcomes(mailing), {"Anna": "mail_bl"})
                entry.active = False

    def test_an_opt_out_holds_for_every_spelling(self):
        self._contact("Anna", self.target_list, email=IDN)
        self._contact("Again", self.target_list, email=ASCII)
        self.target_list._update_subscription_from_email(IDN, opt_out=True)
        self.assertEqual(set(self.outcomes(self.build()).values()), {"mail_optout"})
        self.target_list._update_subscription_from_email(ASCII, opt_out=False)
        self.assertEqual(set(self.outcomes(self.build()).values()), {"outgoing", "mail_dup"})

    def test_who_has_several_addresses_is_judged_by_that_she_is_mailed_at(self):
        """It is the one that Odoo blacklists, and that letters are about; she leaves with all."""
        for addresses in (
            "anna@example.com, work@example.com",
            "work@example.com, anna@example.com",
        ):
            first, second = addresses.split(", ")
            with self.subTest(addresses):
                target_list = self._list("Any")
                anna = self._contact("Anna", target_list, email=addresses)
                self._contact("First", target_list, email=first)
                self._contact("Second", target_list, email=second)
                blacklisted = self.env["mail.blacklist"]._add(first)
                lists = [Command.set(target_list.ids)]
                expected = {"Anna": "mail_bl", "First": "mail_bl", "Second": "outgoing"}
                self.assertEqual(self.outcomes(self.build(contact_list_ids=lists)), expected)
                blacklisted.active = False
                anna.subscription_ids.opt_out = True
                expected = dict.fromkeys(["Anna", "First", "Second"], "mail_optout")
                self.assertEqual(self.outcomes(self.build(contact_list_ids=lists)), expected)

    def test_an_upgrade_brings_the_memory_of_opt_outs_to_the_one_form(self):
        self._contact("Anna", self.target_list, email="anna@example.com")
        gone = self._contact("Gone", self.target_list, email="gone@example.com")
        gone.subscription_ids.opt_out = True
        memory = self.env["mailing.opt.out"]
        memory.search([("contact_id", "!=", False)]).unlink()
        memory.create(
            [
                {"list_id": self.target_list.id, "email": email}
                for email in (IDN, ASCII, '"quoted"@example.com', "ANNA@example.com")
            ]
        )
        self.env.flush_all()
        self.migrate("19.0.1.1.0/post-migrate.py")
        remembered = memory.search([("list_id", "=", self.target_list.id)])
        self.assertEqual(
            sorted(filter(None, remembered.mapped("email"))),
            [ASCII, "anna@example.com", "gone@example.com"],
        )
        self.assertEqual(remembered.contact_id, gone)
