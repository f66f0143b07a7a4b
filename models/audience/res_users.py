from odoo import api, models


class ResUsers(models.Model):
    """Deleting a user deletes the target that stands for it."""

    _inherit = "res.users"

    @api.ondelete(at_uninstall=False)
    def _unlink_target(self):
        self.env["mailing.contact"]._unlink_for(self)
