from odoo import api, models


class CrmLead(models.Model):
    """Leads from a campaign are told in its log."""

    _inherit = "crm.lead"

    @api.model_create_multi
    def create(self, vals_list):
        leads = super().create(vals_list)
        self.env["mailing.trace.event"]._log_leads(leads)
        return leads
