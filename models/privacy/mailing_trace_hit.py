from odoo import api, models
from odoo.tools import SQL

from .ir_config_parameter import PURGED_AT_ONCE


class MailingTraceHit(models.Model):
    """Single hits go after some time: no figure comes from them."""

    _name = "mailing.trace.hit"
    _inherit = ["mailing.trace.hit", "mailing.safe.export.mixin"]

    @api.autovacuum
    def _gc_hits(self):
        """Purge old hits, with IP address and mail program. Raw SQL: so many at once."""
        before = self.env["ir.config_parameter"]._kept_since()
        if not before:
            return 0, 0
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM mailing_trace_hit WHERE id IN (
                    SELECT id FROM mailing_trace_hit
                     WHERE hit_datetime < %s ORDER BY hit_datetime LIMIT %s)
                """,
                before,
                PURGED_AT_ONCE,
            )
        )
        self.invalidate_model()
        return self.env.cr.rowcount, int(self.env.cr.rowcount == PURGED_AT_ONCE)
