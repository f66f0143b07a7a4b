from odoo import fields, models


class IrMailServer(models.Model):
    """What mass emails may ask of a mail server."""

    _inherit = "ir.mail_server"

    mass_email_portion_size = fields.Integer(
        "Mass Emails per Hour",
        help="The most e-mails that mass emails send through this server in any 60 minutes. "
        "0: only the hourly portion of the settings counts.",
    )
    mass_email_session_count = fields.Integer(
        "Mass Email Sessions",
        help="How many SMTP sessions mass emails use at the same time, at most. "
        "0: as many as the settings say.",
    )

    _mass_email_limits = models.Constraint(
        "CHECK (mass_email_portion_size >= 0 AND mass_email_session_count >= 0)",
        "The limits for mass emails cannot be negative.",
    )
