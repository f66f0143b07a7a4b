from odoo import api, models

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
        """Tell who looks, once the transaction is committed; one statement then, whoever looks."""
        for mailing in self.exists()._mass_emails():
            message = {"campaign_id": mailing.campaign_id.id, "mailing_ids": mailing.ids}
            for record in (mailing, mailing.campaign_id):
                if record:
                    self.env["bus.bus"]._sendone((record, PROGRESS), PROGRESS, message)
