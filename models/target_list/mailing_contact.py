from odoo import models


class MailingContact(models.Model):
    """A target behind a row of a target list's form."""

    _inherit = "mailing.contact"

    def _open_record(self):
        """Return the action that opens what this target stands for.

        It is the target itself for a plain address, and where the user may not read the record.
        """
        record = self._source()
        if not record or not record.has_access("read"):
            record = self
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }
