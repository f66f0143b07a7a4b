# Results are committed on purpose: others must see them at once.
# pylint: disable=invalid-commit
from contextlib import contextmanager, suppress

import psycopg2

from odoo import api, fields, models
from odoo.sql_db import Cursor
from odoo.tools import SQL

from ...delivery.transport import Outcome
from ...engine.turns import (
    RUN_LOCK,
    make_durable,
    notice_broken_connections,
    retried,
    turn_to_claim,
)

# What becomes of a row: outcome, whether this was the last attempt (None: no matter), its
# status and its failure type.
VERDICTS = [
    (Outcome.SENT, None, "sent", None),
    (Outcome.DEFERRED, False, "outgoing", None),
    (Outcome.DEFERRED, True, "error", "mail_smtp"),
    (Outcome.BAD_ADDRESS, None, "error", "mail_email_invalid"),
    (Outcome.REFUSED, False, "outgoing", None),
    (Outcome.REFUSED, True, "error", "mail_refused"),
    (Outcome.BUSY, False, "outgoing", None),
    (Outcome.BUSY, True, "error", "mail_smtp"),
    (Outcome.NOT_SENT, False, "outgoing", None),
    (Outcome.NOT_SENT, True, "error", "mail_smtp"),
    (Outcome.UNKNOWN, None, "error", "in_doubt"),
]
# Minutes until a message that was deferred or refused is tried again, at first and at most: each
# further time it waits twice as long.
FIRST_MESSAGE_RETRY_MINUTES, LONGEST_MESSAGE_RETRY_MINUTES = 10, 24 * 60
# Outcomes that say nothing against the message: it goes back to the queue, behind the others.
SETBACKS = (Outcome.BUSY, Outcome.NOT_SENT)
# Minutes after the first setback and at most: each further one waits twice as long.
FIRST_SETBACK_MINUTES, LONGEST_SETBACK_MINUTES = 1, 60
# So many setbacks count as an attempt: it may be the message that breaks the sessions.
SETBACKS_OF_AN_ATTEMPT = 3


class MailingJournalRun(models.Model):
    """A run of sending for as long as it lasts, and what became of the rows it claimed.

    Written before its first claim, deleted with its last settle. While it lives, the database
    session of its acknowledgements holds an advisory lock. A run whose lock is free was killed;
    the next run of whatever process settles what it acknowledged, puts in doubt what it can have
    had on the wire, and returns the rest of its claims to the queue.

    The journal is unlogged: PostgreSQL empties it when it recovers from a crash of its own. So
    where a run is there, all its acknowledgements are; and rows claimed by a run that is not
    there are in doubt, every one.
    """

    _name = "mailing.journal.run"
    _description = "Journal of Sending: Run"
    _rec_name = "key"
    _log_access = False

    key = fields.Char(required=True, readonly=True)
    session_count = fields.Integer("SMTP Sessions", required=True, readonly=True)

    _key_uniq = models.UniqueIndex("(key)")

    def init(self):
        self.env.cr.execute("ALTER TABLE mailing_journal_run SET UNLOGGED")

    # ------------------------------------------------------------
    # While it lives
    # ------------------------------------------------------------

    @contextmanager
    def _alive(self, key, session_count):
        """Write a run to the journal, and keep it alive within the context.

        :return: cursor for acknowledgements and for what else must not open a transaction. It is
            a database session of its own, each statement of which is committed by itself: a
            commit in the session of the run would empty the caches of the ORM
        """
        with self.env.registry.cursor() as cr:
            is_real = isinstance(cr, Cursor)  # tests have another
            if is_real:
                cr._cnx.autocommit = True
            notice_broken_connections(cr)
            # locked before it is seen, or others would take it for dead
            cr.execute("SELECT nextval('mailing_journal_run_id_seq')")
            [run_id] = cr.fetchone()
            cr.execute("SELECT pg_advisory_lock(%s, %s)", [RUN_LOCK, run_id])
            try:
                cr.execute(
                    "INSERT INTO mailing_journal_run (id, key, session_count) VALUES (%s, %s, %s)",
                    [run_id, key, session_count],
                )
                yield cr
            finally:
                with suppress(psycopg2.Error):
                    cr.execute("SELECT pg_advisory_unlock(%s, %s)", [RUN_LOCK, run_id])
                    cr.commit()
                if is_real:
                    cr._cnx.autocommit = False

    @api.model
    def _acknowledge(self, cr, key, results, is_over=False):
        """Write results to the journal; committed on return.

        Raw SQL: once every few messages, so nothing else weighs as much.

        :param results: list of (claim number, Result)
        :param is_over: write them down though the run is not in the journal any more
        :return: False when others took this run for dead; it must stop, nothing was written
        """
        cr.execute(
            """
            INSERT INTO mailing_journal_ack (
                run_key, ack_datetime, claim_number, trace_id, outcome, reply, message_id)
            SELECT %s, %s, unnest(%s), unnest(%s), unnest(%s), unnest(%s), unnest(%s)
             WHERE %s OR EXISTS (SELECT FROM mailing_journal_run WHERE key = %s)
            """,
            (
                key,
                fields.Datetime.now(),
                [number for number, _result in results],
                [result.key for _number, result in results],
                [result.outcome.value for _number, result in results],
                [result.reply for _number, result in results],
                [result.message_id for _number, result in results],
                is_over,
                key,
            ),
        )
        is_alive = cr.rowcount > 0
        cr.commit()
        return is_alive

    # ------------------------------------------------------------
    # Settle
    # ------------------------------------------------------------

    @retried
    def _settle(self, key, after):
        """Settle, whatever is written to the same messages meanwhile; committed on return."""
        return self._settle_acknowledged(key, after)

    @api.model
    def _settle_acknowledged(self, key, after=0):
        """Carry what a run acknowledged over to its messages and the log; safe to repeat.

        Raw SQL: one statement for all. An acknowledgement belongs to one claim of a row: a row
        that was claimed again is not judged by it. A message may be opened or bounce before it is
        settled: that status is kept. A row in doubt whose result turns up is in doubt no more; one
        that a user left is left, unless it was sent.

        :param after: id of the acknowledgement that was settled last
        :return: id of the last acknowledgement settled now
        """
        make_durable(self.env.cr)
        rows = self.env.execute_query(
            SQL(
                """
                WITH judged AS (
                    SELECT trace.id, ack.id AS ack_id, ack.outcome, ack.reply, ack.message_id,
                           ack.ack_datetime, setback.is_one, setback.before, attempt.counts,
                           trace.trace_status, trace.failure_type,
                           CASE WHEN setback.is_one
                                THEN LEAST(%(first_setback)s * 2 ^ LEAST(setback.before, 10),
                                           %(longest_setback)s)
                                ELSE LEAST(%(first_retry)s * 2 ^ LEAST(trace.attempt_count - 1, 10),
                                           %(longest_retry)s)
                           END AS retry_minutes,
                           attempt.counts AND trace.attempt_count >= %(max_attempts)s AS is_last
                      FROM mailing_journal_ack ack
                      JOIN mailing_trace trace
                        ON trace.id = ack.trace_id AND trace.claim_key = ack.run_key
                       AND trace.claim_number = ack.claim_number
                     CROSS JOIN LATERAL (
                        SELECT ack.outcome IN %(setbacks)s AS is_one,
                               COALESCE(trace.setback_count, 0) AS before
                     ) setback
                     CROSS JOIN LATERAL (
                        SELECT NOT setback.is_one
                            OR (setback.before + 1) %% %(setbacks_of_an_attempt)s = 0 AS counts
                     ) attempt
                     WHERE ack.run_key = %(run)s AND ack.id > %(after)s
                ), told AS (
                    SELECT judged.*, verdict.status, verdict.reason,
                           judged.trace_status = 'process'
                           OR judged.trace_status = 'error' AND (
                               judged.failure_type = 'in_doubt'
                               OR judged.failure_type = 'left' AND verdict.status = 'sent')
                           AS is_news
                      FROM judged
                      JOIN (VALUES %(verdicts)s) verdict (outcome, is_last, status, reason)
                        ON verdict.outcome = judged.outcome
                       AND (verdict.is_last IS NULL OR verdict.is_last = judged.is_last)
                )
                UPDATE mailing_trace trace
                   SET trace_status = CASE WHEN is_news
                           THEN told.status ELSE told.trace_status END,
                       failure_type = CASE WHEN is_news THEN told.reason
                           WHEN told.trace_status IN ('bounce', 'error')
                           THEN told.failure_type END,
                       failure_reason = CASE WHEN NOT is_news THEN trace.failure_reason
                           WHEN told.status != 'sent' THEN told.reply END,
                       smtp_reply = told.reply,
                       message_id = NULLIF(told.message_id, ''),
                       sent_datetime = CASE WHEN told.status = 'sent'
                           THEN told.ack_datetime END,
                       portion_datetime = CASE WHEN told.outcome IN ('sent', 'unknown')
                           THEN told.ack_datetime END,
                       retry_datetime = CASE WHEN told.status = 'outgoing'
                           THEN told.ack_datetime
                              + make_interval(mins => told.retry_minutes::int) END,
                       attempt_count = trace.attempt_count - (NOT told.counts)::int,
                       setback_count = told.before + told.is_one::int,
                       claim_key = NULL
                  FROM told
                 WHERE trace.id = told.id
             RETURNING trace.id, told.ack_id, told.outcome
                """,
                first_retry=FIRST_MESSAGE_RETRY_MINUTES,
                longest_retry=LONGEST_MESSAGE_RETRY_MINUTES,
                first_setback=FIRST_SETBACK_MINUTES,
                longest_setback=LONGEST_SETBACK_MINUTES,
                setbacks=tuple(outcome.value for outcome in SETBACKS),
                setbacks_of_an_attempt=SETBACKS_OF_AN_ATTEMPT,
                verdicts=SQL(", ").join(
                    SQL("(%s, %s::boolean, %s, %s)", outcome.value, *verdict)
                    for outcome, *verdict in VERDICTS
                ),
                run=key,
                after=after,
                max_attempts=self.env["ir.config_parameter"]._mass_email_setting("max_attempts"),
            )
        )
        traces = self.env["mailing.trace"]
        traces.invalidate_model()
        traces.browse(row[0] for row in rows if row[2] == Outcome.SENT.value)._log_event("sent")
        return max((row[1] for row in rows), default=after)

    # ------------------------------------------------------------
    # End
    # ------------------------------------------------------------

    @retried
    def _end(self, key, on_wire):
        """End a run in good order; committed on return.

        When PostgreSQL crashed meanwhile, others may have put all it claimed in doubt: it knows
        better.

        :param on_wire: ids of messages without a result that can have been on the wire
        """
        self._end_claims(key, on_wire=on_wire, knows_better=True)

    @api.model
    def _end_claims(self, key, on_wire=(), first=0, is_lost=False, knows_better=False):
        """Settle the last results of a run, and give up or give back the rest of its claims.

        Raw SQL: one statement for all. What can have been on the wire is in doubt, and may have
        left until now; the rest goes back to the queue.

        :param on_wire: ids of those that can have been on the wire
        :param first: so many, in the order in which the run sent, can have been on the wire
        :param is_lost: whether all can have been on the wire
        :param knows_better: judge once more those that others put in doubt
        """
        self._settle_acknowledged(key)
        rows = self.env.execute_query(
            SQL(
                """
                WITH unacknowledged AS (
                    SELECT id, ROW_NUMBER() OVER (ORDER BY claim_number, id) AS place
                      FROM mailing_trace
                     WHERE claim_key = %(run)s
                       AND (trace_status = 'process' OR %(knows_better)s
                            AND trace_status = 'error' AND failure_type = 'in_doubt')
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
                       portion_datetime = CASE WHEN is_doubtful THEN %(now)s::timestamp END,
                       claim_key = CASE WHEN is_doubtful THEN claim_key END
                  FROM judged
                 WHERE trace.id = judged.id
             RETURNING trace.mass_mailing_id, trace.trace_status
                """,
                run=key,
                now=fields.Datetime.now(),
                on_wire=list(on_wire),
                first=first,
                is_lost=is_lost,
                knows_better=knows_better,
                reason=self.env._("The server stopped while this message was being sent."),
            )
        )
        self.env.cr.execute(SQL("DELETE FROM mailing_journal_ack WHERE run_key = %s", key))
        self.env.cr.execute(SQL("DELETE FROM mailing_journal_run WHERE key = %s", key))
        self.env["mailing.trace"].invalidate_model()
        self.env["mailing.trace"]._cancel_ended()
        mailings = self.env["mailing.mailing"].browse(
            {mailing_id for mailing_id, status in rows if mailing_id and status == "outgoing"}
        )
        mailings.filtered(
            lambda mailing: mailing.state == "done" and not mailing.is_ended
        )._reopen()

    @retried
    def _end_dead(self):
        """End the runs that nobody will end any more; committed on return.

        Raw SQL: the locks held are known to PostgreSQL only, whoever holds them.
        """
        with turn_to_claim(self.env):
            dead = self.env.execute_query(
                SQL(
                    """
                    SELECT key, session_count FROM mailing_journal_run run
                     WHERE NOT EXISTS (
                        SELECT FROM pg_locks
                         WHERE locktype = 'advisory' AND granted
                           AND database = (
                               SELECT oid FROM pg_database WHERE datname = current_database())
                           AND classid = %s AND objid = run.id::bigint::oid AND objsubid = 2)
                    """,
                    RUN_LOCK,
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
