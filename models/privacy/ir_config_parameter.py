from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

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

    @api.model
    def _purge(self, statement):
        """Purge old traces of people by raw SQL, so many at once.

        :param str statement: with places for the moment before which, and for how many
        :return: how many, and whether there may be more, as ``api.autovacuum`` has it
        """
        before = self._kept_since()
        if not before:
            return 0, 0
        self.env.flush_all()
        self.env.cr.execute(SQL(statement, before, PURGED_AT_ONCE))
        count = self.env.cr.rowcount
        self.env.invalidate_all(flush=False)
        return count, int(count == PURGED_AT_ONCE)

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
