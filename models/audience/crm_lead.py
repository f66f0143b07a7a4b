from odoo import models


class CrmLead(models.Model):
    """A source of targets. Merging leads merges the targets that stand for them."""

    _name = "crm.lead"
    _inherit = ["crm.lead", "mailing.target.mixin"]

    _target_field = "lead_id"
    _target_types = {"lead": []}
    _target_name_fields = ("contact_name", "partner_name", "name")
    _target_email_fields = ("email_from",)
    _target_company_fields = ("partner_name",)

    def _merge_dependences(self, opportunities):
        self.env["mailing.contact"]._merge_records(opportunities, self)
        return super()._merge_dependences(opportunities)
