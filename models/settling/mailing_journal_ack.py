import re

from odoo import api, models
from odoo.tools import SQL

from ...delivery.bounce import Kind, find_status, judge
from ...delivery.transport import Outcome
from ...engine.turns import make_durable, retried

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
# So many broken sessions count as an attempt: it may be the message that breaks them.
SETBACKS_OF_AN_ATTEMPT = 3
# A server that refuses most of the last recipients for good, whatever their domain, has lost its
# way or its directory; one that defers most is out of order: so many results of a run are looked
# at, and so many of so many domains are not about the recipients.
LAST_RESULTS, MANY_RESULTS, MANY_DOMAINS = 100, 5, 3
# What is a setback when it happens to most, with the words it comes by: deferred, but not for an
# address or a mailbox (RFC 3463), and refused. So many last a day; then it is the message's affair.
SETBACKS_OF_MOST = {Outcome.DEFERRED: "^4.. (?!4[.][12][.])", Outcome.REFUSED: ""}
SETBACKS_OF_A_DAY = 30
# So many last five days. Then a server that is busy costs attempts, too: somebody must know some
# day that nobody gets it (RFC 5321, section 4.5.4.1).
SETBACKS_OF_FIVE_DAYS = 126


class MailingJournalAck(models.Model):
    """What becomes of messages by the results that their runs wrote down."""

    _inherit = "mailing.journal.ack"

    @retried
    def _settle(self, key, after):
        """Settle, whatever is written to the same messages meanwhile; committed on return.

        :return: id of the last acknowledgement settled; None when the run is not in the journal
            any more: in a session that began after a crash of PostgreSQL, it is empty
        """
        settled = self._settle_acknowledged(key, after)
        return settled if self.env["mailing.journal.run"]._is_known(key) else None

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
        last = self._last_results(key)
        of_most = [
            outcome
            for outcome, words in SETBACKS_OF_MOST.items()
            if self._said_of_most(last, outcome, words)
        ]
        rows = self.env.execute_query(self._settling(key, after, of_most))
        traces = self.env["mailing.trace"]
        traces.invalidate_model()
        sent = [row[0] for row in rows if row[2] == Outcome.SENT.value]
        traces.browse(sent)._log_event("sent")
        if others := [row[0] for row in rows if row[2] != Outcome.SENT.value]:
            # an earlier copy may have been opened meanwhile
            traces._settle_what_came_back(SQL("trace.id = ANY(%s)", others))
        self.env["mailing.mailing"].browse({row[5] for row in rows} - {None})._go_on()
        failures = [
            (address, kind is Kind.FINAL, reply, trace_id)
            for trace_id, _ack_id, outcome, address, reply, _mailing_id in rows
            if address and (kind := _failure_of_address(outcome, reply))
        ]
        addresses = self.env["mailing.address"].sudo()
        has_final = any(is_final for _address, is_final, *_more in failures)
        if has_final and (refused := self._said_of_most(last, Outcome.BAD_ADDRESS, "^5")):
            failures = [(address, False, *more) for address, _is_final, *more in failures]
            addresses._take_back(refused)
        addresses._receive_failures(failures)
        return max((row[1] for row in rows), default=after)

    @api.model
    def _settling(self, key, after, of_most=()):
        """SQL statement that carries results over to messages.

        Each message is looked up by its id, whatever the planner takes the run to have claimed:
        what it knows of claims is what somebody's ANALYZE met at its moment, mostly none, and it
        would go through all results for each of them.

        :param of_most: outcomes that are setbacks, too, for they happen to most
        :return: SQL; it returns message, acknowledgement, outcome, address when that failed, reply,
            mass email when the message was in doubt and waits again
        """
        return SQL(
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
                       -- a test is tried once
                       trace.is_test_trace IS TRUE
                       OR attempt.counts AND trace.attempt_count >= %(max_attempts)s AS is_last
                  FROM mailing_journal_ack ack
                  JOIN LATERAL (
                    SELECT * FROM mailing_trace WHERE id = ack.trace_id OFFSET 0
                 ) trace
                    ON trace.claim_key = ack.run_key AND trace.claim_number = ack.claim_number
                 CROSS JOIN LATERAL (
                    SELECT ack.outcome IN %(setbacks)s AS is_one,
                           COALESCE(trace.setback_count, 0) AS before
                 ) setback
                 CROSS JOIN LATERAL (
                    SELECT NOT setback.is_one OR CASE ack.outcome
                           WHEN 'not_sent'
                           THEN (setback.before + 1) %% %(setbacks_of_an_attempt)s = 0
                           WHEN 'busy' THEN setback.before >= %(setbacks_of_five_days)s
                           ELSE setback.before >= %(setbacks_of_a_day)s END AS counts
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
                 CROSS JOIN LATERAL (
                    SELECT status, reason
                      FROM (VALUES %(verdicts)s) verdict (outcome, is_last, status, reason)
                     WHERE verdict.outcome = judged.outcome
                       AND (verdict.is_last IS NULL OR verdict.is_last = judged.is_last)
                     LIMIT 1  -- so that the first, by far the most frequent, is all it reads
                 ) verdict
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
                       THEN told.ack_datetime
                       WHEN trace.portion_places > 1 THEN trace.portion_datetime END,
                   portion_places = trace.portion_places
                       - (told.outcome NOT IN ('sent', 'unknown')
                          AND trace.portion_places > 1)::int,
                   retry_datetime = CASE WHEN told.status = 'outgoing'
                       THEN told.ack_datetime
                          + make_interval(mins => told.retry_minutes::int) END,
                   attempt_count = trace.attempt_count - (NOT told.counts)::int,
                   setback_count = told.before + told.is_one::int,
                   claim_key = NULL
              FROM told
             WHERE trace.id = told.id
         RETURNING trace.id, told.ack_id, told.outcome,
                   CASE WHEN told.is_news AND told.status = 'error' THEN trace.email END,
                   told.reply,
                   CASE WHEN told.trace_status = 'error' AND told.status = 'outgoing'
                             AND is_news THEN trace.mass_mailing_id END
            """,
            first_retry=FIRST_MESSAGE_RETRY_MINUTES,
            longest_retry=LONGEST_MESSAGE_RETRY_MINUTES,
            first_setback=FIRST_SETBACK_MINUTES,
            longest_setback=LONGEST_SETBACK_MINUTES,
            setbacks=tuple(outcome.value for outcome in (*SETBACKS, *of_most)),
            setbacks_of_an_attempt=SETBACKS_OF_AN_ATTEMPT,
            setbacks_of_a_day=SETBACKS_OF_A_DAY,
            setbacks_of_five_days=SETBACKS_OF_FIVE_DAYS,
            verdicts=SQL(", ").join(
                SQL("(%s, %s::boolean, %s, %s)", outcome.value, *verdict)
                for outcome, *verdict in VERDICTS
            ),
            run=key,
            after=after,
            max_attempts=self.env["ir.config_parameter"]._mass_email_setting("max_attempts"),
        )

    @api.model
    def _said_of_most(self, last, outcome, words):
        """Return the messages of which a run's server said something of late, as it does of most.

        :param last: the last results of the run
        :param words: regular expression of what it said
        :return: ids of messages; empty when what it says is about their addresses
        """
        told = [
            (trace_id, (email or "").partition("@")[2])  # she may be erased by now
            for trace_id, email, said, reply in last
            if said == outcome.value and re.search(words, reply or "")
        ]
        are_many = len(told) >= max(MANY_RESULTS, len(last) / 2)
        domains = {domain for _id, domain in told} - {""}
        are_many &= len(domains) >= MANY_DOMAINS
        return [trace_id for trace_id, _domain in told] if are_many else []

    @api.model
    def _last_results(self, key):
        """Return the last results of a run: id and address of the message, outcome, reply."""
        return self.env.execute_query(self._looking_up_last_results(key))

    @api.model
    def _looking_up_last_results(self, key):
        """SQL query of :meth:`_last_results`.

        However many PostgreSQL takes the run to have, it reads no more than these, and looks up
        their messages: what is ordered by two columns, though the first is the same in all, nothing
        but the run's index has in order, and of a limit that it does not know it expects a tenth.
        Materialized, how to find them is not decided by what looking up that tenth would cost.
        """
        return SQL(
            """
            WITH last AS MATERIALIZED (
                SELECT trace_id, outcome, reply FROM mailing_journal_ack
                 WHERE run_key BETWEEN %(run)s AND %(run)s AND outcome IS NOT NULL
                 ORDER BY run_key DESC, id DESC
                 LIMIT (SELECT %(count)s)
            )
            SELECT trace.id, trace.email, last.outcome, last.reply
              FROM last
             CROSS JOIN LATERAL (
                SELECT id, email FROM mailing_trace WHERE id = last.trace_id OFFSET 0
             ) trace
            """,
            run=key,
            count=LAST_RESULTS,
        )


def _failure_of_address(outcome, reply):
    """Return FINAL or TEMPORARY when a message failed for its address; else None."""
    of_address = (Outcome.BAD_ADDRESS.value, Outcome.DEFERRED.value)
    if outcome not in of_address or not reply.startswith(("4", "5")):  # else it is our own
        return None
    kind = judge(find_status(reply), [reply]) or Kind.TEMPORARY
    return None if kind is Kind.POLICY else kind
