# Results are committed on purpose: others must see them at once.
# pylint: disable=invalid-commit
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.sql_db import Cursor
from odoo.tools import SQL

from ...delivery.transport import Outcome
from ...engine.turns import retried, turn_to_claim

# What becomes of a row: outcome, whether this was the last attempt (None: no matter), its
# status and its failure type.
VERDICTS = [
    (Outcome.SENT, None, "sent", None),
    (Outcome.DEFERRED, False, "outgoing", None),
    (Outcome.DEFERRED, True, "error", "mail_smtp"),
    (Outcome.BAD_ADDRESS, None, "error", "mail_email_invalid"),
    (Outcome.REFUSED, False, "outgoing", None),
    (Outcome.REFUSED, True, "error", "mail_refused"),
    (Outcome.BUSY, None, "outgoing", None),
    (Outcome.NOT_SENT, None, "outgoing", None),
    (Outcome.UNKNOWN, None, "error", "in_doubt"),
]
FIRST_MESSAGE_RETRY_MINUTES = 10


class MailingJournalRun(models.Model):
    """A run of sending for as long as it lasts, and what became of the rows it claimed.

    Written before its first claim, deleted with its last settle. A run whose database session is
    gone was killed; the next run of whatever process settles what it acknowledged, puts in doubt
    what it can have had on the wire, and returns the rest of its claims to the queue.

    The journal is unlogged: PostgreSQL empties it when it recovers from a crash of its own. So
    where a run is there, all its acknowledgements are; and rows claimed by a run that is not
    there are in doubt, every one.
    """

    _name = "mailing.journal.run"
    _description = "Journal of Sending: Run"
    _rec_name = "key"
    _log_access = False

    key = fields.Char(required=True, readonly=True)
    backend = fields.Char("Database Session", required=True, readonly=True)
    session_count = fields.Integer("SMTP Sessions", required=True, readonly=True)

    _key_uniq = models.UniqueIndex("(key)")

    def init(self):
        self.env.cr.execute("ALTER TABLE mailing_journal_run SET UNLOGGED")

    @api.model
    def _begin(self, key, session_count):
        """Write a run to the journal; committed on return."""
        self.env.cr.execute(
            SQL(
                "INSERT INTO mailing_journal_run (key, backend, session_count) VALUES (%s, %s, %s)",
                key,
                self._backend(SQL("pg_backend_pid()")),
                session_count,
            )
        )
        self.env.cr.commit()

    @staticmethod
    def _backend(pid):
        """SQL for what names a database session for ever: process id and start."""
        return SQL(
            "(SELECT pid || '/' || EXTRACT(EPOCH FROM backend_start)"
            " FROM pg_stat_activity WHERE pid = %s)",
            pid,
        )

    @contextmanager
    def _journal(self):
        """A database session of its own for acknowledgements, each committed by itself.

        A commit in the session of the run would empty the caches of the ORM every few messages.
        """
        with self.env.registry.cursor() as cr:
            if isinstance(cr, Cursor):  # tests have another
                cr._cnx.autocommit = True
            yield cr

    @api.model
    def _acknowledge(self, journal, run_key, results):
        """Write results to the journal; committed on return.

        Raw SQL: once every few messages, so nothing else weighs as much.
        """
        journal.execute(
            """
            INSERT INTO mailing_journal_ack (
                run_key, ack_datetime, trace_id, outcome, reply, message_id)
            SELECT %s, %s, unnest(%s), unnest(%s), unnest(%s), unnest(%s)
            """,
            (
                run_key,
                fields.Datetime.now(),
                [result.key for result in results],
                [result.outcome.value for result in results],
                [result.reply for result in results],
                [result.message_id for result in results],
            ),
        )
        journal.commit()

    @retried
    def _settle(self, run_key, after):
        """Settle, whatever is written to the same messages meanwhile; committed on return."""
        return self._settle_acknowledged(run_key, after)

    @api.model
    def _settle_acknowledged(self, run_key, after=0):
        """Carry what a run acknowledged over to its messages and the log; safe to repeat.

        Raw SQL: one statement for all. A recipient may open a message before it is settled: that
        status is kept. A row in doubt whose result turns up is in doubt no more.

        :param after: id of the acknowledgement that was settled last
        :return: id of the last acknowledgement settled now
        """
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE mailing_trace trace
                   SET trace_status = CASE
                           WHEN trace.trace_status = 'process' OR trace.failure_type = 'in_doubt'
                           THEN verdict.status ELSE trace.trace_status END,
                       failure_type = verdict.failure_type,
                       failure_reason = CASE WHEN verdict.status != 'sent' THEN ack.reply END,
                       smtp_reply = ack.reply,
                       message_id = NULLIF(ack.message_id, ''),
                       sent_datetime = CASE WHEN verdict.status = 'sent' THEN ack.ack_datetime END,
                       portion_datetime = CASE WHEN ack.outcome IN ('sent', 'unknown')
                           THEN ack.ack_datetime END,
                       retry_datetime = CASE WHEN NOT verdict.is_last
                           THEN ack.ack_datetime
                              + make_interval(mins => %(retry_minutes)s)
                              * 2 ^ (trace.attempt_count - 1)
                           END,
                       attempt_count = trace.attempt_count
                           - (ack.outcome IN ('busy', 'not_sent'))::int,
                       claim_key = NULL
                  FROM mailing_journal_ack ack
                  JOIN (VALUES %(verdicts)s) verdict (outcome, is_last, status, failure_type)
                    ON verdict.outcome = ack.outcome
                 WHERE ack.run_key = %(run)s AND ack.id > %(after)s
                   AND trace.id = ack.trace_id AND trace.claim_key = ack.run_key
                   AND (verdict.is_last IS NULL
                        OR verdict.is_last = (trace.attempt_count >= %(max_attempts)s))
             RETURNING trace.id, ack.id, ack.outcome
                """,
                retry_minutes=FIRST_MESSAGE_RETRY_MINUTES,
                verdicts=SQL(", ").join(
                    SQL("(%s, %s::boolean, %s, %s)", outcome.value, *verdict)
                    for outcome, *verdict in VERDICTS
                ),
                run=run_key,
                after=after,
                max_attempts=self.env["ir.config_parameter"]._mass_email_setting("max_attempts"),
            )
        )
        traces = self.env["mailing.trace"]
        traces.invalidate_model()
        traces.browse(row[0] for row in rows if row[2] == Outcome.SENT.value)._log_event("sent")
        return max((row[1] for row in rows), default=after)

    @retried
    def _end(self, run_key, on_wire):
        """End a run in good order; committed on return.

        :param on_wire: ids of messages without a result that can have been on the wire
        """
        self._end_claims(run_key, on_wire=on_wire)

    @api.model
    def _end_claims(self, run_key, on_wire=(), first=0, is_lost=False):
        """Settle the last results of a run, and give up or give back the rest of its claims.

        Raw SQL: one statement for all. What can have been on the wire is in doubt, the rest goes
        back to the queue.

        :param on_wire: ids of those that can have been on the wire
        :param first: so many, in the order in which the run sent, can have been on the wire
        :param is_lost: whether all can have been on the wire
        """
        self._settle_acknowledged(run_key)
        self.env.cr.execute(
            SQL(
                """
                WITH unacknowledged AS (
                    SELECT id, ROW_NUMBER() OVER (ORDER BY claim_number, id) AS place
                      FROM mailing_trace
                     WHERE claim_key = %(run)s AND trace_status = 'process'
                ), judged AS (
                    SELECT id, id = ANY(%(on_wire)s) OR place <= %(first)s OR %(is_lost)s
                           AS is_doubtful
                      FROM unacknowledged
                )
                UPDATE mailing_trace trace
                   SET trace_status = CASE WHEN is_doubtful THEN 'error' ELSE 'outgoing' END,
                       failure_type = CASE WHEN is_doubtful THEN 'in_doubt' END,
                       failure_reason = CASE WHEN is_doubtful THEN %(reason)s END,
                       attempt_count = attempt_count - (NOT is_doubtful)::int,
                       portion_datetime = CASE WHEN is_doubtful THEN portion_datetime END,
                       claim_key = CASE WHEN is_doubtful THEN claim_key END
                  FROM judged
                 WHERE trace.id = judged.id
                """,
                run=run_key,
                on_wire=list(on_wire),
                first=first,
                is_lost=is_lost,
                reason=self.env._("The server stopped while this message was being sent."),
            )
        )
        self.env.cr.execute(SQL("DELETE FROM mailing_journal_ack WHERE run_key = %s", run_key))
        self.env.cr.execute(SQL("DELETE FROM mailing_journal_run WHERE key = %s", run_key))
        self.env["mailing.trace"].invalidate_model()
        self.env["mailing.trace"]._cancel_ended()

    @retried
    def _end_dead(self):
        """End the runs that nobody will end any more; committed on return.

        Raw SQL: the sessions alive are known to PostgreSQL only.
        """
        with turn_to_claim(self.env):
            dead = self.env.execute_query(
                SQL(
                    "SELECT key, session_count FROM mailing_journal_run"
                    " WHERE backend IS DISTINCT FROM %s",
                    self._backend(SQL("SPLIT_PART(backend, '/', 1)::int")),
                )
            )
            # PostgreSQL lost these runs in a crash, and maybe some acknowledgements with them
            lost = self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT claim_key FROM mailing_trace
                     WHERE claim_key IS NOT NULL AND trace_status = 'process'
                       AND claim_key NOT IN (SELECT key FROM mailing_journal_run)
                    """
                )
            )
            for key, session_count in dead:
                self._end_claims(key, first=session_count)
            for (key,) in lost:
                self._end_claims(key, is_lost=True)
