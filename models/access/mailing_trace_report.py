from odoo import fields, models

OWN_ITEMS = ["mailing.delivery_mode", "mailing.campaign_id", "mailing.user_id"]


class MailingTraceReport(models.Model):
    """Odoo's analysis of mailings, with what access hangs on."""

    _inherit = "mailing.trace.report"

    delivery_mode = fields.Char(readonly=True)
    campaign_id = fields.Many2one("utm.campaign", readonly=True)
    user_id = fields.Many2one("res.users", "Responsible", readonly=True)

    def _report_get_request_select_items(self):
        return super()._report_get_request_select_items() + OWN_ITEMS

    def _report_get_request_group_by_items(self):
        return super()._report_get_request_group_by_items() + OWN_ITEMS
