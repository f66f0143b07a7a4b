from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    mass_email_portion_size = fields.Integer(
        "Hourly Portion",
        config_parameter="mass_mailing_campaign.portion_size",
        default=1000,
        help="The most e-mails that mass emails send in any 60 minutes, tests included.",
    )
    mass_email_smtp_sessions = fields.Integer(
        "SMTP Sessions",
        config_parameter="mass_mailing_campaign.smtp_sessions",
        default=10,
        help="How many SMTP sessions mass emails use at the same time, at most.",
    )
    mass_email_open_tracking = fields.Boolean(
        "Open Tracking",
        config_parameter="mass_mailing_campaign.open_tracking",
        help="Add an invisible image to mass emails that tells when they are opened.",
    )
    mass_email_opt_out_optional = fields.Boolean(
        "Disable Mandatory Opt-Out Link",
        config_parameter="mass_mailing_campaign.opt_out_optional",
        help="Do not append an opt-out link to mass emails that have none.",
    )

    @api.constrains("mass_email_portion_size", "mass_email_smtp_sessions")
    def _check_portion_size(self):
        for settings in self:
            if settings.mass_email_smtp_sessions < 1:
                raise ValidationError(self.env._("Sending takes at least one SMTP session."))
            if settings.mass_email_portion_size < 1:
                raise ValidationError(self.env._("The hourly portion is at least one e-mail."))
