from odoo import models


class MailingListMerge(models.TransientModel):
    """Odoo merges lists and closes; a marketer wants to see what became of them."""

    _inherit = "mailing.list.merge"

    def action_merge_and_open(self):
        merged = self.action_mailing_lists_merge()
        return {
            "type": "ir.actions.act_window",
            "res_model": merged._name,
            "res_id": merged.id,
            "views": [(False, "form")],
        }
