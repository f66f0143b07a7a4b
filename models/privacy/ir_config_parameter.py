from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

# So many rows are purged by a statement; Odoo commits after each, and calls again for more.
PURGED_AT_ONCE = 10_000


class IrConfigParameter(models.Model):
    """How long traces of people are kept."""

    _inherit = "ir.config_parameter"

    @api.model
    def _kept_since(self):
        """Return the moment before which traces of people are purged; None to keep them all."""
        months = self._mass_email_setting("retention_months")
        return fields.Datetime.now() - relativedelta(months=months) if months else None
