from odoo import api, models


class CrmLead(models.Model):
    """Merging leads merges the targets that stand for them; deleting one deletes its target."""

    _inherit = "crm.lead"

    def _merge_dependences(self, opportunities):
        self.env["mailing.contact"]._merge_records(opportunities, self)
        return super()._merge_dependences(opportunities)

    @api.ondelete(at_uninstall=False)
    def _unlink_target(self):
        self.env["mailing.contact"]._unlink_for(self)
