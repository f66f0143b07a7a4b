from odoo import models


class ResPartner(models.Model):
    """A source of targets: accounts are companies, contacts are people."""

    _name = "res.partner"
    _inherit = ["res.partner", "mailing.target.mixin"]

    _target_field = "partner_id"
    _target_types = {"account": [("is_company", "=", True)], "contact": []}
    _target_company_fields = ("commercial_company_name",)
    _target_selection_view = "mass_mailing_campaign.res_partner_view_list_selection"
