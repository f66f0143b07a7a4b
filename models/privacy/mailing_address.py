from odoo import models


class MailingAddress(models.Model):
    """What mail servers say of addresses."""

    _name = "mailing.address"
    _inherit = ["mailing.address", "mailing.safe.export.mixin"]
