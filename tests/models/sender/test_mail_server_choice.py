from odoo.exceptions import ValidationError
from odoo.tests import Form

from ...common import MassEmailCase


class TestMailServerChoice(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.mail_server"].search([]).active = False
        cls.invoices = cls.server("Invoices", 1)
        cls.second = cls.server("Second", 3)
        cls.first = cls.server("First", 2)

    @classmethod
    def server(cls, name, sequence, **values):
        return cls.env["ir.mail_server"].create(
            {"name": name, "smtp_host": "127.0.0.1", "sequence": sequence, **values}
        )

    def flag(self):
        (self.first | self.second).is_for_mass_emails = True

    def chosen(self, mailing):
        return self.env["ir.mail_server"]._for_mass_email(mailing)[0]

    def test_while_none_is_flagged_the_server_goes_by_the_sender(self):
        mailing = self._mass_email()
        self.assertFalse(mailing.mail_server_id)
        self.assertFalse(mailing.mail_server_choice_ids)
        self.assertEqual(self.chosen(mailing), self.invoices)

    def test_a_new_mass_email_starts_with_the_first_flagged_server(self):
        self.flag()
        mailing = self._mass_email()
        self.assertEqual(mailing.mail_server_id, self.first)
        self.assertEqual(mailing.mail_server_choice_ids, self.first | self.second)
        self.first.sequence = 4
        self.assertEqual(self._mass_email().mail_server_id, self.second)

    def test_one_that_has_no_server_goes_through_a_flagged_one(self):
        mailing = self._mass_email()
        self.flag()
        self.assertEqual(self.chosen(mailing), self.first)
        self.second.from_filter = "garden.example.com"
        self.assertEqual(self.chosen(mailing), self.second, "the one for its sender")

    def test_the_dedicated_server_of_the_settings_stays_the_default(self):
        self.flag()
        self.env["ir.config_parameter"].set_param("mass_mailing.mail_server_id", self.second.id)
        self.assertEqual(self._mass_email().mail_server_id, self.second)

    def test_standard_mailings_do_not_change(self):
        self.flag()
        mailing = self.env["mailing.mailing"].create({"subject": "Standard"})
        self.assertFalse(mailing.mail_server_id)

    def test_choosing_a_server_fills_in_sender_and_reply_to(self):
        self.flag()
        self.second.write(
            {
                "mass_email_from": '"Garden News" <news@garden.example.com>',
                "mass_email_reply_to": "answers@garden.example.com",
            }
        )
        with Form(
            self.env["mailing.mailing"]
            .with_user(self.marketer)
            .with_context(default_delivery_mode="portions", default_campaign_id=self.campaign.id),
            view="mass_mailing_campaign.mailing_mailing_view_form_mass_email",
        ) as form:
            form.subject = "News"
            self.assertEqual(form.mail_server_id, self.first)
            form.mail_server_id = self.second
            self.assertEqual(form.email_from, '"Garden News" <news@garden.example.com>')
            self.assertEqual(form.reply_to, "answers@garden.example.com")
            form.email_from = "other@garden.example.com"
        self.assertEqual(form.record.email_from, "other@garden.example.com", "it can be changed")

    def test_a_sender_that_the_server_is_not_for_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "none that this server is for"):
            self.server("Third", 5, from_filter="a.example", mass_email_from="ann@b.example")
        with self.assertRaisesRegex(ValidationError, "not an e-mail address"):
            self.server("Third", 5, mass_email_reply_to="nobody")
