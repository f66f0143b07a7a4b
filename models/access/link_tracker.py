from odoo import models


class LinkTracker(models.Model):
    """Nobody puts a tracking URL into a campaign of others, neither a new one nor one there is."""

    _inherit = "link.tracker"

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(("campaign_id", "is_tracking_url")):
            self.check_access("write")
        return result
