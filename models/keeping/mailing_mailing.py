from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class MailingMailing(models.Model):
    """Mass emails that others come after."""

    _inherit = "mailing.mailing"

    def _repeated(self):
        """Return what this mass email repeats, what that repeats, and so on."""
        repeated = following = self.sudo().with_context(active_test=False).repeated_id
        while following := following.repeated_id - repeated:
            repeated |= following
        return repeated

    def _repeated_lists(self):
        """Return the target lists of those, and what these were merged into."""
        lists = self._repeated().contact_list_ids
        return lists | lists.heir_id

    @api.ondelete(at_uninstall=False)
    def _unlink_except_repeated(self):
        """Who opts out by a mass email must not get another because the first is deleted."""
        repeating = Domain("repeated_id", "!=", False) & Domain("state", "!=", "done")
        others = self.sudo().with_context(active_test=False).search(repeating) - self
        if another := others.filtered(lambda each: each._repeated() & self)[:1]:
            raise UserError(
                self.env._(
                    "“%s” repeats this mass email and is still to be sent, but not to who opts out "
                    "here. Delete that one first, or archive this one.",
                    another.display_name,
                )
            )
