# Results are committed on purpose: others must see them at once.
# pylint: disable=invalid-commit
from contextlib import contextmanager, suppress

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.turns import (
    RUN_LOCK,
    autocommitted,
    make_unlogged,
    notice_broken_connections,
    prepared_statements,
    retried,
    turn_to_claim,
)


class MailingJournalRun(models.Model):
    """A run of sending for as long as it lasts, and what became of the rows it claimed.

    Written before its first claim, deleted with its last settle. While it lives, the database
    session of its acknowledgements holds an advisory lock. A run whose lock is free was killed;
    the next run of whatever process settles what it acknowledged, puts in doubt what it had begun,
    at most one message per SMTP session, and returns the rest of its claims to the queue.

    The journal is unlogged: PostgreSQL empties it when it recovers from a crash of its own. So
    where a run is there, all its acknowledgements are; and rows claimed by a run that is not
    there are in doubt, every one.
    """

    _name = "mailing.journal.run"
    _description = "Journal of Sending: Run"
    _rec_name = "key"
    _log_access = False

    key = fields.Char(required=True, readonly=True)

    _key_uniq = models.UniqueIndex("(key)")

    def init(self):
        make_unlogged(self.env.cr, self._table)

    # ------------------------------------------------------------
    # While it lives
    # ------------------------------------------------------------

    @contextmanager
    def _alive(self, key):
        """Write a run to the journal, and keep it alive within the context.

        :return: cursor for acknowledgements and for what else must not open a transaction. It is
            a database session of its own, each statement of which is committed by itself: a
            commit in the session of the run would empty the caches of the ORM
        """
        with (
            self.env.registry.cursor() as cr,
            autocommitted(cr),
            prepared_statements(self.env),
        ):
            notice_broken_connections(cr)
            self.env["mailing.journal.ack"]._prepare(cr)
            # locked before it is seen, or others would take it for dead
            cr.execute("SELECT nextval('mailing_journal_run_id_seq')")
            [run_id] = cr.fetchone()
            cr.execute("SELECT pg_advisory_lock(%s, %s)", [RUN_LOCK, run_id])
            try:
                cr.execute(
                    "INSERT INTO mailing_journal_run (id, key) VALUES (%s, %s)", [run_id, key]
                )
                yield cr
            finally:
                with suppress(psycopg2.Error):
                    cr.execute("SELECT pg_advisory_unlock(%s, %s)", [RUN_LOCK, run_id])
                    cr.commit()

    @api.model
    def _is_known(self, key):
        """Tell whether a run is in the journal."""
        return bool(
            self.env.execute_query(SQL("SELECT FROM mailing_journal_run WHERE key = %s", key))
        )

    # ------------------------------------------------------------
    # End
    # ------------------------------------------------------------

    def _end(self, key, after=0):
        """End a run in good order, which knows what became of all that it handed over; committed.

        Who ends the mass email at this moment does not see yet who comes back to the queue, nor
        does the end of the run see hers: it looks once more.

        :param after: id of the acknowledgement that was settled last
        """
        self._end_known(key, after)
        self._cancel_ended()

    @retried
    def _end_known(self, key, after):
        """Settle and end a run; committed on return.

        When PostgreSQL crashed meanwhile, others may have put all it claimed in doubt: it knows
        better. The journal was emptied then, and may count its acknowledgements anew.
        """
        after = after if self._is_known(key) else 0
        self._end_claims(key, after, knows_better=True)

    @retried
    def _cancel_ended(self):
        """Cancel who waits in mass emails that a user ended; committed on return."""
        self.env["mailing.trace"]._cancel_ended()

    @api.model
    def _end_claims(self, key, after=0, is_dead=False, is_lost=False, knows_better=False):
        """Settle the last results of a run, and give up or give back the rest of its claims.

        Raw SQL: one statement for all. What can have been on the wire is in doubt, and may have
        left until now; the rest goes back to the queue. Tests do not when their run is dead:
        whoever sent them waits no more.

        :param after: id of the acknowledgement that was settled last
        :param is_dead: whether those that were begun can have been on the wire
        :param is_lost: whether all can have been on the wire
        :param knows_better: judge once more those that others put in doubt
        """
        self.env["mailing.journal.ack"]._settle_acknowledged(key, after)
        rows = self.env.execute_query(
            SQL(
                """
                WITH begun AS MATERIALIZED (
                    SELECT begun_trace_id AS id, begun_claim_number AS claim_number
                      FROM mailing_journal_ack
                     WHERE %(is_dead)s AND run_key = %(run)s AND begun_trace_id IS NOT NULL
                ), judged AS (
                    SELECT id, %(is_lost)s
                           OR (id, claim_number) IN (SELECT id, claim_number FROM begun)
                           AS is_doubtful,
                           is_test_trace IS TRUE AND %(is_dead)s AS is_failed
                      FROM mailing_trace
                     WHERE claim_key = %(run)s
                       AND (trace_status = 'process' OR %(knows_better)s
                            AND trace_status = 'error' AND failure_type = 'in_doubt')
                )
                UPDATE mailing_trace trace
                   SET trace_status = CASE WHEN is_doubtful OR is_failed
                           THEN 'error' ELSE 'outgoing' END,
                       failure_type = CASE WHEN is_doubtful THEN 'in_doubt' END,
                       failure_reason = CASE WHEN is_doubtful OR is_failed THEN %(reason)s END,
                       attempt_count = attempt_count - (NOT is_doubtful)::int,
                       portion_datetime = CASE WHEN is_doubtful THEN %(now)s::timestamp
                           WHEN portion_places > 1 THEN portion_datetime END,
                       portion_places = portion_places
                           - (NOT is_doubtful AND portion_places > 1)::int,
                       claim_key = CASE WHEN is_doubtful THEN claim_key END
                  FROM judged
                 WHERE trace.id = judged.id
             RETURNING trace.mass_mailing_id, trace.trace_status
                """,
                run=key,
                now=fields.Datetime.now(),
                is_dead=is_dead,
                is_lost=is_lost,
                knows_better=knows_better,
                reason=self.env._("The server stopped while this message was being sent."),
            )
        )
        self.env.cr.execute(SQL("DELETE FROM mailing_journal_ack WHERE run_key = %s", key))
        self.env.cr.execute(SQL("DELETE FROM mailing_journal_run WHERE key = %s", key))
        if any(status == "error" for _mailing, status in rows):
            self.env["mailing.portion.count"]._forget()
        traces = self.env["mailing.trace"]
        traces.invalidate_model()
        traces._settle_what_came_back(SQL("trace.claim_key = %s", key))
        traces._cancel_ended()
        self.env["mailing.mailing"].browse(
            {mailing_id for mailing_id, status in rows if mailing_id and status == "outgoing"}
        )._go_on()

    @retried
    def _end_dead(self):
        """End the runs that nobody will end any more; committed on return.

        Raw SQL: the locks held are known to PostgreSQL only, whoever holds them.
        """
        with turn_to_claim(self.env):
            dead = self.env.execute_query(
                SQL(
                    """
                    SELECT key FROM mailing_journal_run run
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
            for (key,) in dead:
                self._end_claims(key, is_dead=True)
            for (key,) in lost:
                self._end_claims(key, is_lost=True)
