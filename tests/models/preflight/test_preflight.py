from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.mass_mailing_campaign.models.checkup import dns_records
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form
from odoo.tools import mute_logger

from ...common import MassEmailCase

TEXT = "<p>Dear friend, it is summer.</p>"


class TestPreflight(MassEmailCase):
    """What speaks against sending a mass email is told before it is Pending."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._contact("Anna", cls.target_list)
        cls.good = f'{TEXT}<p><a href="{cls.offer.placeholder}">offer</a></p>'
        cls.informational = cls.env["utm.campaign"].create(
            {
                "title": "Terms",
                "campaign_type": "informational",
                "target_list_ids": [Command.set(cls.target_list.ids)],
            }
        )
        cls.marketer.company_id.alias_domain_id = False
        cls.env["ir.mail_server"].search([]).active = False
        cls.mail_server = cls.env["ir.mail_server"].create(
            {
                "name": "Garden Mail",
                "smtp_host": "smtp.garden.example.com",
                "from_filter": "garden.example.com",
            }
        )

    def mass_email(self, body=None, **values):
        return self._mass_email(body or self.good, **{"preview": "Seeds and tools", **values})

    def findings(self, body=None, **values):
        """``{kind: finding}`` of a mass email."""
        mailing = self.mass_email(body, **values).with_user(self.marketer)
        return {finding.kind: finding for finding in mailing._preflight_on_screen()}

    def assert_finding(self, kind, severity, body=None, words="", **values):
        findings = self.findings(body, **values)
        self.assertIn(kind, findings)
        finding = findings[kind]
        self.assertEqual(finding.severity, severity)
        self.assertIn(words, finding.words)
        self.assertTrue(finding.place and finding.remedy)
        return findings

    # ------------------------------------------------------------
    # On the way to Pending
    # ------------------------------------------------------------

    def test_nothing_speaks_against_a_good_mass_email_and_it_is_pending_in_one_click(self):
        self.assertEqual(self.findings(), {})
        mailing = self.mass_email().with_user(self.marketer)
        self.assertEqual(mailing.action_check_and_set_pending(), True)
        self.assertEqual(mailing.state, "in_queue")

    def test_an_error_stops_it_on_the_screen_and_for_programs(self):
        mailing = self.mass_email(body="<p>{trackingUrl:x}</p>").with_user(self.marketer)
        check = self.open(mailing.action_check_and_set_pending())
        self.assertTrue(check.has_errors)
        for set_pending in (check.action_set_pending, mailing.action_put_in_queue):
            with self.assertRaisesRegex(UserError, "not understood"):
                set_pending()
        self.assertEqual(mailing.state, "draft")

    def test_an_error_stops_it_when_its_state_is_written(self):
        mailing = self.mass_email(body="<p>{trackingUrl:x}</p>").with_user(self.marketer)
        with self.assertRaisesRegex(UserError, "not understood"):
            mailing.state = "in_queue"
        with self.assertRaisesRegex(UserError, "not understood"):
            mailing.copy({"state": "in_queue"})
        good = self.mass_email().with_user(self.marketer)
        good.state = "in_queue"
        self.assertEqual(good.mass_email_status, "pending")
        good.state = "draft"

    def test_a_card_that_is_moved_neither_sends_nor_ends_it(self):
        mailing = self.mass_email().with_user(self.marketer)
        moves = [("draft", "sending"), ("draft", "done"), ("in_queue", "sending")]
        moves += [("in_queue", "done"), ("sending", "draft"), ("sending", "in_queue")]
        for state, column in [*moves, ("sending", "done")]:
            mailing.sudo().state = state
            with self.assertRaisesRegex(UserError, "Use its buttons"):
                mailing.state = column
        mailing.sudo().state = "done"
        for column in ("draft", "in_queue", "sending"):
            with self.assertRaisesRegex(UserError, "was sent"):
                mailing.state = column

    def test_it_begins_as_a_draft_or_ready_to_be_sent(self):
        for state in ("sending", "done"):
            with self.assertRaisesRegex(UserError, "Use its buttons"):
                self.mass_email().with_user(self.marketer).copy({"state": state})
        with self.assertRaisesRegex(UserError, "not understood"):
            mailing = self.mass_email(body="<p>{trackingUrl:x}</p>").with_user(self.marketer)
            mailing.copy({"state": "in_queue"})

    def test_a_warning_is_looked_at_and_let_pass(self):
        mailing = self.mass_email(TEXT + '<a href="">x</a>').with_user(self.marketer)
        check = self.open(mailing.action_check_and_set_pending())
        self.assertEqual(mailing.state, "draft")
        self.assertFalse(check.has_errors)
        self.assertEqual([finding["kind"] for finding in check.findings], ["link_empty"])
        check.action_set_pending()
        self.assertEqual(mailing.state, "in_queue")

    def test_a_warning_stops_no_program(self):
        mailing = self.mass_email(TEXT + '<a href="">x</a>')
        mailing.action_set_pending()
        self.assertEqual(mailing.state, "in_queue")

    def test_a_hint_alone_opens_no_dialog(self):
        mailing = self.mass_email(preview=False)
        self.assertEqual(mailing.action_check_and_set_pending(), True)

    def test_all_errors_are_told_at_once_and_first(self):
        mailing = self.mass_email(
            f'{TEXT}<a href="">x</a><p>{{optOut}}</p>', subject="News {optOutUrl}"
        )
        severities = [finding.severity for finding in mailing._preflight()]
        self.assertEqual(severities, ["error", "error", "warning"])
        with self.assertRaisesRegex(UserError, "(?s)subject uses.*not understood"):
            mailing.action_set_pending()

    def test_the_check_can_be_opened_at_any_time(self):
        check = self.open(self.mass_email().with_user(self.marketer).action_check())
        self.assertFalse(check.findings)
        self.assertFalse(check.is_for_pending)

    def open(self, action):
        wizard = self.env[action["res_model"]].with_user(self.marketer).browse(action["res_id"])
        return Form(wizard).record

    # ------------------------------------------------------------
    # Who
    # ------------------------------------------------------------

    def test_no_target_list_is_an_error(self):
        self.assert_finding("no_list", "error", contact_list_ids=[(5,)])

    def test_nobody_to_mail_is_an_error_now_and_a_warning_when_it_starts_later(self):
        nobody = {"contact_list_ids": [(6, 0, self._list("Empty").ids)]}
        self.assert_finding("nobody", "error", **nobody)
        later = fields.Datetime.now() + timedelta(days=1)
        self.assert_finding("nobody", "warning", **nobody, schedule_date=later)

    # ------------------------------------------------------------
    # Sender and server
    # ------------------------------------------------------------

    def test_a_sender_that_is_no_address_is_an_error(self):
        for sender in ("Garden", "", "gärtner@garden.example.com", "a@x.example, b@x.example"):
            self.assert_finding("sender_invalid", "error", email_from=sender)

    def test_an_address_to_reply_to_that_is_none_is_an_error(self):
        for address in ("answers please", "gärtner@garden.example.com", "a@x.example, ü@x.example"):
            self.assert_finding("reply_to_invalid", "error", words=address, reply_to=address)
        for address in (False, "a@x.example, B <b@x.example>", "a@büro.example"):
            self.assertNotIn("reply_to_invalid", self.findings(reply_to=address))
        follows = {"reply_to": "answers please", "reply_to_mode": "update"}
        self.assertNotIn("reply_to_invalid", self.findings(**follows))

    def test_a_sender_that_the_mail_server_does_not_send_for_is_an_error(self):
        elsewhere = "news@elsewhere.example.com"
        self.mail_server.from_filter = "flowers.example.com"
        words = "“Garden Mail” sends for flowers.example.com only"
        self.assert_finding("sender_not_allowed", "error", words=words, email_from=elsewhere)
        chosen = {"mail_server_id": self.mail_server.id, "email_from": elsewhere}
        self.assert_finding("sender_not_allowed", "error", words=words, **chosen)

    def test_a_sender_that_odoo_replaces_is_told(self):
        domain = self.env["mail.alias.domain"].create({"name": "garden.example.com"})
        domain.default_from = "notifications"
        self.marketer.company_id.alias_domain_id = domain
        elsewhere = {"email_from": "news@elsewhere.example.com"}
        words = "notifications@garden.example.com"
        self.assert_finding("sender_replaced", "warning", words=words, **elsewhere)
        self.mail_server.from_filter = False
        self.assert_finding("sender_replaced", "hint", words=words, **elsewhere)

    def test_a_colleagues_own_mail_server_is_an_error_and_takes_no_mass_email(self):
        """Odoo lets no more than some 30 messages a minute through it."""
        values = {"from_filter": "marta@example.com", "owner_user_id": self.marketer.id}
        self.mail_server.write(values)
        self.marketer.outgoing_mail_server_id = self.mail_server
        chosen = {"mail_server_id": self.mail_server.id, "email_from": "marta@example.com"}
        self.assert_finding("server_personal", "error", words="is Marta Marketer's own", **chosen)
        mailing = self.mass_email(**chosen)
        mailing.state = "in_queue"
        self.run_delivery()
        self.assertEqual(mailing.remedy, "server")
        self.assertIn("is Marta Marketer's own", mailing.delivery_issue)

    def test_no_mail_server_is_told(self):
        self.mail_server.active = False
        self.assert_finding("no_server", "warning")

    def test_a_sender_that_receiving_servers_cannot_check_is_told_on_the_screen(self):
        spf, dmarc = (
            {"garden.example.com": ["v=spf1 mx -all"]},
            {"_dmarc.example.com": ["v=DMARC1"]},
        )
        mailing = self.mass_email().with_user(self.marketer)
        for records, words in (
            ({}, "no SPF, DMARC record"),
            (spf, "no DMARC record"),
            ({**dmarc, "garden.example.com": ["v=spf1 all"]}, "lets everybody send"),
        ):
            with self.subTest(words), self.dns(records):
                [finding] = self.open(mailing.action_check_and_set_pending()).findings
                named = [finding[name] for name in ("severity", "kind", "place")]
                self.assertEqual(named, ["warning", "sender_records", "Sender"])
                self.assertIn(words, finding["words"])
                self.assertTrue(finding["remedy"])
        with self.dns({**spf, **dmarc}):
            self.assertEqual(mailing.action_check_and_set_pending(), True)

    def test_a_sender_is_checked_as_recipients_see_it(self):
        domain = self.env["mail.alias.domain"].create({"name": "garden.example.com"})
        domain.default_from = "notifications"
        self.marketer.company_id.alias_domain_id = domain
        mailing = self.mass_email(email_from="news@elsewhere.example.org")
        with self.dns({}):
            words = [each.words for each in mailing._preflight_on_screen()]
        self.assertIn("garden.example.com has no SPF", "".join(words))

    def test_a_silent_dns_holds_nobody_and_programs_do_not_ask_it(self):
        mailing = self.mass_email().with_user(self.marketer)
        with patch.object(dns_records, "_texts", side_effect=TimeoutError):
            self.assertEqual(mailing.action_check_and_set_pending(), True)
        other = self.mass_email().with_user(self.marketer)
        with patch.object(dns_records, "_texts", side_effect=AssertionError):
            other.action_set_pending()
        self.assertEqual(other.state, "in_queue")

    def test_the_button_and_what_it_shows_look_once(self):
        mailing = self.mass_email(subject="x" * 71).with_user(self.marketer)
        mailings = self.env.registry["mailing.mailing"]
        with (
            patch.object(
                mailings, "_preflight", autospec=True, side_effect=mailings._preflight
            ) as look,
            patch.object(mailings, "_dns_findings", return_value=[]) as ask,
        ):
            check = self.open(mailing.action_check_and_set_pending())
            self.assertEqual([each["kind"] for each in check.findings], ["subject_long"])
        self.assertEqual((look.call_count, ask.call_count), (1, 1))

    # ------------------------------------------------------------
    # When
    # ------------------------------------------------------------

    def test_a_start_in_more_than_a_year_is_told(self):
        far = fields.Datetime.now() + timedelta(days=400)
        self.assert_finding("start_far", "warning", schedule_type="scheduled", schedule_date=far)
        near = fields.Datetime.now() + timedelta(days=300)
        near_findings = self.findings(schedule_type="scheduled", schedule_date=near)
        self.assertNotIn("start_far", near_findings)

    # ------------------------------------------------------------
    # Subject and preview text
    # ------------------------------------------------------------

    def test_an_empty_subject_is_an_error(self):
        self.assert_finding("subject_empty", "error", subject="  ")

    def test_a_long_subject_is_told_as_she_would_read_it(self):
        self.assert_finding("subject_long", "warning", subject="x" * 71)
        self.assertNotIn("subject_long", self.findings(subject="{{ object.name or 'y' * 80 }}"))

    def test_a_long_preview_text_and_none_are_told(self):
        self.assert_finding("preview_long", "warning", preview="x" * 141)
        self.assert_finding("preview_empty", "hint", preview=" ")

    # ------------------------------------------------------------
    # Codes and fields
    # ------------------------------------------------------------

    def test_an_empty_body_is_an_error(self):
        self.assert_finding("body_empty", "error", body="<p><br></p>")

    def test_a_letter_that_gmail_cuts_off_is_told(self):
        body = f"{self.good}<p>{'Ж' * 20 * 1024}</p>"
        self.assertNotIn("letter_long", self.findings(body))
        self.assert_finding("letter_long", "warning", body * 3, "102")

    def test_codes_that_are_none_are_errors(self):
        self.assert_finding("tracking_url_unknown", "error", "<p>{trackingUrl:999999}</p>")
        # where a letter is copied from another campaign, its user knows the link by its text
        link = '<p><a href="%7BtrackingUrl:999999%7D"><b>See</b> it</a></p>'
        words = "uses {trackingUrl:999999} (“See it”), but"
        self.assert_finding("tracking_url_unknown", "error", link, words)
        self.assert_finding("code_misspelt", "error", "<p>{optOut}</p>")
        self.assert_finding("code_in_subject", "error", subject="{optOutUrl}")

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_fields_that_cannot_be_filled_in_are_errors(self):
        self.assert_finding("field_unfilled", "error", "<p>Dear {{ object.name }}</p>")
        self.assert_finding("not_filled_in", "error", '<p>Dear <t t-out="object.nam"/></p>')

    def test_an_opt_out_link_in_an_informational_email_is_an_error(self):
        body = f"{TEXT}<p>{{optOutLink}}</p>"
        self.assert_finding("opt_out_unwanted", "error", body, campaign_id=self.informational.id)

    def test_a_missing_opt_out_link_is_told_where_none_is_appended(self):
        self.assertNotIn("opt_out_missing", self.findings())
        self.set_setting("opt_out_optional", True)
        self.assert_finding("opt_out_missing", "warning")
        self.assert_finding("opt_out_missing", "warning", f"{TEXT}<!-- {{optOutLink}} -->")
        self.assertNotIn("opt_out_missing", self.findings(f"{TEXT}<p>{{optOutLink}}</p>"))
        findings = self.findings(TEXT, campaign_id=self.informational.id)
        self.assertNotIn("opt_out_missing", findings)

    # ------------------------------------------------------------
    # Text, links and images
    # ------------------------------------------------------------

    def test_a_letter_without_text_is_told(self):
        image = '<a href="{optOutUrl}"><img src="https://cdn.example.com/a.png" alt="A"/></a>'
        self.assert_finding("no_text", "warning", image)

    def test_broken_links_are_errors(self):
        for link in (
            "http://",
            "https://exa mple.com",
            "https://example.com:port",
            "file:///tmp/offer.html",
            "http://[::1",
            "webcal://",
            "{offer}",
        ):
            with self.subTest(link):
                words = link.rstrip("/")
                self.assert_finding("link_broken", "error", self.link(link), words=words)

    def test_links_without_a_host_are_errors(self):
        for link in ("www.example.com", "shop/offer.html"):
            self.assert_finding("link_relative", "error", self.link(link), words=link)
        self.assertEqual(self.findings(self.link("/shop")), {}, "a page of our own server")

    def test_empty_links_are_told_by_their_text(self):
        for link in ('<a href="">our shop</a>', '<a href="#">our shop</a>', "<a>our shop</a>"):
            self.assert_finding("link_empty", "warning", TEXT + link, words="our shop")
        self.assert_finding("link_empty", "warning", self.link("mailto:"), words="mailto:")
        self.assertEqual(self.findings(TEXT + '<a id="top"/><a href="#top">up</a>'), {})

    def test_odoos_own_themes_have_no_errors(self):
        views = self.env["ir.ui.view"]
        themes = views.search([("key", "=like", "mass_mailing%.theme\\_%\\_template")])
        self.assertTrue(themes)
        for theme in themes:
            body = str(self.env["ir.qweb"]._render(theme.key, {"company_id": self.env.company}))
            findings = self.findings(body, body_editor="designer", body_html=body)
            errors = [each.words for each in findings.values() if each.severity == "error"]
            with self.subTest(theme.key):
                self.assertFalse(errors)

    def test_links_that_nobody_outside_can_reach_are_told(self):
        for host in ("localhost:8069", "127.0.0.1", "10.1.2.3", "odoo", "erp.local"):
            self.assert_finding("link_local", "warning", self.link(f"http://{host}/x"), words=host)

    def test_links_without_tracking_are_told(self):
        page = "https://www.example.com/page"
        self.assert_finding("link_untracked", "warning", self.link(page), words=page)
        for link in (
            *("mailto:us@example.com", "tel:+4912345", "{optOutUrl}"),
            *("webcal://example.com/fair.ics", "whatsapp://send?text=Hi", "ftp://example.com/a"),
        ):
            self.assertEqual(self.findings(self.link(link)), {})
        findings = self.findings(self.link(page), campaign_id=self.informational.id)
        self.assertEqual(findings, {})

    def test_of_many_links_a_few_are_named(self):
        body = "".join(self.link(f"https://www.example.com/{number}") for number in range(9))
        findings = self.assert_finding("link_untracked", "warning", body)
        self.assertIn("(+6)", findings["link_untracked"].words)

    def test_images_that_nobody_outside_can_see_are_told(self):
        self.assert_finding("image_relative", "error", self.image("pictures/a.png"))
        self.assert_finding("image_local", "warning", self.image("http://localhost/a.png"))
        for source in (
            "/web/image/1",
            "https://cdn.example.com/a.png",
            "data:image/png;base64,eA==",
        ):
            self.assertEqual(self.findings(self.image(source)), {})

    def test_images_without_a_description_are_told(self):
        image = f'{TEXT}<img src="https://cdn.example.com/roses.png"/>'
        self.assert_finding("image_without_alt", "warning", image, words="roses.png")
        self.assertEqual(self.findings(self.image("/web/image/1", alt="")), {})

    def link(self, address):
        return f'{TEXT}<p><a href="{address}">see</a></p>'

    def image(self, source, alt="Roses"):
        return f'{TEXT}<p><img src="{source}" alt="{alt}"/></p>'

    # ------------------------------------------------------------
    # Attachments and our own address
    # ------------------------------------------------------------

    def test_large_attachments_are_told_together(self):
        files = [(0, 0, {"name": f"{n}.pdf", "raw": b"x" * 2 * 1024**2}) for n in range(2)]
        self.assertNotIn("attachments_large", self.findings(attachment_ids=files[:1]))
        self.assert_finding("attachments_large", "warning", words="4.0", attachment_ids=files)

    def test_an_attachment_whose_file_is_lost_is_not_sent_empty(self):
        files = self.env["ir.attachment"].create({"name": "Flyer", "raw": b"Flowers"})
        # restored without its filestore, or another host has it
        self.patch(type(files), "_file_read", lambda _self, _name, size=None: b"")
        files.invalidate_recordset()
        self.assert_finding("attachment_lost", "error", words="Flyer", attachment_ids=files)
        mailing = self._mass_email(state="in_queue", attachment_ids=files)
        with self.smtp() as server:
            self.run_delivery()
        self.assertFalse(server.messages)
        self.assertIn("“Flyer” is not there", mailing.delivery_issue)
        self.assertEqual(mailing.waiting_count, len(self.target_list.contact_ids))

    def test_a_link_is_no_attachment(self):
        link = (0, 0, {"name": "Flyer", "type": "url", "url": "https://example.com/flyer"})
        self.assert_finding("attachment_no_file", "error", words="Flyer", attachment_ids=[link])

    def test_our_own_address_must_be_public_and_https(self):
        parameters = self.env["ir.config_parameter"]
        for url in ("http://localhost:8069", "http://192.168.1.5", "https://odoo.lan"):
            parameters.set_param("web.base.url", url)
            self.assert_finding("host_local", "warning", words=url)
        parameters.set_param("web.base.url", "http://news.example.com")
        self.assert_finding("host_not_https", "warning")
        self.set_setting("public_url", "https://news.example.com")
        self.assertEqual(self.findings(), {})
