from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.turns import retried

# Members that get their rows in one transaction. Odoo kills a job that takes two minutes, and for
# so many it takes half of one.
MEMBERS_AT_ONCE = 500_000


class MailingMailing(models.Model):
    """The queue of a mass email: built by one lane, part by part where it has very many members."""

    _inherit = "mailing.mailing"

    is_queue_partial = fields.Boolean("Queue Being Built", readonly=True, copy=False)

    def _have_queue(self, job_time=None):
        """Build what is missing of the queue, part by part.

        :param JobTime job_time: how long it may take; None for as long as it takes
        :return: False while it is not complete, or somebody could be mailed who must not be
        """
        is_ready = self._go_on_with_queue()
        while is_ready and self.is_queue_partial:
            if job_time and job_time.is_over():
                self.env["ir.cron"]._wake_lanes()
                return False
            is_ready = self._is_due() and self._go_on_with_queue()
        return is_ready

    @retried
    def _go_on_with_queue(self):
        """Build the queue, or the next part of it, if nobody has; committed.

        :return: False while another lane is at it, or somebody could be mailed who must not be
        """
        is_built = self.state == "sending" and not self.is_queue_partial
        if not is_built and not (self.try_lock_for_update() and self.is_under_way):
            return False
        if self.state == "in_queue" or self._is_exclusion_out_of_date():
            self._sync_lists()  # what was in doubt may be mended by now, or new
        if doubt := self._doubt_about_excluded():
            self._stop_for_now(doubt, "criterion")
            return False
        if not is_built:
            self._build_queue()
            self.env["ir.cron"]._commit_progress(remaining=self._sendable_count())
        return True

    @api.model
    def _hold_queues(self, contacts):
        """Let no queue be built by what some members were before this transaction.

        Whoever builds one that they are members of begins anew if it began before us; we do if it
        is under way. Raw SQL: the rows are written as they are, for that is what others notice.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_mailing mailing SET is_queue_partial = is_queue_partial
                 WHERE delivery_mode = 'portions' AND (state = 'in_queue' OR is_queue_partial)
                   AND EXISTS (
                    SELECT FROM mail_mass_mailing_list_rel target
                      JOIN mailing_subscription member ON member.list_id = target.mailing_list_id
                     WHERE target.mailing_mailing_id = mailing.id
                       AND member.contact_id = ANY(%s))
                """,
                contacts.ids,
            )
        )

    def _build_queue(self):
        """Build the queue, or the next part of it.

        Who comes first among those of one address is the same in parts as in one.
        """
        traces = self.env["mailing.trace"]
        is_partial = traces._build_queue(self, MEMBERS_AT_ONCE) == MEMBERS_AT_ONCE
        if self.is_ended:
            self.is_queue_partial = is_partial
            traces._cancel_ended()
        elif self.state != "sending" or not is_partial:
            # between two parts nothing is written, or who pauses it would begin anew each time
            self._move_to("sending", is_queue_partial=is_partial)
