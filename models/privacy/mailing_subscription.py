from odoo import models


class MailingSubscription(models.Model):
    """Members by the names that they gave themselves."""

    _name = "mailing.subscription"
    _inherit = ["mailing.subscription", "mailing.safe.export.mixin"]
