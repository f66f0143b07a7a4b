from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from .mailing_erased_address import KEY

# So many rows are purged by a statement; Odoo commits after each, and calls again for more.
PURGED_AT_ONCE = 10_000


class IrConfigParameter(models.Model):
    """How long traces of people are kept, and the key to who was erased."""

    _inherit = "ir.config_parameter"

    @api.model
    def _kept_since(self):
        """Return the moment before which traces of people are purged; None to keep them all."""
        months = self._mass_email_setting("retention_months")
        return fields.Datetime.now() - relativedelta(months=months) if months else None

    @api.ondelete(at_uninstall=False)
    def _unlink_except_key_of_erased_addresses(self):
        if KEY in self.mapped("key") and self.env["mailing.erased.address"].sudo().search_count(
            [], limit=1
        ):
            raise UserError(
                self.env._(
                    "Without “%s” nobody can tell which addresses were erased, and they would be "
                    "mailed again.",
                    KEY,
                )
            )
