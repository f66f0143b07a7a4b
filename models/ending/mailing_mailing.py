from odoo import api, fields, models
from odoo.fields import Domain

from ...engine.turns import retried, turn_to_claim


class MailingMailing(models.Model):
    """A user ends a mass email that is In Process: nobody else is mailed, all have an outcome."""

    _inherit = "mailing.mailing"

    is_ended = fields.Boolean(
        "Ended by a User",
        readonly=True,
        copy=False,
        help="Who comes back to the queue is cancelled.",
    )

    def action_end(self):
        """Mail nobody else: who waits is cancelled, what is on the wire finishes."""
        self.check_access("write")
        with turn_to_claim(self.env):
            for mailing in self.filtered(lambda mailing: mailing._is_being_sent()):
                mailing._move_to(
                    "done",
                    is_ended=True,
                    is_paused=False,
                    sent_date=fields.Datetime.now(),
                    kpi_mail_required=not mailing.sent_date,
                )
        # not in that turn: nobody claims them any more, and they may be a million
        self.env["mailing.trace"]._cancel_ended()
        if any(self.mapped("is_queue_partial")):
            self.env["ir.cron"]._wake_lanes()  # who has no row yet gets one

    @api.model
    def _complete_ended_queues(self, job_time):
        """Who had no row yet when a mass email was ended has an outcome, too.

        :param JobTime job_time: how long it may take
        """
        for mailing in self.with_context(active_test=False).search(
            Domain("is_ended", "=", True) & Domain("is_queue_partial", "=", True)
        ):
            while mailing.is_queue_partial:
                if job_time.is_over():
                    self.env["ir.cron"]._wake_lanes()
                    return
                if not mailing._go_on_with_ended_queue():
                    break  # another lane is at it

    @retried
    def _go_on_with_ended_queue(self):
        """Build the next part of the queue, in which nobody waits; committed."""
        is_ours = bool(self.try_lock_for_update()) and self.is_queue_partial
        if is_ours:
            self._build_queue()
        return is_ours
