import re
from email.header import decode_header, make_header

from odoo.exceptions import UserError

from ..common import MassEmailCase

URL = re.compile(r"https?://[^\s\"<>]+")


class TestLetter(MassEmailCase):
    def receive(self, body=None, contact=None, **values):
        """The message that one recipient receives."""
        if not contact:
            self._contact("Anna", self.target_list)
        self.mailing = self._mass_email(body, **values)
        with self.smtp() as server:
            self.send(self.mailing, server)
        self.assertFalse(self.mailing.delivery_issue)
        return server.messages[0]

    @staticmethod
    def html(message):
        return message.get_body(("html",)).get_content()

    @staticmethod
    def text(message):
        return message.get_body(("plain",)).get_content()

    def token(self):
        return self.mailing.mailing_trace_ids.sudo().token

    def test_it_has_a_text_and_an_html_part_with_personal_values(self):
        message = self.receive()
        self.assertEqual(message["Subject"], "News for Anna")
        self.assertEqual(message["To"], "Anna <anna@example.com>")
        self.assertEqual(message["From"], "Garden <news@garden.example.com>")
        self.assertEqual(message.get_content_type(), "multipart/alternative")
        self.assertIn("Dear Anna", self.html(message))
        self.assertIn("Dear Anna", self.text(message))

    def test_tracking_urls_lead_to_our_host_with_the_token(self):
        message = self.receive()
        url = f"/mailing/click/{self.offer.code}/{self.token()}"
        self.assertIn(self.mailing.get_base_url() + url, URL.findall(self.html(message)))
        self.assertNotIn("trackingUrl", self.html(message))

    def test_a_link_dialog_may_have_changed_a_placeholder(self):
        for written in ("http://{trackingUrl:%d}", "%%7BtrackingUrl:%d%%7D"):
            code = written % self.offer.id
            letter = self._mass_email(f'<a href="{code}">x</a>')._letter()
            self.assertEqual(letter.placeholders.link_ids, {self.offer.id}, code)

    def test_the_opt_out_url_is_put_where_the_author_wants_it_and_only_there(self):
        message = self.receive('<p>Hi</p><a href="{optOutUrl}">Leave</a><p>End</p>')
        self.assertEqual(self.html(message).count("/mailing/opt-out/"), 1)
        self.assertIn(f'/mailing/opt-out/{self.token()}">Leave</a>', self.html(message))

    def test_an_opt_out_link_is_appended_when_the_author_has_none(self):
        message = self.receive("<p>Hello</p>")
        html = self.html(message)
        self.assertIn(f'/mailing/opt-out/{self.token()}">Unsubscribe</a>', html)
        self.assertLess(html.index("/mailing/opt-out/"), html.index("</body>"))
        self.assertIn(f"/mailing/opt-out/{self.token()}", self.text(message))

    def test_the_appended_opt_out_link_can_be_switched_off(self):
        self.env["ir.config_parameter"].set_param("mass_mailing_campaign.opt_out_optional", "True")
        message = self.receive("<p>Hello</p>")
        self.assertNotIn("/mailing/opt-out/", self.html(message))
        self.assertNotIn("List-Unsubscribe", message)

    def test_headers_offer_one_click_opt_out(self):
        message = self.receive()
        url = f"{self.mailing.get_base_url()}/mailing/opt-out/{self.token()}"
        self.assertEqual(message["List-Unsubscribe"].strip(), f"<{url}>")
        self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        self.assertEqual(message["Precedence"], "list")
        self.assertEqual(message["Auto-Submitted"], "auto-generated")

    def test_no_url_holds_an_address(self):
        message = self.receive()
        for url in URL.findall(self.html(message) + message["List-Unsubscribe"]):
            self.assertNotIn("anna", url.lower())
            self.assertNotIn("@", url)

    def test_the_open_pixel_is_in_the_html_only_and_only_if_wanted(self):
        message = self.receive()
        self.assertIn(f'/mailing/open/{self.token()}.gif"', self.html(message))
        self.assertNotIn("/mailing/open/", self.text(message))
        self.env["ir.config_parameter"].set_param("mass_mailing_campaign.open_tracking", False)
        with self.smtp() as server:
            self.send(self._mass_email(), server)
        self.assertNotIn("/mailing/open/", self.html(server.messages[0]))

    def test_an_informational_email_has_no_opt_out_no_pixel_and_plain_links(self):
        self.campaign.campaign_type = "informational"
        message = self.receive()
        self.assertNotIn("/mailing/", self.html(message))
        self.assertNotIn("List-Unsubscribe", message)
        self.assertIn(self.offer.url, self.html(message))

    def test_an_informational_email_refuses_an_opt_out_placeholder(self):
        self.campaign.campaign_type = "informational"
        mailing = self._mass_email('<a href="{optOutUrl}">x</a>')
        with self.assertRaisesRegex(UserError, "informational"):
            mailing.action_set_pending()

    def test_values_are_data(self):
        name = '<b>{optOutUrl}</b> {{ object.email }} <t t-out="1"/> & "q"'
        self._contact(name, self.target_list, email="anna@example.com")
        message = self.receive(contact=True)
        html = self.html(message)
        self.assertIn("&lt;b&gt;{optOutUrl}&lt;/b&gt; {{ object.email }}", html)
        self.assertEqual(html.count("/mailing/opt-out/"), 1, "the appended link only")
        self.assertIn("{optOutUrl}", str(make_header(decode_header(message["Subject"]))))

    def test_line_breaks_in_a_name_make_no_header(self):
        self._contact("Anna\r\nBcc: all@example.com", self.target_list, email="anna@example.com")
        message = self.receive(contact=True)
        self.assertNotIn("Bcc", message)
        self.assertEqual(message["Subject"], "News for Anna Bcc: all@example.com")

    def test_names_of_any_script_arrive(self):
        for name in ("Борис Ёлкин", "שלום עולם", "Zoë 🌷", "李小龙"):
            with self.subTest(name=name):
                target_list = self._list(name)
                self._contact(name, target_list, email="x@example.com")
                mailing = self._mass_email(contact_list_ids=[(6, 0, target_list.ids)])
                with self.smtp() as server:
                    self.send(mailing, server)
                [message] = server.messages
                self.assertEqual(message["Subject"], f"News for {name}")
                self.assertEqual(message["To"].addresses[0].display_name, name)
                self.assertIn(f"Dear {name}", self.html(message))

    def test_an_international_domain_is_sent_as_ascii(self):
        self._contact("Anna", self.target_list, email="anna@büro.example")
        with self.smtp() as server:
            self.send(self._mass_email(), server)
        self.assertEqual(server.addresses(), ["anna@xn--bro-hoa.example"])

    def test_an_address_smtp_cannot_carry_fails_alone(self):
        self._contact("Anna", self.target_list, email="ännä@example.com")
        self._contact("Bob", self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertEqual(server.addresses(), ["bob@example.com"])
        self.assertEqual(self.outcomes(mailing), {"Anna": "mail_email_invalid", "Bob": "sent"})

    def test_the_wire_is_seven_bit(self):
        message = self.receive("<p>Größe ✓</p>")
        self.assertTrue(message.as_bytes().isascii())
        self.assertIn("Größe ✓", self.html(message))

    def test_attachments_are_sent(self):
        attachment = self.env["ir.attachment"].create({"name": "flyer.txt", "raw": b"Flowers"})
        message = self.receive(attachment_ids=[(6, 0, attachment.ids)])
        [part] = message.iter_attachments()
        self.assertEqual((part.get_filename(), part.get_content()), ("flyer.txt", "Flowers"))

    def test_logic_in_a_template_is_rendered_per_recipient(self):
        self._contact("Anna", self.target_list, company_name="Acme")
        self._contact("Bob", self.target_list)
        body = '<t t-if="object.company_name">Acme only</t><p>All</p>'
        with self.smtp() as server:
            self.send(self._mass_email(body), server)
        bodies = {message["To"].addresses[0].username: message for message in server.messages}
        self.assertIn("Acme only", self.html(bodies["anna"]))
        self.assertNotIn("Acme only", self.html(bodies["bob"]))
        self.assertIn("All", self.html(bodies["bob"]))

    def test_links_of_odoos_own_themes_get_the_recipients_pages(self):
        message = self.receive(
            '<a href="/unsubscribe_from_list">Leave</a> <a href="/view">View Online</a>'
        )
        html = self.html(message)
        self.assertIn(f'/mailing/opt-out/{self.token()}">Leave', html)
        self.assertIn(f'/mailing/view/{self.token()}">View', html)
        self.assertEqual(html.count("/mailing/opt-out/"), 1)

    def test_an_unknown_tracking_url_is_refused_before_sending(self):
        other = self.env["utm.campaign"].create({"title": "Other"})
        foreign = self._tracking_url("Foreign", "https://www.example.com/f", other)
        mailing = self._mass_email(f'<a href="{foreign.placeholder}">x</a>')
        with self.assertRaisesRegex(UserError, re.escape(foreign.placeholder)):
            mailing.action_set_pending()
        self.assertEqual(mailing.state, "draft")
