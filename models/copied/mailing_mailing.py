import logging

from odoo import api, models

from ...engine.turns import retried, turn_to_claim
from ..sending.mailing_mailing import UNDER_WAY

_logger = logging.getLogger(__name__)


class MailingMailing(models.Model):
    """A copy of a database, or one that was restored, mails nobody by itself.

    Who was still waiting when it was made has been mailed by the other one, or will be: everybody
    would get it twice. Odoo stops copies only where its administrator has them neutralized.
    """

    _inherit = "mailing.mailing"

    @api.model
    def _hold_in_copy(self):
        """Pause what was under way when this database was copied, before anything is sent."""
        if self.env["ir.config_parameter"]._is_copy() is not False:
            self._begin_to_send_here()

    @api.model
    @retried
    def _begin_to_send_here(self):
        """Note that this database sends from now on; what another one was sending is paused."""
        parameters = self.env["ir.config_parameter"]
        with turn_to_claim(self.env):
            if parameters._is_copy():
                self.env["mailing.journal.run"]._forget_all()
                self._pause_in_copy()
            parameters._note_sending_database()

    @api.model
    def _pause_in_copy(self):
        under_way = self.with_context(active_test=False).search(
            [
                ("delivery_mode", "=", "portions"),
                ("state", "in", UNDER_WAY),
                ("is_paused", "=", False),
            ]
        )
        under_way.is_paused = True
        for mailing in under_way:
            reader = mailing.with_context(lang=mailing.user_id.lang)
            mailing._message_log(
                body=reader.env._(
                    "This database is a copy of the one that was sending, or was restored or "
                    "moved. Whom the other one mailed meanwhile would be mailed again, so this "
                    "mass email is paused. Resume it if it is to go out from here."
                )
            )
        _logger.warning("Another database was sending: mass emails paused: %s", under_way.ids)
