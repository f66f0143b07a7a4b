from odoo.exceptions import AccessError, UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from ..common import MassEmailCase


class TestSendTest(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailing = cls._mass_email()
        cls.account = cls.env["res.partner"].create(
            {"name": "Acme", "is_company": True, "email": "office@acme.example.com"}
        )
        cls.person = cls.env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
        cls.lead = cls.env["crm.lead"].create(
            {"name": "Lee", "email_from": "lee@example.com", "user_id": cls.seller.id}
        )

    def send_test(self, user=None, **values):
        wizard = self.env["mailing.send.test"].with_user(user or self.marketer)
        wizard = wizard.create({"mailing_id": self.mailing.id, **values})
        with self.committing(wizard) as committing:
            return committing.action_send()

    def results(self, **values):
        """What the dialog tells of each: ``{recipient: why not, or "sent"}``."""
        action = self.send_test(**values)
        self.assertEqual(action["res_model"], "mailing.send.test")
        wizard = self.env["mailing.send.test"].browse(action["res_id"])
        return {line.recipient: "sent" if line.is_sent else line.words for line in wizard.line_ids}

    def events_of_tests(self):
        return self.env["mailing.trace.event"].search([("mailing_id", "=", self.mailing.id)])

    def test_it_goes_to_the_current_user_by_default(self):
        with self.smtp() as server:
            action = self.send_test()
        self.assertEqual(server.addresses(), ["marta@example.com"])
        self.assertIn("marta@example.com", action["params"]["message"])

    def test_it_goes_to_users_contacts_leads_and_accounts(self):
        with self.smtp() as server:
            self.send_test(
                self.seller,
                contact_ids=self.person.ids,
                account_ids=self.account.ids,
                lead_ids=self.lead.ids,
            )
        self.assertEqual(
            server.addresses(),
            ["ann@example.com", "lee@example.com", "office@acme.example.com", "sam@example.com"],
        )

    def test_who_has_no_sales_rights_sees_no_leads_and_tests_all_the_same(self):
        wizards = self.env["mailing.send.test"].with_user(self.marketer)
        form = Form(wizards.with_context(default_mailing_id=self.mailing.id))
        self.assertNotIn("lead_ids", form._view["fields"])
        with self.assertRaises(AccessError):
            wizards.create({"mailing_id": self.mailing.id, "lead_ids": self.lead.ids})
        with self.smtp() as server:
            self.send_test(contact_ids=self.person.ids)
        self.assertEqual(server.addresses(), ["ann@example.com", "marta@example.com"])

    def test_nobody_sends_a_test_to_a_lead_that_she_may_not_read(self):
        self.lead.user_id = self.marketer
        with self.smtp() as server, self.assertRaises(AccessError):
            self.send_test(self.seller, lead_ids=self.lead.ids)
        self.assertFalse(server.messages)

    def test_it_ignores_status_and_start_date_and_changes_neither(self):
        self.mailing.schedule_date = "2099-01-01 00:00:00"
        with self.smtp() as server:
            self.send_test()
        self.assertEqual(len(server.messages), 1)
        self.assertEqual(self.mailing.state, "draft")

    def test_its_log_lines_are_marked_and_statistics_leave_it_out(self):
        with self.smtp():
            self.send_test()
        event = self.events_of_tests()
        self.assertEqual((event.event_type, event.is_test), ("sent", True))
        self.assertEqual(event.campaign_id, self.campaign)
        self.mailing.invalidate_recordset()
        self.assertEqual((self.mailing.member_count, self.mailing.sent), (0, 0))

    def test_its_links_work(self):
        with self.smtp():
            self.send_test()
        trace = self.events_of_tests().trace_id.sudo()
        self.assertTrue(trace.token)
        trace._receive_click(self.offer.code)
        self.assertEqual(
            set(self.events_of_tests().mapped("event_type")), {"sent", "opened", "clicked"}
        )
        self.assertEqual(self.events_of_tests().mapped("is_test"), [True] * 3)
        trace._receive_opt_out()
        blacklist = self.env["mail.blacklist"].search([("email", "=", trace.email)])
        self.assertFalse(blacklist, "a colleague on no list gets other mail as before")

    def test_it_counts_in_the_hourly_portion(self):
        self.set_setting("portion_size", "1")
        with self.smtp() as server:
            self.send_test()
            words = "used up, and tests count in it. The next .* (today|tomorrow) at"
            with self.assertRaisesRegex(UserError, words):
                self.send_test()
        self.assertEqual(len(server.messages), 1)

    def test_it_stays_in_the_hourly_portion_when_its_mass_email_is_deleted(self):
        self.set_setting("portion_size", "1")
        another = self._mass_email()
        with self.smtp():
            self.send_test()
            trace = self.events_of_tests().trace_id.sudo()
            self.mailing.unlink()
            self.mailing = another
            with self.assertRaisesRegex(UserError, "portion"):
                self.send_test()
        self.assertEqual(self.env["mailing.trace"].sudo()._from_token(trace.token), trace)

    def test_errors_of_the_letter_are_shown_in_words(self):
        self.mailing.subject = "{{ object.nobody_knows_this }}"
        with self.smtp() as server, mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            words = self.results()["marta@example.com"]
        self.assertIn("nobody_knows_this", words)
        self.assertFalse(server.messages)

    def test_a_refusal_is_shown_for_those_who_come_behind_it_too(self):
        with self.smtp() as server:
            server.replies["MAIL"] = "550 5.7.1 sender not allowed"
            results = self.results(contact_ids=self.person.ids, account_ids=self.account.ids)
        self.assertEqual(len(results), 3)
        for words in results.values():
            self.assertIn("sender not allowed", words)

    def test_one_refused_does_not_keep_it_from_the_others(self):
        with self.smtp() as server:
            server.replies["marta@example.com"] = "550 mailbox full of cats"
            results = self.results(contact_ids=self.person.ids)
        self.assertIn("full of cats", results["marta@example.com"])
        self.assertEqual(results["ann@example.com"], "sent")
        self.assertEqual(server.addresses(), ["ann@example.com"])

    def test_an_unreachable_server_is_named(self):
        with self.smtp():
            self.env["ir.mail_server"].search([]).smtp_port = 9
            with self.assertRaisesRegex(
                UserError, r"Loopback: No mail server .*\(Connection refused\)"
            ):
                self.send_test()

    def test_nobody_is_refused(self):
        with self.assertRaisesRegex(UserError, "Choose who"):
            self.send_test(user_ids=[])

    def test_who_has_no_address_or_wants_no_mail_is_named_and_the_others_get_it(self):
        self.env["mail.blacklist"]._add("ann@example.com")
        nobody = self.env["res.partner"].create({"name": "Nora"})
        with self.smtp() as server:
            results = self.results(contact_ids=(self.person + nobody).ids)
        self.assertEqual(results["ann@example.com"], "Blacklisted Address")
        self.assertIn("Missing", results["Nora"])
        self.assertEqual(results["marta@example.com"], "sent")
        self.assertEqual(server.addresses(), ["marta@example.com"])

    def test_a_typed_address_is_that_of_the_member_who_has_it(self):
        self._contact("Other", email="vera@example.com")
        self._contact("Vera", self.target_list)
        with self.smtp() as server:
            self.send_test(user_ids=[], addresses="Vera@Example.com")
        self.assertEqual(server.addresses(), ["vera@example.com"])
        self.assertEqual(server.messages[0]["Subject"], "News for Vera")

    def test_a_typed_address_that_nobody_has_gets_it_too(self):
        with self.smtp() as server:
            self.send_test(user_ids=[], addresses="new@example.com; \n other@example.com,")
        self.assertEqual(server.addresses(), ["new@example.com", "other@example.com"])

    def test_a_typed_address_is_checked_and_the_others_get_it(self):
        self.env["mail.blacklist"]._add("ann@example.com")
        with self.smtp() as server:
            results = self.results(addresses="ann@example.com, not an address")
        self.assertEqual(results["ann@example.com"], "Blacklisted Address")
        self.assertEqual(results["not an address"], "This is no e-mail address.")
        self.assertEqual(server.addresses(), ["marta@example.com"])

    def test_an_address_that_is_typed_and_chosen_gets_one_copy(self):
        with self.smtp() as server:
            self.send_test(addresses="marta@example.com, MARTA@example.com")
        self.assertEqual(server.addresses(), ["marta@example.com"])

    def test_a_colleague_on_an_excluding_list_can_test(self):
        self.excluding_list.contact_ids += self.env["mailing.contact"]._for_records(self.marketer)
        with self.smtp() as server:
            self.send_test()
        self.assertEqual(len(server.messages), 1)

    def test_more_tests_than_the_portion_leaves_are_refused(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("mass_mailing_campaign.portion_size", "1")
        with self.smtp() as server, self.assertRaisesRegex(UserError, "leaves 1 more"):
            self.send_test(contact_ids=self.person.ids)
        self.assertFalse(server.messages)

    def test_tests_count_in_the_portion_of_a_domain(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("mass_mailing_campaign.domain_portion_size", "3")
        with self.smtp() as server:
            self.send_test(contact_ids=self.person.ids)
            with self.assertRaisesRegex(UserError, "to example.com"):
                self.send_test(contact_ids=self.person.ids)
            self.send_test(user_ids=[], account_ids=self.account.ids)
        self.assertEqual(len(server.messages), 3)
