from odoo import api, fields, models
from odoo.fields import Domain

DELIVERY_CRON = "mass_mailing_campaign.ir_cron_deliver_portions"


class MailingMailing(models.Model):
    """The crons that send mass emails, one per lane, and when they are woken.

    Odoo runs one cron in one worker at a time: so many lanes, so many workers can send at once, of
    one server or of several.
    """

    _inherit = "mailing.mailing"

    @api.model
    def _delivery_crons(self):
        """Return the crons that send, one per lane."""
        data = (
            self.env["ir.model.data"]
            .sudo()
            .search(
                [
                    ("module", "=", "mass_mailing_campaign"),
                    ("model", "=", "ir.cron"),
                    ("name", "=like", "ir_cron_deliver_portions%"),
                ]
            )
        )
        return self.env["ir.cron"].sudo().browse(data.mapped("res_id")).exists()

    @api.model
    def _set_lane_count(self, count):
        """Have as many crons send as wanted; Odoo runs each of them in one worker at a time."""
        crons = self._delivery_crons().sorted("id")
        crons[count:].unlink()
        for lane in range(len(crons) + 1, count + 1):
            cron = crons[0].copy({"name": f"{crons[0].name} ({lane})"})
            self.env["ir.model.data"]._update_xmlids(
                [{"xml_id": f"{DELIVERY_CRON}_{lane}", "record": cron, "noupdate": True}]
            )

    @api.model
    def _trigger_crons(self, moments):
        for cron in self._delivery_crons():
            cron._trigger(moments)

    def _trigger_delivery(self):
        """Wake the crons for the start dates of these mass emails."""
        now = fields.Datetime.now()
        self._trigger_crons([max(mailing.schedule_date or now, now) for mailing in self])

    @api.model
    def _trigger_at_next_opportunity(self):
        """Wake the crons when something that waits may go out again."""
        now = fields.Datetime.now()
        started = self.search(self._active_domain() & Domain("state", "=", "sending"))
        moments = filter(None, (mailing._next_opportunity() for mailing in started))
        pending = self.search(self._active_domain() & Domain("state", "=", "in_queue"))
        moments = [*moments, *(mailing._start() for mailing in pending)]
        if later := [moment for moment in moments if moment > now]:
            self._trigger_crons(min(later))

    def _start(self):
        """Return when this pending mass email can start."""
        hours = self._sending_hours()
        moments = [self.schedule_date, self.retry_datetime, hours and hours[0]]
        return max(filter(None, moments), default=fields.Datetime.now())
