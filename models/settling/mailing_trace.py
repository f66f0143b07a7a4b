from odoo import api, models
from odoo.tools import SQL

# SQL condition of ``trace``: the log knows that it was sent.
IS_SENT = SQL(
    "(trace.trace_status = 'sent' OR EXISTS (SELECT FROM mailing_trace_event sent"
    " WHERE sent.trace_id = trace.id AND sent.event_type = 'sent'))"
)


class MailingTrace(models.Model):
    """Messages whose result is unknown, or was another, and of which something comes back."""

    _inherit = "mailing.trace"

    def _settle_as_sent(self):
        """Something came back of these messages that the log has no line for, as from a program."""
        doubtful = self.filtered(lambda each: each.trace_status in ("error", "outgoing", "cancel"))
        if not doubtful:
            return
        condition = SQL("trace.id = ANY(%s)", doubtful.ids)
        if lines := self._settle_what_came_back(condition, is_hit=True):
            lines._after_event("sent")

    @api.model
    def _settle_what_came_back(self, condition, is_hit=False):
        """Messages of which something came back were sent: they are in doubt no more.

        Nor do they wait to be sent again. What is on the wire is settled by its own result. Raw
        SQL: one statement for status and log.

        :param SQL condition: of ``trace``
        :param is_hit: it comes back right now, and who calls this tells of the lines; else the log
            knows of it
        :return: the new lines of the log
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                WITH sent AS (
                    UPDATE mailing_trace trace
                       SET sent_datetime =
                               COALESCE(sent_datetime, portion_datetime, NOW() AT TIME ZONE 'UTC'),
                           trace_status = CASE WHEN trace_status IN ('error', 'outgoing')
                                               THEN 'sent' ELSE trace_status END,
                           failure_type = CASE WHEN trace_status IN ('bounce', 'cancel')
                                               THEN failure_type END,
                           failure_reason = CASE WHEN trace_status IN ('bounce', 'cancel')
                                                 THEN failure_reason END,
                           retry_datetime = NULL
                     WHERE token IS NOT NULL AND trace_status != 'process'
                       AND (portion_datetime IS NOT NULL OR attempt_count > 0)  -- it may have left
                       AND NOT %(is_sent)s AND %(condition)s AND %(has_come_back)s
                 RETURNING trace.*
                )
                %(logging)s
                """,
                is_sent=IS_SENT,
                condition=condition,
                has_come_back=SQL("TRUE")
                if is_hit
                else SQL(
                    "EXISTS (SELECT FROM mailing_trace_event line WHERE line.trace_id = trace.id)"
                ),
                logging=self._logging("sent", SQL("sent")),
            )
        )
        self.env.invalidate_all(flush=False)
        lines = self.env["mailing.trace.event"].browse(line_id for line_id, *_more in rows)
        if lines and not is_hit:
            lines._after_event("sent")
        return lines
