from odoo import api, models
from odoo.tools import SQL

from .ir_config_parameter import PURGED_AT_ONCE


class LinkTrackerClick(models.Model):
    """Clicks on tracking URLs by Odoo's own route: they count, whoever it was."""

    _inherit = "link.tracker.click"

    @api.autovacuum
    def _gc_ip_addresses(self):
        """Purge the IP addresses of old clicks on tracking URLs. Raw SQL: so many at once."""
        before = self.env["ir.config_parameter"]._kept_since()
        if not before:
            return 0, 0
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE link_tracker_click SET ip = NULL WHERE id IN (
                    SELECT click.id
                      FROM link_tracker_click click
                      JOIN link_tracker link ON link.id = click.link_id AND link.is_tracking_url
                     WHERE click.create_date < %s AND click.ip IS NOT NULL
                     LIMIT %s)
                """,
                before,
                PURGED_AT_ONCE,
            )
        )
        self.invalidate_model(["ip"])
        return self.env.cr.rowcount, int(self.env.cr.rowcount == PURGED_AT_ONCE)
