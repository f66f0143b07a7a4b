from odoo import fields, models


class MailingOptOut(models.Model):
    """Why somebody left a list, as she says herself."""

    _inherit = "mailing.opt.out"

    reason_id = fields.Many2one("mailing.subscription.optout", readonly=True, ondelete="restrict")
    feedback = fields.Text("In Her Own Words", readonly=True)
