# Claims take turns across transactions, see _claiming.
# pylint: disable=invalid-commit
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.tools import SQL

from ..delivery.portion import Portion

# Advisory lock that claims take turns on; any number nobody else uses.
CLAIM_LOCK = 0x6D6D63


class MailingMailing(models.Model):
    """The hourly portion: how much all mass emails together may send right now."""

    _inherit = "mailing.mailing"

    @api.model
    def _portion(self):
        parameters = self.env["ir.config_parameter"].sudo()
        return Portion(int(parameters.get_param("mass_mailing_campaign.portion_size", 1000)))

    @api.model
    def _portion_left(self):
        """Return how many messages may still be claimed now.

        Raw SQL: called once per chunk, answered from one partial index.
        """
        self.env["mailing.trace"].flush_model(["portion_datetime"])
        portion = self._portion()
        [(used,)] = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM mailing_trace WHERE portion_datetime > %s",
                portion.window_start(fields.Datetime.now()),
            )
        )
        return portion.left(used)

    @api.model
    def _portion_frees_at(self):
        """Return when the first slot of the used portion is free again."""
        portion = self._portion()
        [(oldest,)] = self.env.execute_query(
            SQL(
                "SELECT MIN(portion_datetime) FROM mailing_trace WHERE portion_datetime > %s",
                portion.window_start(fields.Datetime.now()),
            )
        )
        return portion.frees_at(oldest) if oldest else fields.Datetime.now()

    @contextmanager
    def _claiming(self):
        """Let one session at a time count the portion and claim from it.

        The lock belongs to the session, not to a transaction: the transaction must begin after
        the lock is granted, or its snapshot would miss what the previous holder claimed. Ends
        with a commit.
        """
        cr = self.env.cr
        cr.commit()
        cr.execute(SQL("SELECT pg_advisory_lock(%s)", CLAIM_LOCK))
        cr.commit()
        try:
            yield
            cr.commit()
        except Exception:
            cr.rollback()
            raise
        finally:
            cr.execute(SQL("SELECT pg_advisory_unlock(%s)", CLAIM_LOCK))
            cr.commit()
