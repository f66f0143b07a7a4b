from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Command, Domain


class MailingSaveTemplate(models.TransientModel):
    """Keep the letter of a mass email as an email template, a new one or one there is."""

    _name = "mailing.save.template"
    _description = "Save as Template"

    mailing_id = fields.Many2one("mailing.mailing", "Mass Email", required=True, readonly=True)
    template_id = fields.Many2one(
        "mail.template",
        "Replace",
        domain=lambda self: self._replaceable(),
        help="Its subject, body and attachments are replaced. Mass emails made of it stay as they "
        "are.",
    )
    name = fields.Char(required=True, compute="_compute_name", store=True, readonly=False)

    @api.model
    def _replaceable(self):
        """Domain of the templates that this user may change: not everybody those of others."""
        may_be = self.env["ir.rule"]._compute_domain("mail.template", "write")
        return list(Domain("model", "=", "mailing.contact") & may_be)

    @api.depends("template_id", "mailing_id")
    def _compute_name(self):
        for wizard in self:
            template, campaign = wizard.template_id, wizard.mailing_id.campaign_id
            wizard.name = template.name or wizard.name or campaign.title

    def _check_may_keep_expressions(self):
        editors = "mail.group_mail_template_editor"
        if not self.env.user.has_group(editors) and self.mailing_id._has_unsafe_expression():
            raise AccessError(
                self.env._(
                    "This letter has conditions or other expressions. Only members of the group "
                    "“%s” may keep it as a template.",
                    self.env.ref(editors).sudo().name,
                )
            )

    def action_save(self):
        """Make or update the template, and tell where it is."""
        self.ensure_one()
        mailing = self.mailing_id
        mailing.check_access("read")  # what is read for the user as superuser stands in the cache
        self._check_may_keep_expressions()
        values = {
            "name": self.name,
            "model_id": self.env["ir.model"]._get_id("mailing.contact"),
            "subject": mailing.subject,
            # as it is sent: every editor can open it
            "body_html": mailing.body_html,
        }
        template = self.template_id
        if template:
            replaced = template.attachment_ids
            template.write(values)
            replaced.unlink()
        else:
            template = template.create(values)
        files = mailing.attachment_ids.copy({"res_model": template._name, "res_id": template.id})
        template.attachment_ids = [Command.set(files.ids)]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("Saved"),
                "message": self.env._("Choose it as Email Template of any mass email: %s"),
                "links": [{"label": template.name, "url": f"/odoo/mail.template/{template.id}"}],
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
