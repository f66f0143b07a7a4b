from odoo import models


class CrmLead(models.Model):
    """Merging leads merges the targets that stand for them."""

    _inherit = "crm.lead"

    def _merge_dependences(self, opportunities):
        self.env["mailing.contact"]._merge_records(opportunities, self)
        return super()._merge_dependences(opportunities)
