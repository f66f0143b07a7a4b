from odoo import api, models
from odoo.tools import ormcache


class LinkTrackerCode(models.Model):
    """The code in a delivered link, and where it leads."""

    _inherit = "link.tracker.code"

    @api.model
    @ormcache("code")
    def _destination(self, code):
        """Return id and address of the tracking URL with a code; no address to show its message.

        It is asked for with every click. Whatever changes the answer empties the caches, see the
        models of this room; a changed system parameter does so by itself.

        :raise LookupError: there is none, so that junk fills no cache
        """
        # PostgreSQL knows no NUL
        link = "\0" not in code and self.sudo().search([("code", "=", code)]).link_id
        if not link:
            raise LookupError(code)
        return link.id, None if link.click_action == "message" else link.redirected_url

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
