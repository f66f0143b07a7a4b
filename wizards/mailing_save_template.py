from odoo import api, fields, models
from odoo.fields import Command


class MailingSaveTemplate(models.TransientModel):
    """Keep the letter of a mass email as an email template, a new one or one there is."""

    _name = "mailing.save.template"
    _description = "Save as Template"

    mailing_id = fields.Many2one("mailing.mailing", "Mass Email", required=True, readonly=True)
    template_id = fields.Many2one(
        "mail.template",
        "Replace",
        domain=[("model", "=", "mailing.contact")],
        help="Its subject, body and attachments are replaced. Mass emails made of it stay as they "
        "are.",
    )
    name = fields.Char(required=True, compute="_compute_name", store=True, readonly=False)

    @api.depends("template_id", "mailing_id")
    def _compute_name(self):
        for wizard in self:
            template, campaign = wizard.template_id, wizard.mailing_id.campaign_id
            wizard.name = template.name or wizard.name or campaign.title

    def action_save(self):
        """Make or update the template, and tell where it is."""
        self.ensure_one()
        mailing = self.mailing_id
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
