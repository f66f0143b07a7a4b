from odoo import api, models


class MailingJournalRun(models.Model):
    """What runs had claimed when their database was copied: they went on without the copy."""

    _inherit = "mailing.journal.run"

    @api.model
    def _forget_all(self):
        """Have all that was claimed, and not acknowledged by then, be in doubt.

        Rows claimed by a run that is not in the journal are, see ``_end_dead``.
        """
        self.env.cr.execute("DELETE FROM mailing_journal_run")
