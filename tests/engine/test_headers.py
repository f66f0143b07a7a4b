import re

from odoo.fields import Command

from ..common import BASE_URL, MassEmailCase

HOST = BASE_URL.removeprefix("https://")


class TestHeaders(MassEmailCase):
    """What a mass email says of itself, as it stands on the wire."""

    def setUp(self):
        super().setUp()
        self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list)

    def headers(self, **values):
        """Send a mass email; return the raw lines of each message's header, by field name."""
        self.mailing = self._mass_email(**values)
        with self.smtp() as server:
            self.send(self.mailing, server)
        self.assertFalse(self.mailing.delivery_issue)
        return [self.fields(content) for content in server.contents]

    @staticmethod
    def fields(content):
        header, _blank, _body = content.partition(b"\r\n\r\n")
        # a line that begins with a blank goes on with the one before
        lines = re.split(rb"\r\n(?![ \t])", header)
        return {
            name.decode().lower(): value.decode("ascii").removeprefix(" ")
            for name, _colon, value in (line.partition(b":") for line in lines)
        }

    def test_headers_of_the_opt_out_and_the_list_stand_on_one_line(self):
        self.target_list.public_name = "Garden “News”, twice a month for you and all your friends"
        for header in self.headers():
            for name in ("list-unsubscribe", "list-unsubscribe-post", "feedback-id"):
                self.assertNotIn("\r\n", header[name])
                self.assertNotIn("=?", header[name])
            self.assertRegex(
                header["list-unsubscribe"], rf"^<{BASE_URL}/mailing/opt-out/[0-9a-f]{{32}}>$"
            )
            self.assertEqual(header["list-unsubscribe-post"], "List-Unsubscribe=One-Click")

    def test_the_list_id_stays_whatever_the_list_is_called(self):
        list_id = f"<list-{self.target_list.id}.{HOST}>"
        self.target_list.is_public = False
        self.assertEqual({each["list-id"] for each in self.headers()}, {list_id}, "no inside name")
        self.target_list.public_name = "Garden News"
        self.assertEqual(self.headers()[0]["list-id"], f'"Garden News" {list_id}')
        self.target_list.public_name = "Новости сада"
        encoded = self.headers()[0]["list-id"]
        self.assertTrue(encoded.startswith("=?utf-8?") and encoded.endswith(f" {list_id}"), encoded)

    def test_a_mass_email_to_several_lists_is_known_by_its_campaign(self):
        lists = self.target_list + self._list("Other")
        header = self.headers(contact_list_ids=[Command.set(lists.ids)])[0]
        self.assertEqual(header["list-id"], f"<campaign-{self.campaign.id}.{HOST}>")

    def test_the_feedback_id_names_the_sender_last_and_nobody_else(self):
        first, second = self.headers()
        self.assertEqual(first["feedback-id"], second["feedback-id"])
        *identifiers, sender = first["feedback-id"].split(":")
        self.assertEqual(
            identifiers,
            [f"campaign-{self.campaign.id}", f"mailing-{self.mailing.id}", "newsletter"],
        )
        self.assertRegex(sender, r"^[0-9a-f]{5,15}$")
        self.assertEqual(self.headers()[0]["feedback-id"].split(":")[-1], sender)

    def test_a_newsletter_is_list_mail_and_not_auto_generated(self):
        header = self.headers()[0]
        self.assertEqual(header["precedence"], "list")
        self.assertNotIn("auto-submitted", header)
        self.assertEqual(header["x-auto-response-suppress"], "OOF, AutoReply")

    def test_an_informational_email_is_no_list_mail_and_says_that_a_program_sent_it(self):
        self.campaign.campaign_type = "informational"
        header = self.headers(body="<p>New terms</p>")[0]
        self.assertEqual(header["auto-submitted"], "auto-generated")
        self.assertEqual(header["precedence"], "bulk")
        for name in ("list-id", "list-unsubscribe", "list-unsubscribe-post"):
            self.assertNotIn(name, header)

    def test_a_message_that_is_sent_again_keeps_its_message_id(self):
        first = {each["to"]: each["message-id"] for each in self.headers()}
        self.assertEqual(len(set(first.values())), 2)
        for message_id in first.values():
            self.assertTrue(message_id.endswith(f"@{HOST}>"), message_id)
        self.mailing.mailing_trace_ids.write({"trace_status": "error", "failure_type": "in_doubt"})
        self.mailing.mailing_trace_ids.action_send_again()
        with self.smtp() as server:
            self.run_delivery()
        again = [self.fields(content) for content in server.contents]
        self.assertEqual({each["to"]: each["message-id"] for each in again}, first)

    def test_a_host_that_is_no_name_does_not_get_into_headers(self):
        for url, host in (
            ("http://[::1]:8069", "localhost"),
            ("http://10.0.0.1:8069", "localhost"),
            ("http://odoo:8069", "odoo"),
            ("https://News.Example.com", "news.example.com"),
        ):
            self.env["ir.config_parameter"].set_param("web.base.url", url)
            headers = self._mass_email()._letter()._kind.of_kind()
            self.assertEqual(
                headers["List-Id"].encoded.rpartition("<")[2],
                f"list-{self.target_list.id}.{host}>",
                url,
            )
