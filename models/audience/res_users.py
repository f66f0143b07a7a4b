from odoo import models


class ResUsers(models.Model):
    """A source of targets."""

    _name = "res.users"
    _inherit = ["res.users", "mailing.target.mixin"]

    _target_field = "user_id"
    _target_types = {"user": []}
    _target_company_fields = ("commercial_company_name",)
    _target_selection_view = "mass_mailing_campaign.res_users_view_list_selection"
