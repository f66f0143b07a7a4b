import email
import email.policy
import email.utils
import re
from email.header import decode_header, make_header
from unittest.mock import patch

from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome
from odoo.addons.mass_mailing_campaign.engine import letter as engine_letter
from odoo.addons.mass_mailing_campaign.engine.spliced_letter import NotSpliceable
from odoo.addons.mass_mailing_campaign.models.sending.mailing_trace import Claimed
from odoo.exceptions import UserError
from odoo.tools import mute_logger

from ..common import BASE_URL, ODD_NAMES, MassEmailCase, Session

URL = re.compile(r"https?://[^\s\"<>]+")
FIELD = re.compile(rb"\r\n(?![ \t])")


def raw_header(content):
    """``{lower-case field name: value}`` as a program sees it that decodes nothing."""
    lines = FIELD.split(content.partition(b"\r\n\r\n")[0])
    fields = [line.replace(b"\r\n", b"").split(b": ", 1) for line in lines]
    names = [name.decode().lower() for name, _value in fields]
    assert len(names) == len(set(names)), names
    return {name: value.decode() for name, (_name, value) in zip(names, fields, strict=True)}


def decoded(value):
    return "".join(str(make_header(decode_header(value))).split())


class TestLetter(MassEmailCase):
    """A letter as the recipient's mail server gets it, by default spliced."""

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
        return message.get_body(("plain",)).get_content().replace("\r\n", "\n")

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

    def test_an_opt_out_link_that_nobody_sees_is_none(self):
        self._contact("Anna", self.target_list)
        for body, preview in (
            ("<p>Hi</p><!-- put {optOutLink} here -->", False),
            ('<p>Hi</p><!--[if mso]><a href="{optOutUrl}">Leave</a><![endif]-->', False),
            ('<p>Hi</p><p style="display: none"><a href="{optOutUrl}">Leave</a></p>', False),
            ("<p>Hi</p>", "Leave by {optOutUrl}"),
        ):
            message = self.receive(body, self.env.user, preview=preview)
            html = self.html(message)
            end = html[html.rindex("Hi</p>") :]
            self.assertIn(f'/mailing/opt-out/{self.token()}">Unsubscribe</a>', end, body)
            self.assertNotIn(".invalid", html)

    def test_an_opt_out_link_under_a_condition_is_there_for_everybody(self):
        self._contact("Anna", self.target_list, company_name="Acme")
        self._contact("Bob", self.target_list)
        link = '<a href="{optOutUrl}">Leave</a>'
        for body in (
            f'<p>Hi</p><p t-if="object.company_name">{link}</p>',
            f'<div t-if="object.company_name">Hi {link}</div>',
            f'<p>Hi</p><p t-if="object.company_name">{link}</p><p t-else="">Or {link}</p>',
            f'<p>Hi</p><p t-out="object.company_name">{link}</p>',
            f'<p>Hi</p><p t-foreach="object.list_ids.browse()" t-as="each">{link}</p>',
            f'<t t-set="footer">{link}</t><p>Hi</p>',
            f'<p>Hi</p><!-- {link} --><p t-if="object.company_name">{link}</p>',
        ):
            mailing = self._mass_email("<p>x</p>")
            mailing.body_html = body
            with self.smtp() as server:
                self.send(mailing, server)
            for message in server.messages:
                html = re.sub("<!--.*?-->", "", self.html(message))
                self.assertEqual(html.count("/mailing/opt-out/"), 1, body)
                self.assertEqual(self.text(message).count("/mailing/opt-out/"), 1, body)
            self.assertEqual(len(server.messages), 2)

    def test_the_appended_opt_out_link_can_be_switched_off(self):
        self.set_setting("opt_out_optional", "True")
        message = self.receive("<p>Hello</p>")
        self.assertNotIn("/mailing/opt-out/", self.html(message))
        self.assertNotIn("List-Unsubscribe", message)

    def test_headers_offer_one_click_opt_out(self):
        message = self.receive()
        url = f"{self.mailing.get_base_url()}/mailing/opt-out/{self.token()}"
        self.assertEqual(message["List-Unsubscribe"].strip(), f"<{url}>")
        self.assertEqual(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        self.assertEqual(message["Precedence"], "list")

    def test_everything_in_a_letter_leads_to_the_public_address(self):
        self.set_setting("public_url", "https://news.example.com")
        message = self.receive(
            '<p><a href="/page">page</a> <img src="/web/image/1"/> <a href="/view">read here</a>'
            f'<a href="{self.offer.placeholder}">x</a> <a href="/unsubscribe_from_list">y</a></p>'
        )
        for text in (self.html(message), self.text(message), message["List-Unsubscribe"]):
            self.assertIn("https://news.example.com/mailing/", text)
            self.assertNotIn(BASE_URL, text)
        html = self.html(message)
        token = self.token()
        for path in (
            *("/page", "/web/image/1", f"/mailing/view/{token}", f"/mailing/opt-out/{token}"),
            *(f"/mailing/open/{token}.gif", f"/mailing/click/{self.offer.code}/{token}"),
        ):
            self.assertIn(f'"https://news.example.com{path}"', html)

    def test_no_url_holds_an_address(self):
        message = self.receive()
        for url in URL.findall(self.html(message) + message["List-Unsubscribe"]):
            self.assertNotIn("anna", url.lower())
            self.assertNotIn("@", url)

    def test_the_open_pixel_is_in_the_html_only_and_only_if_wanted(self):
        message = self.receive()
        self.assertIn(f'/mailing/open/{self.token()}.gif"', self.html(message))
        self.assertNotIn("/mailing/open/", self.text(message))
        self.set_setting("open_tracking", False)
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

    def test_an_empty_file_and_a_mail_are_attached_as_they_are(self):
        mail = b"Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\ncaf\xc3\xa9\n"
        files = self.env["ir.attachment"].create(
            [
                {"name": "empty.bin", "raw": b"", "mimetype": "application/octet-stream"},
                {"name": "mail.eml", "raw": mail, "mimetype": "message/rfc822"},
            ]
        )
        message = self.receive(attachment_ids=files)
        parts = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
        self.assertEqual(parts, {"empty.bin": b"", "mail.eml": mail})
        self.assertTrue(message.as_bytes().isascii())

    def test_a_file_is_attached_whatever_it_says_of_its_type(self):
        file = "größe\r\n.\n\r".encode("latin-1")
        self._contact("Anna", self.target_list)
        types = ("Message/RFC822", "a/b/c", "text", "x/y\r\nX: z", "тип/файл", "/", "Text/X-Y; a=b")
        files = self.env["ir.attachment"].create(
            [{"name": f"file-{number}", "raw": file} for number in range(len(types))]
        )
        for attachment, mimetype in zip(files, types, strict=True):
            attachment.mimetype = mimetype
        message = self.receive(contact=True, attachment_ids=files)
        parts = {part.get_filename(): part for part in message.iter_attachments()}
        for number in range(len(types)):
            part = parts[f"file-{number}"]
            self.assertEqual(part.get_payload(decode=True), file)
            known = "text/x-y" if number == 6 else "application/octet-stream"
            self.assertEqual(part.get_content_type(), known)
        self.assertTrue(message.as_bytes().isascii())

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

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_a_letter_that_fails_says_why_in_a_line(self):
        contact = self._contact("Anna")
        for values in (
            {"body": '<p t-out="object.name / 0"/>'},
            {"subject": "{{ object.name / 0 }}"},
        ):
            letter = self._mass_email(**values)._letter()
            with self.assertRaisesRegex(UserError, r"\AThe letter cannot.*\Z") as failed:
                letter.render(contact)
            self.assertIn("object.name / 0", str(failed.exception))
            self.assertIn("unsupported operand", str(failed.exception))

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

    # ------------------------------------------------------------
    # The header as it is on the wire
    # ------------------------------------------------------------

    def deliver(self, mailing):
        """Send a mass email; return the raw headers and contents by recipient's address."""
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertFalse(mailing.delivery_issue)
        return {
            address: (raw_header(content), content)
            for address, content in zip(server.rcpt_tos, server.contents, strict=True)
        }

    def test_one_click_opt_out_can_be_read_raw_whatever_the_base_url(self):
        for base_url in (
            "https://erp.mycompany.co.uk",
            "https://newsletter.subsidiary.my-company-group.co.uk",
            BASE_URL + ".a-very-long-domain.example:8069",
            f"https://{'.'.join(['label'] * 30)}.example",
            # so Odoo writes it when an administrator logs in there
            "https://рассылка.example:8069",
        ):
            with self.subTest(base_url=base_url):
                self.env["ir.config_parameter"].set_param("web.base.url", base_url)
                target_list = self._list(base_url)
                self._contacts(2, target_list)
                mailing = self._mass_email(contact_list_ids=[(6, 0, target_list.ids)])
                messages = self.deliver(mailing)
                for trace in mailing.mailing_trace_ids.sudo():
                    header, content = messages[trace.email]
                    on_the_wire = base_url.replace("рассылка", "xn--80aa3adxha4f")
                    url = f"{on_the_wire}/mailing/opt-out/{trace.token}"
                    self.assertIn(b"\r\nList-Unsubscribe: <" + url.encode() + b">\r\n", content)
                    self.assertEqual(header["list-unsubscribe-post"], "List-Unsubscribe=One-Click")
                    self.assertEqual(header["message-id"], trace.message_id)

    def test_no_header_that_programs_read_raw_is_broken(self):
        attachment = self.env["ir.attachment"].create(
            {"name": "Preisliste für Gärten, Sommer & Herbst\n2026 " * 4 + ".txt", "raw": b"x"}
        )
        self._contact("Anna", self.target_list)
        mailing = self._mass_email(
            email_from='"Garten, Blumen & Söhne Gesellschaft mbH, Abteilung Versand"'
            " <news@garden.example.com>",
            reply_to='"The ""Green"" Company, Inc., Department of Very Long Names of Plants"'
            " <a-very-long-mailbox-name-for-replies@replies.garden.example.com>",
            attachment_ids=[(6, 0, attachment.ids)],
        )
        [(header, content)] = self.deliver(mailing).values()
        for name in ("from", "reply-to", "to"):
            [(_phrase, address)] = email.utils.getaddresses([header[name]])
            self.assertIn("@", address, name)
            self.assertNotIn("=?", address)
        self.assertTrue(header["reply-to"].endswith(f"<{self.address(mailing.reply_to)}>"))
        self.assertTrue(header["from"].endswith(f"<{self.address(mailing.email_from)}>"))
        self.assertNotRegex(content.partition(b"Content-Disposition")[2], rb"\A[^\r]*=\?")
        message = email.message_from_bytes(content, policy=email.policy.default)
        [part] = message.iter_attachments()
        self.assertEqual(part.get_filename(), " ".join(attachment.name.split()))

    def test_a_name_without_brackets_around_the_address_is_no_part_of_it(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email(
            email_from="Garden news@garden.example.com",
            reply_to="The Garden answers@garden.example.com",
        )
        [(header, _content)] = self.deliver(mailing).values()
        self.assertEqual(header["from"], '"Garden" <news@garden.example.com>')
        self.assertEqual(header["reply-to"], '"The Garden" <answers@garden.example.com>')

    @staticmethod
    def address(mailbox):
        return email.utils.parseaddr(mailbox)[1]

    def test_a_message_goes_to_its_recipients_own_address_whatever_her_name(self):
        contacts = self._odd_contacts(self.target_list)
        messages = self.deliver(self._mass_email())
        self.assertEqual(set(messages), set(contacts.mapped("email")))
        for contact, name in zip(contacts, ODD_NAMES, strict=True):
            header, content = messages[contact.email]
            [(phrase, address)] = email.utils.getaddresses([header["to"]])
            self.assertEqual(address, contact.email)
            self.assertEqual(decoded(phrase), "".join(name.split()))
            self.assertEqual(decoded(header["subject"]), "".join(f"News for {name}".split()))
            self.assertLessEqual(max(map(len, content.split(b"\r\n"))), 998)

    def test_no_value_makes_a_header(self):
        injection = "x\r\nBcc: all@example.com\r\n\r\nBody"
        self._contact(injection, self.target_list, email="anna@example.com")
        self.target_list.contact_ids.company_name = injection
        for subject in (
            "{{ object.company_name }}",
            "{{ object.name }}\r\nBcc: me@example.com",
            "=?utf-8?q?=0D=0ABcc:_all@example.com?= {{ object.name }}",
        ):
            with self.subTest(subject=subject):
                [(header, _content)] = self.deliver(self._mass_email(subject=subject)).values()
                self.assertNotIn("bcc", header)
                self.assertIn("mime-version", header)

    def test_what_is_saved_while_it_is_sent_is_in_all_of_a_letter_or_in_none(self):
        anna = self._contact("Anna", self.target_list)
        mailing = self._mass_email("<p>First body</p>", subject="First subject")
        letter = mailing._letter()
        last = {"subject": "Last subject", "body_arch": "<p>Last body</p>"}
        mailing.write({**last, "email_from": "last@garden.example.com"})
        row = Claimed(1, anna.id, anna.address, "ab" * 16, 1)
        [envelope] = letter.compose([row], Session())
        for words in (b"First subject", b"First body", b"news@garden"):
            self.assertIn(words, envelope.content)

    def test_an_address_within_the_address_is_nobody_to_write_to(self):
        for forged in ('"victim@example.com"@evil.example', "a@b@c.example", "a b@c.example"):
            target_list = self._list(forged)
            contact = self._contact("Anna", target_list, email=forged)
            self._contact("Bob", target_list)
            mailing = self._mass_email(contact_list_ids=target_list)
            with self.smtp() as server:
                self.send(mailing, server)
            judged = {contact.address, "bob@example.com"} - {False}
            self.assertEqual(set(server.addresses()), judged, forged)
            self.assertNotIn("victim@example.com", judged)
            # and whatever stands in the row
            row = Claimed(1, contact.id, forged, "ab" * 16, 1)
            [result] = mailing._letter().compose([row], Session())
            self.assertEqual(result.outcome, Outcome.BAD_ADDRESS, forged)

    # ------------------------------------------------------------
    # Text part
    # ------------------------------------------------------------

    def test_the_text_part_keeps_paragraphs_apart(self):
        for body in (
            "<p>One</p><p>Two</p><p>Three</p>",
            '<div class="o-paragraph">One</div><div>Two</div><div><br></div><div>Three</div>',
            '<h1 style="color: red">One</h1>\n  <div>\n    <p>Two</p>\n  </div>\n  <h3>Three</h3>',
        ):
            with self.subTest(body=body):
                target_list = self._list(body)
                self._contact("Anna", target_list)
                message = self.receive(body, True, contact_list_ids=[(6, 0, target_list.ids)])
                text = self.text(message).replace("*", "")
                self.assertEqual(text.split("\n\n")[:3], ["One", "Two", "Three"])

    def test_the_text_part_has_a_line_for_each_item_and_row(self):
        message = self.receive(
            '<ul><li>One</li><li>Two</li></ul><table><tr class="x"><td>a</td></tr>'
            '<tr class="x"><td>b</td></tr></table>'
        )
        self.assertRegex(self.text(message), r"One\s*\nTwo\s*\n\na\s*\nb\s*\n")

    def test_a_link_around_an_image_has_no_words_in_the_text_part(self):
        message = self.receive(
            f'<p><a href="{self.offer.placeholder}"><img src="/web/image/logo.png"/></a></p>'
        )
        self.assertNotIn("None", self.text(message))
        self.assertIn(f"/mailing/click/{self.offer.code}/{self.token()}", self.text(message))

    def test_what_nobody_reads_is_not_in_the_text_part(self):
        message = self.receive(
            "<p>One</p><style>p > b { color: red }\n</style><!-- a note\nof > two lines -->"
            "<!--[if mso]>\n<v:rect>\n<b>Outlook</b>\n</v:rect>\n<![endif]-->"
            "<!--[if !mso]><!--><p>Two</p><!--<![endif]--><p>Three</p>"
        )
        self.assertEqual(self.text(message).split("\n\n")[:3], ["One", "Two", "Three"])

    def test_emphasis_in_the_text_part_begins_where_it_ends(self):
        message = self.receive(
            '<h1 class="a" title="x > y">One</h1><p><b style="color: red">two</b> and '
            '<em id="x">three</em></p>'
        )
        self.assertEqual(self.text(message).split("\n\n")[:2], ["**One**", "*two* and /three/"])

    # ------------------------------------------------------------
    # Whose letter it is
    # ------------------------------------------------------------

    def alias_domain(self, name, company):
        company.alias_domain_id = self.env["mail.alias.domain"].create({"name": name})

    def test_replies_to_recipient_followers_go_to_odoos_catchall(self):
        self.alias_domain("garden.example.com", self.env.company)
        message = self.receive(reply_to_mode="update")
        [reply_to] = message["Reply-To"].addresses
        self.assertEqual(
            (reply_to.display_name, reply_to.addr_spec),
            ("Marta Marketer", "catchall@garden.example.com"),
        )
        anna = self.target_list.contact_ids
        self.assertIn(f"-openerp-{anna.id}-mailing.contact@", message["Message-ID"])

    def test_without_a_catchall_replies_to_followers_go_to_the_sender(self):
        self.env.company.alias_domain_id = False
        message = self.receive(reply_to_mode="update")
        self.assertEqual(message["Reply-To"].addresses, message["From"].addresses)

    def test_bounces_and_replies_go_to_the_company_of_who_is_responsible(self):
        self.alias_domain("mother.example.com", self.env.company)
        daughter = self.env["res.company"].create({"name": "Daughter"})
        self.alias_domain("garden.example.com", daughter)
        self.marketer.write({"company_ids": [(4, daughter.id)], "company_id": daughter.id})
        self._contact("Anna", self.target_list)
        mailing = self._mass_email(reply_to_mode="update")
        with self.smtp() as server:
            self.send(mailing, server)
        [message] = server.messages
        self.assertEqual(server.senders, ["bounce@garden.example.com"])
        self.assertEqual(message["Reply-To"].addresses[0].domain, "garden.example.com")

    def test_a_foreign_sender_is_replaced_by_the_notification_address_of_that_company(self):
        self.alias_domain("mother.example.com", self.env.company)
        daughter = self.env["res.company"].create({"name": "Daughter"})
        self.alias_domain("garden.example.com", daughter)
        self.marketer.write({"company_ids": [(4, daughter.id)], "company_id": daughter.id})
        message = self.receive(email_from='"Marta" <marta@elsewhere.example>')
        self.assertEqual(message["From"].addresses[0].addr_spec, "notifications@garden.example.com")

    def test_a_letter_is_in_the_language_of_who_is_responsible(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.marketer.lang = "fr_FR"
        message = self.receive("<p><t t-out=\"format_date('2030-02-01', 'MMMM')\"/></p>")
        self.assertIn("février", self.html(message))

    def test_the_opt_out_link_is_in_the_language_of_who_reads_the_letter(self):
        self.env["res.lang"]._activate_lang("ru_RU")
        self._contact("Anna", self.target_list)
        self._contact("Boris", self.target_list)
        lang = "{{ 'ru_RU' if object.name == 'Boris' else False }}"
        for body in ("<p>Hi</p>", "<p>Hi {optOutLink}</p>"):
            with self.smtp() as server:
                self.send(self._mass_email(body, lang=lang), server)
            texts = {m["To"].addresses[0].username: self.text(m) for m in server.messages}
            self.assertIn("Отписаться [1]", texts["boris"])
            self.assertIn("Unsubscribe [1]", texts["anna"])


class TestRenderedLetter(TestLetter):
    """The same of a letter that Odoo renders and builds for every recipient."""

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(engine_letter, "SplicedLetter", side_effect=NotSpliceable))
