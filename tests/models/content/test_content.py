import re

from lxml import html

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from ...common import ALL_CAMPAIGNS, MassEmailCase

FORM = "mass_mailing_campaign.mailing_mailing_view_form_mass_email"


class TestTemplate(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.summer = cls.template("Summer", "summer.txt")
        cls.winter = cls.template("Winter", "winter.txt")

    @classmethod
    def template(cls, name, *files):
        return cls.env["mail.template"].create(
            {
                "name": name,
                "model_id": cls.env["ir.model"]._get_id("mailing.contact"),
                "subject": name,
                "body_html": f"<p>{name}</p>",
                "attachment_ids": [(0, 0, {"name": file, "raw": b"x"}) for file in files],
            }
        )

    def mass_email(self, **values):
        return self._mass_email(mail_template_id=self.summer.id, **values)

    def files(self, mailing):
        return sorted(mailing.attachment_ids.mapped("name"))

    def add_file(self, mailing, name):
        mailing.write({"attachment_ids": [(0, 0, {"name": name, "raw": b"x"})]})

    def test_changing_the_template_replaces_its_attachments_and_keeps_the_users(self):
        mailing = self.mass_email().with_user(self.marketer)
        self.add_file(mailing, "own.txt")
        mailing.mail_template_id = self.winter
        self.assertEqual(self.files(mailing), ["own.txt", "winter.txt"])

    def test_an_own_file_stays_beside_the_templates_in_a_new_mass_email(self):
        own = self.env["ir.attachment"].create({"name": "own.txt", "raw": b"x"})
        mailing = self.mass_email(attachment_ids=[(4, own.id)])
        self.assertEqual(self.files(mailing), ["own.txt", "summer.txt"])

    def test_writing_the_same_template_again_changes_nothing(self):
        mailing = self.mass_email()
        mailing.attachment_ids = False
        mailing.mail_template_id = self.summer
        self.assertFalse(mailing.attachment_ids)

    def test_taking_the_template_away_leaves_what_was_copied(self):
        mailing = self.mass_email()
        mailing.mail_template_id = False
        self.assertEqual(self.files(mailing), ["summer.txt"])

    def test_a_duplicate_has_the_same_attachments_once(self):
        mailing = self.mass_email()
        self.add_file(mailing, "own.txt")
        duplicate = mailing.with_user(self.marketer).copy()
        self.assertEqual(self.files(duplicate), ["own.txt", "summer.txt"])
        self.assertEqual(duplicate.mail_template_id, self.summer)
        duplicate.mail_template_id = self.winter
        self.assertEqual(self.files(duplicate), ["own.txt", "winter.txt"])
        self.assertEqual(self.files(mailing), ["own.txt", "summer.txt"])

    def test_a_duplicate_and_its_original_outlive_each_other(self):
        for deleted in (0, 1):
            pair = self.mass_email()
            pair += pair.copy()
            pair[deleted].unlink()
            self.assertEqual(self.files(pair[1 - deleted]), ["summer.txt"])


class TestWhatIsWrong(MassEmailCase):
    """Setting a mass email Pending says what is wrong in it, and changes nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._contact("Anna", cls.target_list)

    def assert_refused(self, words, body=None, **values):
        mailing = self._mass_email(body, **values)
        with self.assertRaisesRegex(UserError, words) as refused:
            mailing.action_set_pending()
        self.assertEqual(mailing.state, "draft")
        self.assertNotIn("Traceback", str(refused.exception))

    def assert_accepted(self, body=None, **values):
        mailing = self._mass_email(body, **values)
        mailing.action_set_pending()
        self.assertEqual(mailing.state, "in_queue")

    def test_a_misspelt_placeholder_is_refused_wherever_it_stands(self):
        for wrong in (
            "{trackingURL}",
            f"{{trackingUrl:{self.offer.id} }}",
            "{trackingUrl:x}",
            "{optOut}",
        ):
            with self.subTest(wrong=wrong):
                words = re.escape(wrong)
                self.assert_refused(words, f'<p><a href="{wrong}">x</a></p>')
                self.assert_refused(words, f"<p>{wrong}</p>")
                self.assert_refused(words, preview=f"News {wrong}")
                self.assert_refused(words, subject=f"News {wrong}")

    def test_an_unknown_tracking_url_is_refused_in_the_preview_too(self):
        self.assert_refused(r"\{trackingUrl:999999\}", preview="See {trackingUrl:999999}")

    def test_a_placeholder_has_no_place_in_the_subject(self):
        for placeholder in (self.offer.placeholder, "{optOutUrl}", "{optOutLink}"):
            self.assert_refused("subject", subject=f"News {placeholder}")

    def test_a_subjects_expression_is_refused_in_the_body_where_nobody_fills_it_in(self):
        self.assert_refused(r"\{\{ object.name \}\}", "<p>Dear {{ object.name }}</p>")
        self.assert_refused(r"\{\{object.id\}\}", '<a href="/x/{{object.id}}">x</a>')
        self.assert_accepted('<a t-attf-href="https://example.com/{{ object.id }}">x</a>')
        self.assert_accepted(
            subject="For {{ object.name }}",
            preview="For {{ object.name or 'you' }}",
        )

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_an_expression_that_fails_for_a_recipient_is_refused(self):
        words = "cannot be filled in: .*object.nam.* There is no field “nam”"
        self.assert_refused(words, subject="Dear {{ object.nam }}")
        self.assert_refused(words, preview="Dear {{ object.nam }}")
        self.assert_refused(words, '<p>Dear <t t-out="object.nam"/></p>')
        self.assert_refused("cannot be filled in", '<p t-if="object.">Dear</p>')
        self.assert_refused("cannot be filled in", '<p t-foreach="object.name">Dear</p>')

    def test_a_letter_may_show_what_only_the_cron_may_read(self):
        lead = self.env["crm.lead"].create({"name": "Roses", "email_from": "r@example.com"})
        target_list = self._list("Leads", self.env["mailing.contact"]._for_records(lead))
        clerk = new_test_user(
            self.env,
            login="clerk",
            groups=f"base.group_user,{ALL_CAMPAIGNS},mail.group_mail_template_editor",
        )
        with self.assertRaises(AccessError):
            lead.with_user(clerk).check_access("read")
        body = '<p>Your <t t-out="object.lead_id.priority"/></p>'
        mailing = self._mass_email(body, contact_list_ids=[(6, 0, target_list.ids)])
        mailing.with_user(clerk).action_set_pending()
        self.assertEqual(mailing.state, "in_queue")

    def test_who_may_not_write_an_expression_may_do_all_else_with_a_letter_that_has_it(self):
        body = '<p t-if="object.company_name">Dear colleague</p>'
        mailing = self._mass_email(body).with_user(self.marketer)
        mailing.name = "Renamed"
        mailing.action_set_pending()
        mailing.action_pause()
        self.assertTrue(mailing.is_paused)
        mailing.action_resume()
        mailing.action_archive()
        with self.assertRaises(AccessError):
            mailing.body_arch = body + "<p>Yours</p>"
        with self.assertRaises(AccessError):
            mailing.subject = "{{ object.company_name }}"
        with self.assertRaisesRegex(AccessError, "“object.nam” is not a field"):
            mailing.preview = "Dear {{ object.nam }}"
        with self.assertRaisesRegex(AccessError, "“object.nam” is not a field"):
            mailing.body_arch = '<p>Dear <t t-out="object.nam"/></p>'
        forged = self.env["mailing.mailing"].with_user(self.marketer)
        forged = forged.with_context(untouched_letters=list(range(10**6)))
        with self.assertRaises(AccessError):
            forged.create({"subject": "{{ object.email }}"})

    def test_a_letter_to_lists_without_members_is_not_tried_on_anybody(self):
        nobody = [(6, 0, self._list("Empty").ids)]
        findings = self._mass_email(contact_list_ids=nobody)._letter_findings()
        self.assertFalse([finding for finding in findings if finding.severity == "error"])
        self.assert_refused("no members", contact_list_ids=nobody)

    def test_an_informational_email_refuses_the_opt_out_link_of_a_footer(self):
        self.campaign.campaign_type = "informational"
        footer = '<p>News</p><a href="/unsubscribe_from_list">Unsubscribe</a>'
        self.assert_refused("informational", footer)
        self.assert_refused("informational", preview="Leave by {optOutLink}")
        with self.assertRaisesRegex(UserError, "informational"):
            self._mass_email(footer)._letter()


class TestEditors(MassEmailCase):
    """The simple editor's body is sent as it is, the designer's as it inlined it."""

    ARCH = '<div class="o_layout o_default_theme"><p class="lead">Dear friend</p></div>'
    INLINED = '<div style="margin:0"><p style="font-size:20px">Dear friend</p></div>'

    def test_what_the_designer_inlined_is_what_is_sent(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email("<p>first</p>", body_editor="designer")
        mailing.write({"body_arch": self.ARCH, "body_html": self.INLINED})
        with self.smtp() as server:
            self.send(mailing, server)
        [page] = [
            part.get_content()
            for part in server.messages[0].walk()
            if part.get_content_type() == "text/html"
        ]
        self.assertIn('<p style="font-size:20px">Dear friend</p>', page)
        self.assertNotIn("o_default_theme", page)

    def test_a_new_mass_email_of_the_designer_is_sent_as_inlined(self):
        mailing = self._mass_email(self.ARCH, body_html=self.INLINED, body_editor="designer")
        self.assertIn("font-size:20px", mailing.body_html)
        self.assertIn("o_default_theme", mailing.body_arch)

    def test_a_change_of_what_is_edited_alone_keeps_what_the_designer_inlined(self):
        mailing = self._mass_email(self.ARCH, body_html=self.INLINED, body_editor="designer")
        mailing.body_arch = self.ARCH.replace("lead", "small")
        self.assertIn("font-size:20px", mailing.body_html)

    def test_the_simple_editor_sends_what_is_written_whatever_was_inlined_before(self):
        mailing = self._mass_email(self.ARCH, body_html=self.INLINED, body_editor="designer")
        mailing.write({"body_editor": "simple", "body_arch": "<p>New</p>"})
        self.assertEqual(mailing.body_html, "<p>New</p>")

    def test_the_simple_editor_goes_on_with_what_the_designer_inlined(self):
        mailing = self._mass_email(self.ARCH, body_html=self.INLINED, body_editor="designer")
        with Form(mailing.with_user(self.marketer), FORM) as form:
            form.body_editor = "simple"
        self.assertIn("font-size:20px", mailing.body_arch)
        self.assertEqual(mailing.body_arch, mailing.body_html)

    def test_a_template_chosen_for_the_designer_is_what_would_be_sent(self):
        template = self.env["mail.template"].create(
            {
                "name": "Winter",
                "model_id": self.env["ir.model"]._get_id("mailing.contact"),
                "subject": "Winter",
                "body_html": "<p>It is winter</p>",
            }
        )
        mailing = self._mass_email(self.ARCH, body_html=self.INLINED, body_editor="designer")
        with Form(mailing.with_user(self.marketer), FORM) as form:
            form.mail_template_id = template
        self.assertEqual(mailing.body_html, "<p>It is winter</p>")
        self.assert_takes_blocks_beside("<p>It is winter</p>", mailing)

    def test_the_designer_takes_blocks_beside_what_the_simple_editor_wrote(self):
        mailing = self._mass_email("<p>Dear friend</p>")
        with Form(mailing.with_user(self.marketer), FORM) as form:
            form.body_editor = "designer"
        self.assert_takes_blocks_beside("<p>Dear friend</p>", mailing)
        self.assertEqual(mailing.body_html, "<p>Dear friend</p>")
        with Form(mailing.with_user(self.marketer), FORM) as form:
            form.body_editor = "simple"
        self.assertEqual(mailing.body_arch, "<p>Dear friend</p>")

    def assert_takes_blocks_beside(self, body, mailing):
        [place] = html.fromstring(mailing.body_arch).find_class("o_mail_wrapper_td")
        self.assertIn("oe_structure", place.get("class").split())
        self.assertIn(body, html.tostring(place, encoding="unicode"))
