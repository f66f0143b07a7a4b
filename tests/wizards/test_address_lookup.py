import base64
import csv
import io

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from ..common import MassEmailCase, MassEmailData


class TestAddressLookup(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.contact = self._contact("=HYPERLINK(1)", self.target_list, email="anna@example.com")
        self.admin = new_test_user(
            self.env,
            login="keeper",
            groups="base.group_system,mass_mailing.group_mass_mailing_user",
        )

    def look_up(self, email="Anna@Example.com", user=None):
        lookup = self.env["mailing.address.lookup"].with_user(user or self.marketer)
        lookup = lookup.create({"email": email})
        lookup.action_look_up()
        return lookup

    def table(self, lookup):
        lookup.action_export()
        text = base64.b64decode(lookup.csv_file).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text)))

    def test_it_shows_what_is_known(self):
        mailing = self._mass_email()
        self.send(mailing)
        mailing.mailing_trace_ids.sudo()._receive_opt_out()
        self.env["mail.blacklist"]._add("anna@example.com")
        self.env["mailing.address"]._receive_failures(
            [("anna@example.com", True, "no such user", None)]
        )
        lookup = self.look_up()
        topics = set(lookup.line_ids.mapped("topic"))
        self.assertEqual(
            topics,
            {"Target", "Membership", "Opt-Out", "Message", "Campaign Log", "Dead Address"}
            | {"Blacklist"},
        )
        self.assertIn("no such user", str(lookup.line_ids.mapped("words")))

    def test_nothing_is_known_of_a_stranger(self):
        self.assertFalse(self.look_up("stranger@example.com").line_ids)

    def test_what_is_no_address_is_told(self):
        with self.assertRaisesRegex(UserError, "not an e-mail address"):
            self.look_up("Anna")

    def test_the_table_can_be_read_and_holds_no_formula(self):
        head, *rows = self.table(self.look_up())
        self.assertEqual(head, ["What", "Date", "About", "Details"])
        self.assertIn("'=HYPERLINK(1)", [row[2] for row in rows])
        self.assertFalse([cell for row in rows for cell in row if cell.startswith("=")])

    def test_administrators_erase_and_lift(self):
        lookup = self.look_up()
        for decide in (lookup.action_erase, lookup.action_lift):
            with self.assertRaises(AccessError):
                decide()
        self.look_up(user=self.admin).action_erase()
        self.assertFalse(self.contact.exists())
        self.assertFalse(lookup.exists(), "what was looked up is gone, too")
        lookup = self.look_up(user=self.admin)
        self.assertTrue(lookup.erased_datetime)
        lookup.action_lift()
        self.assertFalse(self.look_up().erased_datetime)

    def test_what_was_looked_up_is_what_is_erased(self):
        lookup = self.look_up(user=self.admin)
        lookup.email = "boris@example.com"
        with self.assertRaisesRegex(UserError, "Look up the address first"):
            lookup.action_erase()

    def test_it_names_the_records_that_stay(self):
        partner = self.env["res.partner"].create({"name": "Anna Ltd", "email": "anna@example.com"})
        self.env["mailing.contact"]._for_records(partner)
        self.assertEqual(self.look_up().source_names, "Anna Ltd")


@tagged("post_install", "-at_install")
class TestDownload(MassEmailData, HttpCase):
    def test_the_table_is_downloaded_by_who_looked_it_up_alone(self):
        self._contact("Anna", self.target_list)
        self.marketer.password = "marketer12345"
        lookup = self.env["mailing.address.lookup"].with_user(self.marketer)
        lookup = lookup.create({"email": "anna@example.com"})
        url = lookup.action_export()["url"]
        self.assertNotIn("anna", url)
        self.authenticate("marketer", "marketer12345")
        response = self.url_open(url)
        self.assertEqual(response.status_code, 200)
        self.assertIn("anna@example.com", response.content.decode("utf-8-sig"))
        self.authenticate(None, None)
        self.assertNotIn("anna@example.com", self.url_open(url).text)
