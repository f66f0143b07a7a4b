from odoo import api, models


class ResPartner(models.Model):
    """Deleting a partner deletes the target that stands for it."""

    _inherit = "res.partner"

    @api.ondelete(at_uninstall=False)
    def _unlink_target(self):
        self.env["mailing.contact"]._unlink_for(self)
