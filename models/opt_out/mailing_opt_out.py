from odoo import fields, models


class MailingOptOut(models.Model):
    """Why somebody left a list: as she says herself, or as a user noted at her subscription."""

    _inherit = "mailing.opt.out"

    reason_id = fields.Many2one("mailing.subscription.optout", readonly=True, ondelete="restrict")
    feedback = fields.Text("In Her Own Words", readonly=True)
