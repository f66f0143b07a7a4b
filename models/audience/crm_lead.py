from odoo import models


class CrmLead(models.Model):
    """A source of targets."""

    _name = "crm.lead"
    _inherit = ["crm.lead", "mailing.target.mixin"]

    _target_field = "lead_id"
    _target_types = {"lead": []}
    _target_name_fields = ("contact_name", "partner_name", "name")
    _target_email_fields = ("email_from",)
    _target_company_fields = ("partner_name",)
    _target_selection_view = "mass_mailing_campaign.crm_lead_view_list_selection"
