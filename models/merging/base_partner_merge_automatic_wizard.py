from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Merging partners merges the targets that stand for them."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        self.env["mailing.contact"]._merge_records(src_partners, dst_partner)
        return super()._update_foreign_keys(src_partners, dst_partner)
