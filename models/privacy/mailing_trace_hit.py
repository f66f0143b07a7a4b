from odoo import api, models


class MailingTraceHit(models.Model):
    """Single hits go after some time: no figure comes from them."""

    _name = "mailing.trace.hit"
    _inherit = ["mailing.trace.hit", "mailing.safe.export.mixin"]

    @api.autovacuum
    def _gc_hits(self):
        """Purge old hits, with IP address and mail program."""
        return self.env["ir.config_parameter"]._purge(
            """
            DELETE FROM mailing_trace_hit WHERE id IN (
                SELECT id FROM mailing_trace_hit
                 WHERE hit_datetime < %s ORDER BY hit_datetime LIMIT %s)
            """
        )
