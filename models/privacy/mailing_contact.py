from odoo import models


class MailingContact(models.Model):
    """Names that people gave themselves."""

    _name = "mailing.contact"
    _inherit = ["mailing.contact", "mailing.safe.export.mixin"]
