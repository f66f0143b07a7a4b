# Claims and results are committed on purpose: others must see them at once.
# pylint: disable=invalid-commit
from collections import namedtuple
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import retrying
from odoo.tools import SQL

from ..delivery.token import new_token
from ..delivery.transport import Outcome

MAX_ATTEMPTS = 3
FIRST_RETRY_DELAY = timedelta(minutes=10)

# A queue row this session has claimed.
Claimed = namedtuple("Claimed", "id contact_id email token attempt_count")


class MailingMailing(models.Model):
    """Rows taken out of the queue, and what becomes of them.

    A claim is committed before anything is sent, so that no other session and no later run can
    send the same rows. What became of each message is settled in a transaction of its own. When
    the session dies in between, its rows are in doubt and stay so (see ``mailing.trace``).
    """

    _inherit = "mailing.mailing"

    @api.model
    def _is_waiting(self):
        """SQL condition: a queue row that may be claimed now."""
        return SQL(
            "token IS NOT NULL AND trace_status = 'outgoing'"
            " AND (retry_datetime IS NULL OR retry_datetime <= %s)",
            fields.Datetime.now(),
        )

    def _claim(self, limit):
        """Take rows out of the queue for this session; committed on return.

        Everybody is judged again: who opted out or was excluded while waiting is not mailed.

        :return: list of Claimed, empty when nobody waits or the portion is used up
        """
        self.ensure_one()
        return retrying(lambda: self._claim_once(limit), self.env)

    def _claim_once(self, limit):
        claimed = []
        with self._claiming():
            while not claimed and (size := min(limit, self._portion_left())):
                rows = self._claim_rows(size)
                if not rows:
                    break
                claimed = [Claimed(*row[1:]) for row in rows if row[0] == "process"]
        self.env["mailing.trace"].invalidate_model()
        return sorted(claimed)

    def _claim_rows(self, size):
        """Raw SQL: judge and claim in one statement, however many rows wait."""
        return self.env.execute_query(
            SQL(
                """
                WITH next AS MATERIALIZED (
                    SELECT id, res_id, email FROM mailing_trace
                     WHERE mass_mailing_id = %(mailing)s AND %(is_waiting)s
                     ORDER BY id
                     LIMIT %(size)s
                       FOR UPDATE SKIP LOCKED
                ), judged AS (
                    SELECT next.id, excluding.list_id, objection.reason
                      FROM next
                      LEFT JOIN mailing_contact contact ON contact.id = next.res_id
                      %(objection)s
                )
                UPDATE mailing_trace trace
                   SET trace_status =
                           CASE WHEN judged.reason IS NULL THEN 'process' ELSE 'cancel' END,
                       failure_type = judged.reason,
                       excluding_list_id = judged.list_id,
                       attempt_count = trace.attempt_count + (judged.reason IS NULL)::int,
                       portion_datetime = CASE WHEN judged.reason IS NULL THEN %(now)s END,
                       claim_key = %(session_key)s
                  FROM judged
                 WHERE trace.id = judged.id
             RETURNING trace.trace_status, trace.id, trace.res_id, trace.email, trace.token,
                       trace.attempt_count
                """,
                mailing=self.id,
                is_waiting=self._is_waiting(),
                size=size,
                objection=self._objection(SQL("next.email")),
                now=fields.Datetime.now(),
                session_key=self._session_key(SQL("pg_backend_pid()")),
            )
        )

    @staticmethod
    def _session_key(pid):
        """SQL for what names a database session for ever: process id and start."""
        return SQL(
            "(SELECT pid || '/' || EXTRACT(EPOCH FROM backend_start)"
            " FROM pg_stat_activity WHERE pid = %s)",
            pid,
        )

    @api.model
    def _release_dead_claims(self):
        """Put in doubt what a dead session was sending: nobody will settle it any more.

        Raw SQL: the sessions alive are known to PostgreSQL only.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_trace
                   SET trace_status = 'error', failure_type = 'in_doubt', failure_reason = %s
                 WHERE trace_status = 'process' AND claim_key IS NOT NULL
                   AND claim_key IS DISTINCT FROM %s
                """,
                self.env._("The server stopped while this message was being sent."),
                self._session_key(SQL("SPLIT_PART(claim_key, '/', 1)::int")),
            )
        )
        self.env["mailing.trace"].invalidate_model()

    @api.model
    def _settle(self, rows, results):
        """Write down what became of claimed rows; committed on return and safe to repeat.

        :param rows: the Claimed
        :param results: their Results, in the same order
        """
        values = [self._settled(row, result) for row, result in zip(rows, results, strict=True)]
        retrying(lambda: self._settle_once(values), self.env)

    @api.model
    def _settle_once(self, values):
        """Raw SQL: one statement for all rows.

        The commit does not wait for the disk: what a killed process had committed is safe, and
        after a crash of PostgreSQL itself the rows are in doubt, not sent again. A recipient
        may open the message before this is written: that status is kept.
        """
        self.env.cr.execute(
            SQL(
                """
                SET LOCAL synchronous_commit TO OFF;
                UPDATE mailing_trace trace
                   SET trace_status = CASE
                           WHEN trace.trace_status = 'process' OR trace.failure_type = 'in_doubt'
                           THEN settled.status ELSE trace.trace_status END,
                       failure_type = settled.failure_type,
                       failure_reason = settled.failure_reason,
                       message_id = settled.message_id,
                       sent_datetime = settled.sent_datetime::timestamp,
                       portion_datetime = settled.portion_datetime::timestamp,
                       retry_datetime = settled.retry_datetime::timestamp,
                       attempt_count = settled.attempt_count,
                       claim_key = NULL
                  FROM (VALUES %s) settled (
                       id, status, failure_type, failure_reason, message_id, sent_datetime,
                       portion_datetime, retry_datetime, attempt_count)
                 WHERE trace.id = settled.id AND trace.claim_key IS NOT NULL
                """,
                SQL(", ").join(SQL("%s", value) for value in values),
            )
        )
        self.env["mailing.trace"].invalidate_model()

    @api.model
    def _settled(self, row, result):
        """Return the values of a settled row, in the order of ``_settle_once``."""
        now = fields.Datetime.now()
        status, failure_type, attempts = "error", None, row.attempt_count
        sent = portion = retry = None
        if result.outcome == Outcome.SENT:
            status, sent, portion = "sent", now, now
        elif result.outcome == Outcome.NOT_SENT:
            # nothing left the house, so it costs no attempt
            status, attempts = "outgoing", row.attempt_count - 1
        elif result.outcome == Outcome.UNKNOWN:
            failure_type, portion = "in_doubt", now
        elif result.outcome == Outcome.BAD_ADDRESS:
            failure_type = "mail_email_invalid"
        elif row.attempt_count < MAX_ATTEMPTS:
            status = "outgoing"
            retry = now + FIRST_RETRY_DELAY * 2 ** (row.attempt_count - 1)
        else:
            refused = result.outcome == Outcome.REFUSED
            failure_type = "mail_refused" if refused else "mail_smtp"
        reason = None if status == "sent" else result.reply
        return (
            row.id,
            status,
            failure_type,
            reason,
            result.message_id or None,
            sent,
            portion,
            retry,
            attempts,
        )

    def _claim_test(self, contacts):
        if not contacts:
            return []
        with self._claiming():
            if self._portion_left() < len(contacts):
                raise UserError(
                    self.env._(
                        "The hourly portion is used up. The next message can be sent at %s.",
                        fields.Datetime.context_timestamp(self, self._portion_frees_at()),
                    )
                )
            [(session_key,)] = self.env.execute_query(
                SQL("SELECT %s", self._session_key(SQL("pg_backend_pid()")))
            )
            traces = (
                self.env["mailing.trace"]
                .sudo()
                .create(
                    [
                        {
                            "test_mailing_id": self.id,
                            "is_test_trace": True,
                            "model": contact._name,
                            "res_id": contact.id,
                            "email": contact.email_normalized,
                            "token": new_token(),
                            "trace_status": "process",
                            "attempt_count": MAX_ATTEMPTS,  # a test is tried once
                            "claim_key": session_key,
                            "portion_datetime": fields.Datetime.now(),
                        }
                        for contact in contacts
                    ]
                )
            )
            return [
                Claimed(trace.id, trace.res_id, trace.email, trace.token, trace.attempt_count)
                for trace in traces
            ]
