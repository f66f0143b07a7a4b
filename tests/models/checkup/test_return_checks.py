from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.addons.mass_mailing_campaign.models.checkup import dns_records
from odoo.addons.mass_mailing_campaign.models.checkup.check import sender_domains
from odoo.addons.mass_mailing_campaign.models.checkup.dns_records import DnsCheck
from odoo.addons.mass_mailing_campaign.models.checkup.incoming import (
    BounceAddressCheck,
    IncomingServerCheck,
)

from .test_checkup import CheckupCase


class TestReturnChecks(CheckupCase):
    def setUp(self):
        super().setUp()
        self.env["fetchmail.server"].search([]).unlink()

    def fetcher(self, **values):
        return self.env["fetchmail.server"].create(
            {"name": "Bounces", "server": "imap.example.com", "state": "done", **values}
        )

    def test_a_company_without_bounce_address_is_told(self):
        companies = self.env["res.company"].search([])
        companies.alias_domain_id = False
        self.assert_found(
            BounceAddressCheck, "warning", self.env.company.name, "open_alias_domains"
        )
        domain = {"name": "garden.example.com", "bounce_alias": "bounce"}
        companies.alias_domain_id = self.env["mail.alias.domain"].create(domain)
        self.assert_found(BounceAddressCheck, "good", "bounce@garden.example.com")

    def test_a_mail_server_that_is_not_for_the_bounce_address_is_told(self):
        domain = {"name": "garden.example.com", "bounce_alias": "bounce"}
        domain = self.env["mail.alias.domain"].create(domain)
        self.env["res.company"].search([]).alias_domain_id = domain
        self._contacts(1, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as smtp:
            server = self.env["ir.mail_server"].search([])
            self.assert_found(BounceAddressCheck, "good", "bounce@garden.example.com")
            server.from_filter = "news@garden.example.com"
            words = "goes to news@garden.example.com"
            self.assert_found(BounceAddressCheck, "warning", words, "open_mail_servers")
            self.send(mailing, smtp)
            self.assertEqual(smtp.senders, ["news@garden.example.com"], "it is the truth")
            mailing.copy()
            self.fetcher(user="News@garden.example.com")
            self.assert_found(BounceAddressCheck, "good", "news@garden.example.com")
            self.env["res.company"].search([]).alias_domain_id = False
            self.assert_found(BounceAddressCheck, "good", words)
            self.env["fetchmail.server"].search([]).state = "draft"
            self.assertEqual(
                {grade for grade, *_more in self.found(BounceAddressCheck)}, {"warning"}
            )

    def test_the_domain_of_each_server_for_mass_emails_is_looked_up(self):
        with self.smtp():
            server = self.env["ir.mail_server"].search([])
            server.write({"from_filter": False, "is_for_mass_emails": True})
            server.mass_email_from = "news@tulips.example.com"
            self.assertEqual(sender_domains(self.env), ["tulips.example.com"])

    def test_without_an_incoming_server_nothing_comes_back(self):
        self.assert_found(IncomingServerCheck, "warning", "no mailbox", "open_incoming_servers")

    def test_an_incoming_server_has_to_be_confirmed_and_fetched_lately(self):
        now = fields.Datetime.now()
        server = self.fetcher()
        self.assert_found(IncomingServerCheck, "unchecked", "was not fetched yet")
        with freeze_time(now + timedelta(hours=2)):
            self.assert_found(IncomingServerCheck, "bad", "never fetched", "open_incoming_servers")
        server.date = now - timedelta(hours=3)
        self.assert_found(IncomingServerCheck, "bad", "last time")
        server.date = now
        self.assert_found(IncomingServerCheck, "good", "was fetched")
        server.state = "draft"
        self.assert_found(IncomingServerCheck, "bad", "not confirmed")

    def test_an_incoming_server_that_fails_is_told_with_its_error(self):
        error = "Traceback\nimaplib.error: LOGIN failed"
        server = self.fetcher(
            date=fields.Datetime.now(), error_date=fields.Datetime.now(), error_message=error
        )
        self.assert_found(IncomingServerCheck, "bad", "LOGIN failed")
        server.state = "draft"  # so Odoo leaves it after five days
        self.assert_found(IncomingServerCheck, "bad", "LOGIN failed")

    def test_an_incoming_server_that_is_not_confirmed_holds_up_nothing_beside_another(self):
        self.fetcher(date=fields.Datetime.now())
        self.fetcher(name="Some day", state="draft")
        grades = {words[:8]: grade for grade, words, _mend in self.found(IncomingServerCheck)}
        self.assertEqual(grades, {"Bounces ": "good", "Some day": "warning"})

    def test_a_mailbox_may_be_fetched_as_seldom_as_its_scheduled_action_says(self):
        self.fetcher(date=fields.Datetime.now() - timedelta(hours=3))
        self.env.ref("mail.ir_cron_mail_gateway_action").write(
            {"interval_number": 6, "interval_type": "hours"}
        )
        self.assert_found(IncomingServerCheck, "good", "was fetched")

    def test_in_a_neutralized_copy_no_mailbox_is_fetched_with_good_reason(self):
        self.env["ir.config_parameter"].set_param("database.is_neutralized", True)
        self.assert_found(IncomingServerCheck, "unchecked", "neutralized")

    def test_dns_records_are_looked_up_where_a_resolver_is_at_hand(self):
        self.assert_found(DnsCheck, "unchecked", "not looked up")
        self.patch(dns_records, "is_installed", lambda _library: True)
        self.patch(dns_records, "sender_domains", lambda _env: ["garden.example.com"])
        spf, dmarc = ["v=spf1 mx -all"], ["v=DMARC1; p=none"]
        for texts, grade, words in (
            ({"garden.example.com": spf, "_dmarc.garden.example.com": dmarc}, "good", "has SPF"),
            ({"garden.example.com": spf, "_dmarc.example.com": dmarc}, "good", "has SPF"),
            ({"garden.example.com": spf, "_dmarc.com": dmarc}, "warning", "no DMARC"),
            ({"garden.example.com": ["other"]}, "warning", "no SPF, DMARC"),
            (
                {"garden.example.com": ["v=spf1 ip4:192.0.2.1 +all"], "_dmarc.example.com": dmarc},
                "warning",
                "lets everybody send",
            ),
        ):
            with self.subTest(words), self.dns(texts):
                self.assert_found(DnsCheck, grade, words)

    def test_a_silent_dns_is_told(self):
        self.patch(dns_records, "is_installed", lambda _library: True)
        with patch.object(dns_records, "_texts", side_effect=TimeoutError):
            self.assert_found(DnsCheck, "unchecked", "does not answer")
