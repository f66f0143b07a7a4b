import logging

from odoo import api, models

_logger = logging.getLogger(__name__)

# What a mass email's bus channel and its notifications are called.
PROGRESS = "mass_mailing_campaign/progress"
# What, once written, looks different on the screens.
SEEN = {"state", "is_paused", "delivery_issue", "retry_datetime", "remedy", "schedule_date"}


class MailingMailing(models.Model):
    """Screens show how a mass email gets on without being loaded again.

    Who looks at it or at its campaign is told that there is news, by Odoo's bus, and fetches the
    figures; see ``static/src/campaign_form/progress.js`` and ``ir.websocket``.
    """

    _inherit = "mailing.mailing"

    @api.model_create_multi
    def create(self, vals_list):
        mailings = super().create(vals_list)
        mailings._tell_progress()
        return mailings

    def write(self, vals):
        result = super().write(vals)
        if not SEEN.isdisjoint(vals):
            self._tell_progress()
        return result

    def _tell_progress(self):
        """Tell who looks, once the transaction is committed; one statement then, whoever looks.

        Not by that transaction itself: where Odoo's bus is out of order, which has a connection
        of its own, its commit would raise, and a run would stop.
        """
        hooks = self.env.cr.postcommit
        for mailing in self.exists()._mass_emails():
            if PROGRESS not in hooks.data:
                hooks.data[PROGRESS] = {}
                hooks.add(self.env["mailing.mailing"]._tell_news)
            message = {"campaign_id": mailing.campaign_id.id, "mailing_ids": mailing.ids}
            hooks.data[PROGRESS] |= {
                (record, mailing.id): message for record in (mailing, mailing.campaign_id) if record
            }

    @api.model
    def _tell_news(self):
        """Have Odoo's bus tell what a transaction has for news, if it can."""
        news = self.env.cr.postcommit.data.pop(PROGRESS)
        try:
            with self.env.registry.cursor() as cr:
                bus = self.env(cr=cr)["bus.bus"]
                for (record, _mailing_id), message in news.items():
                    bus._sendone((record, PROGRESS), PROGRESS, message)
        except Exception:
            _logger.warning("Who looks at mass emails is not told of news", exc_info=True)
