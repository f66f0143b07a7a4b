import smtplib
import socket
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.addons.base.models import ir_mail_server
from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.mass_mailing_campaign.models.checkup import mail_server
from odoo.addons.mass_mailing_campaign.models.checkup.mail_server import MailServerCheck
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tools import config

from ...smtp_server import BrokenServer
from .test_checkup import CheckupCase


class TestMailServerCheck(CheckupCase):
    def setUp(self):
        super().setUp()
        self.admin = self.env.ref("base.user_admin")
        self.admin.email = "admin@garden.example.com"

    def server(self):
        return self.env["ir.mail_server"].search([])

    def test_a_server_that_takes_log_in_and_sender_is_good(self):
        with self.smtp() as smtp:
            self._mass_email()
            self.assert_found(MailServerCheck, "good", "news@garden.example.com")
        self.assertFalse(smtp.messages, "nothing is sent")

    def test_without_a_mass_email_its_own_sender_is_tried(self):
        with self.smtp():
            self.assert_found(MailServerCheck, "good", "garden.example.com")
            self.server().write(
                {"is_for_mass_emails": True, "mass_email_from": "own@garden.example.com"}
            )
            self.assert_found(MailServerCheck, "good", "own@garden.example.com")

    def test_each_sender_of_a_server_is_tried(self):
        with self.smtp():
            self._mass_email(email_from="refused@garden.example.com")
            self._mass_email(email_from="Ann <ann@garden.example.com>")
            self._mass_email(email_from="Bea <ann@garden.example.com>")
            mail = smtplib.SMTP.mail
            self.patch(
                smtplib.SMTP,
                "mail",
                lambda session, sender: (
                    (553, b"5.7.1 not your address")
                    if sender.startswith("refused")
                    else mail(session, sender)
                ),
            )
            grades = sorted(grade for grade, _words, _mend in self.found(MailServerCheck))
        self.assertEqual(grades, ["bad", "good"])

    def test_each_server_for_mass_emails_is_looked_at(self):
        with self.smtp():
            self.server().is_for_mass_emails = True
            self.server().copy({"name": "Second", "smtp_port": 1, "is_for_mass_emails": True})
            self.server()[0].copy({"name": "For invoices", "is_for_mass_emails": False})
            grades = sorted(grade for grade, _words, _mend in self.found(MailServerCheck))
        self.assertEqual(grades, ["bad", "good"])

    def test_in_a_neutralized_copy_they_are_off_with_good_reason(self):
        self._mass_email()
        self.env.flush_all()
        [switch_off] = get_neutralization_queries(["base"])
        self.env.cr.execute(switch_off)
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.assert_found(MailServerCheck, "unchecked", "neutralized")
        with self.smtp():  # one to try it out with
            self.assert_found(MailServerCheck, "good")

    def test_a_server_that_is_down_is_told(self):
        with self.smtp():
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.server().smtp_port = free.getsockname()[1]
            self.assert_found(MailServerCheck, "bad", "(Connection refused)", "open_mail_servers")

    def test_a_name_that_is_none_is_told(self):
        with self.smtp():
            self.server().smtp_host = "smtp.nowhere.invalid"
            self.assert_found(MailServerCheck, "bad", "smtp.nowhere.invalid")

    def test_a_server_that_says_nothing_is_not_waited_for(self):
        self.patch(mail_server, "PATIENCE", 0.05)
        self.patch(ir_mail_server, "SMTP_TIMEOUT", 600)
        with self.smtp(), socket.create_server(("127.0.0.1", 0)) as silent:
            self.server().smtp_port = silent.getsockname()[1]
            for encryption in ("none", "ssl"):
                self.server().smtp_encryption = encryption
                self.assert_found(MailServerCheck, "bad", "does not answer")
        for script in ([b"220 hello"], [b"220 hello", b"250-hello\r\n250 STARTTLS"]):
            with self.smtp(), BrokenServer(*script) as falls_silent:
                server = {"smtp_port": falls_silent.port, "smtp_encryption": "starttls"}
                self.server().write(server)
                self.assert_found(MailServerCheck, "bad", "does not answer")

    def test_a_wrong_password_is_told(self):
        with self.smtp(starttls=True, auth=("ann", "secret")):
            self.assert_found(MailServerCheck, "good")
            self.server().smtp_pass = "wrong"
            self.assert_found(MailServerCheck, "bad", "does not take the log-in")

    def test_a_log_in_that_is_missing_is_told(self):
        with self.smtp(starttls=True, auth=("ann", "secret")):
            self.server().write({"smtp_user": False, "smtp_pass": False})
            self.assert_found(MailServerCheck, "bad", "does not take the log-in: 530")

    def test_encryption_that_is_demanded_is_told(self):
        with self.smtp(starttls=True):
            self.server().smtp_encryption = "none"
            self.assert_found(MailServerCheck, "bad", "gives no session: 530")

    def test_encryption_that_is_not_offered_is_told(self):
        with self.smtp():
            self.server().smtp_encryption = "starttls"
            self.assert_found(MailServerCheck, "bad", "offers no encryption by STARTTLS")

    def test_a_sender_that_is_refused_is_told_with_the_servers_words(self):
        with self.smtp() as smtp:
            smtp.replies["MAIL"] = "553 5.7.1 not your address"
            self._mass_email()
            self.assert_found(MailServerCheck, "bad", "553 5.7.1 not your address")

    def test_a_log_in_with_google_that_is_not_taken_is_told_by_what_mends_it(self):
        with self.smtp(starttls=True) as smtp:
            smtp.replies["MAIL"] = "535 5.7.8 Username and Password not accepted"
            self.server().write(
                {
                    "smtp_authentication": "gmail",
                    "smtp_user": "news@garden.example.com",
                    "google_gmail_access_token": "revoked",
                    "google_gmail_access_token_expiration": 2**31 - 1,
                }
            )
            self._mass_email()
            self.assert_found(MailServerCheck, "bad", "does not take the log-in: 535 5.7.8")
            [finding] = MailServerCheck(self.env).findings()
            self.assertIn("Connect its account anew", finding.remedy)

    def test_a_server_that_is_busy_refuses_no_sender(self):
        with self.smtp() as smtp:
            self._mass_email()
            for moment in ("MAIL", self.admin.email):
                smtp.replies = {moment: "421 4.7.0 too many connections"}
                self.assert_found(MailServerCheck, "warning", "takes no message right now: 421")

    def test_what_is_said_of_our_own_address_is_not_about_the_sender(self):
        with self.smtp() as smtp:
            self._mass_email()
            for reply, grade in (
                ("550 5.1.1 no such user", "good"),
                ("556 5.1.10 takes no mail", "good"),
                ("450 4.2.0 greylisted", "good"),
                ("554 5.7.1 relay access denied", "bad"),
            ):
                smtp.replies[self.admin.email] = reply
                with self.subTest(reply):
                    self.assert_found(MailServerCheck, grade, "news@garden.example.com")

    def test_the_scheduled_action_tries_no_address_of_odoobot(self):
        self.assertEqual(self.env.uid, SUPERUSER_ID)
        self.env["res.company"].search([]).alias_domain_id = False
        with self.smtp() as smtp, patch.dict(config.options, email_from=False):
            smtp.replies[self.env.user.email] = "554 5.7.1 relay access denied"
            self.server().from_filter = False
            for mine in ("post@garden.example.com", False):
                self.env.company.email = mine
                with self.subTest(mine):
                    self.assert_found(MailServerCheck, "good", mine or self.admin.email)

    def test_a_sender_with_other_letters_stands_as_it_does_on_the_wire(self):
        with self.smtp():
            self.server().from_filter = "bücher.example"
            self._mass_email(email_from="news@bücher.example")
            self.assert_found(MailServerCheck, "good", "news@xn--bcher-kva.example")
            self._mass_email(email_from="zoë@bücher.example")
            self.server().copy({"sequence": 0, "from_filter": "zoë@bücher.example"})
            words = [words for grade, words, _mend in self.found(MailServerCheck) if grade == "bad"]
            self.assertIn("do not take the address zoë@", words[0])

    def test_a_server_that_breaks_off_is_told(self):
        with self.smtp() as smtp:
            smtp.replies["MAIL"] = "hang up"
            self.assert_found(MailServerCheck, "bad", "broke off")

    def test_without_a_server_that_of_the_command_line_is_looked_at(self):
        self.env["ir.mail_server"].search([]).active = False
        with (
            patch.dict(config.options, smtp_server="smtp.nowhere.invalid"),
            patch.object(IrMail_Server, "_disable_send", lambda _self: False),
        ):
            self.assert_found(MailServerCheck, "bad", "command line")

    def test_a_server_that_sends_no_mail_at_all_says_so(self):
        with self.smtp(), patch.object(IrMail_Server, "_disable_send", lambda _self: True):
            self.assert_found(MailServerCheck, "bad", "switched off")
