from odoo.exceptions import AccessError
from odoo.tests import Form

from ..common import MassEmailCase


class TestSaveTemplate(MassEmailCase):
    """A letter is kept as an email template, and other mass emails begin with it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailing = cls._mass_email("<p>Dear friend</p>", subject="News for {{ object.name }}")
        cls.mailing.attachment_ids = [(0, 0, {"name": "plan.txt", "raw": b"x"})]

    def save(self, **values):
        wizards = self.env["mailing.save.template"].with_user(self.marketer)
        action = self.mailing.with_user(self.marketer).action_save_as_template()
        form = Form(wizards.with_context(**action["context"]))
        for name, value in values.items():
            form[name] = value
        return form.save().action_save()

    def template(self, name):
        return self.env["mail.template"].search([("name", "=", name)])

    def test_it_becomes_a_template_of_mass_emails_with_its_attachments(self):
        action = self.save(name="Monthly")
        template = self.template("Monthly")
        self.assertEqual(template.model, "mailing.contact")
        self.assertEqual(template.subject, "News for {{ object.name }}")
        self.assertEqual(template.body_html, "<p>Dear friend</p>")
        self.assertEqual(template.attachment_ids.mapped("name"), ["plan.txt"])
        self.assertNotEqual(template.attachment_ids, self.mailing.attachment_ids)
        [link] = action["params"]["links"]
        self.assertEqual(link["label"], "Monthly")
        self.assertIn(str(template.id), link["url"])

    def test_a_mass_email_made_of_it_is_the_same_letter(self):
        self.save(name="Monthly")
        again = self.env["mailing.mailing"].create(
            {
                "delivery_mode": "portions",
                "campaign_id": self.campaign.id,
                "mail_template_id": self.template("Monthly").id,
            }
        )
        self.assertEqual(again.subject, self.mailing.subject)
        self.assertEqual(again.body_html, self.mailing.body_html)
        self.assertEqual(again.attachment_ids.mapped("name"), ["plan.txt"])

    def test_a_template_there_is_gets_the_letter_of_now(self):
        self.save(name="Monthly")
        template = self.template("Monthly")
        self.mailing.write({"body_arch": "<p>Hello</p>", "attachment_ids": [(5,)]})
        self.save(template_id=template)
        self.assertEqual(self.template("Monthly"), template)
        self.assertEqual(template.body_html, "<p>Hello</p>")
        self.assertFalse(template.attachment_ids)

    def test_who_is_no_template_editor_keeps_plain_letters_and_replaces_templates_of_her_own(self):
        employees = self.env.ref("base.group_user")
        employees.implied_ids -= self.env.ref("mail.group_mail_template_editor")
        self.mailing.body_arch = '<p>Dear <t t-out="object.name">friend</t></p>'
        of_others = self.env["mail.template"].create(
            {"name": "Others", "model_id": self.env["ir.model"]._get_id("mailing.contact")}
        )
        self.save(name="Monthly")
        wizards = self.env["mailing.save.template"].with_user(self.marketer)
        offered = self.env["mail.template"].search(wizards._replaceable())
        self.assertIn(self.template("Monthly"), offered)
        self.assertNotIn(of_others, offered)
        self.mailing.body_arch = '<p><t t-if="object.name">Hello</t></p>'
        with self.assertRaisesRegex(AccessError, "may keep it as a template"):
            self.save(template_id=self.template("Monthly"))

    def test_what_the_designer_made_is_kept_as_it_is_sent(self):
        self.mailing.write(
            {
                "body_editor": "designer",
                "body_arch": '<p class="o_x">Hello</p>',
                "body_html": '<p style="margin:0">Hello</p>',
            }
        )
        self.save(name="Designed")
        self.assertEqual(self.template("Designed").body_html, '<p style="margin:0">Hello</p>')
