from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.limits import RECIPIENT_DOMAIN
from ...engine.turns import retried
from ..sending.mailing_trace import IS_WAITING

# The clocks of several servers differ by so much at most; what is later was written by a wrong one.
LATEST = timedelta(minutes=10)
# Nobody waits for a next attempt longer than a day.
LATEST_ATTEMPT = timedelta(days=1) + LATEST


class MailingTrace(models.Model):
    """Until when the messages of a mass email wait."""

    _inherit = "mailing.trace"

    @api.model
    def _next_claim_at(self, mailing, limits):
        """Return when the first waiting row of a mass email can be claimed; None without any.

        Raw SQL: one look at its queue.
        """
        now = fields.Datetime.now()
        used, is_free_at = SQL(), now
        if limits.domain_portion:
            used = SQL(
                "LEFT JOIN (%s) used ON used.domain = %s AND used.is_full",
                limits.used_by_domain(),
                RECIPIENT_DOMAIN,
            )
            window = limits.domain_portion.window
            is_free_at = SQL("COALESCE(used.oldest + %s, %s)", window, now)
        [(moment,)] = self.env.execute_query(
            SQL(
                """
                SELECT MIN(GREATEST(COALESCE(retry_datetime, %(now)s), %(is_free_at)s))
                  FROM mailing_trace
                  %(used)s
                 WHERE mass_mailing_id = %(mailing)s AND %(is_waiting)s
                """,
                now=now,
                mailing=mailing.id,
                used=used,
                is_waiting=IS_WAITING,
                is_free_at=is_free_at,
            )
        )
        return moment and max(moment, limits.frees_at())

    @api.model
    def _end_setback_delays(self, mailings):
        """Have messages that broke a session or met a busy server wait no longer.

        Raw SQL: one statement, however many wait.
        """
        self.flush_model(["retry_datetime", "setback_count", "trace_status"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_trace SET retry_datetime = NULL
                 WHERE mass_mailing_id = ANY(%s) AND %s
                   AND setback_count > 0 AND retry_datetime IS NOT NULL
                """,
                mailings.ids,
                IS_WAITING,
            )
        )
        self.invalidate_model(["retry_datetime"])

    @api.model
    @retried
    def _take_back_the_future(self):
        """Have what a clock that was wrong put into the future count from now on.

        Until then nobody would be mailed: the portion would be full, and who waits for a next
        attempt would wait. Raw SQL: one look at the end of an index where all is well.
        """
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                "UPDATE mailing_trace SET portion_datetime = %s WHERE portion_datetime > %s",
                now,
                now + LATEST,
            )
        )
        if not self.env.cr.rowcount:
            return
        self.env.cr.execute(
            SQL(
                "UPDATE mailing_trace SET retry_datetime = NULL WHERE retry_datetime > %s AND %s",
                now + LATEST_ATTEMPT,
                IS_WAITING,
            )
        )
        self.env["mailing.portion.count"]._forget()
        self.invalidate_model()
        mailings = self.env["mailing.mailing"]
        mailings.search([("retry_datetime", ">", now + LATEST_ATTEMPT)]).retry_datetime = False
