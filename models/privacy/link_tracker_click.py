from odoo import api, models


class LinkTrackerClick(models.Model):
    """Clicks on tracking URLs by Odoo's own route: they count, whoever it was."""

    _inherit = "link.tracker.click"

    @api.autovacuum
    def _gc_ip_addresses(self):
        """Purge the IP addresses of old clicks on tracking URLs."""
        return self.env["ir.config_parameter"]._purge(
            """
            UPDATE link_tracker_click SET ip = NULL WHERE id IN (
                SELECT click.id
                  FROM link_tracker_click click
                  JOIN link_tracker link ON link.id = click.link_id AND link.is_tracking_url
                 WHERE click.create_date < %s AND click.ip IS NOT NULL
                 LIMIT %s)
            """
        )
