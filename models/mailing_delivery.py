# Sending commits on purpose, see the class docstring.
# pylint: disable=invalid-commit
import logging
import smtplib
from collections import namedtuple
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import retrying
from odoo.tools import SQL

from ..delivery.pool import Pool
from ..delivery.token import new_token
from ..delivery.transport import BROKEN, Outcome, Result

_logger = logging.getLogger(__name__)

# Messages claimed, composed and settled together: small enough that little is in doubt after a
# crash, large enough that a claim and a settle weigh little per message.
CHUNK = 100
MAX_ATTEMPTS = 3
# Fewer messages than this per session are sent before another session is up.
MESSAGES_WORTH_A_SESSION = 20
FIRST_RETRY_DELAY = timedelta(minutes=10)

# A queue row this session has claimed.
Claimed = namedtuple("Claimed", "id contact_id email token attempt_count")


class MailingMailing(models.Model):
    """Delivery of mass emails: claim, compose, transmit, settle, chunk after chunk.

    A claim is committed before anything is sent, so that no other session and no later run can
    send the same rows; no transaction is open while the mail server is talked to; what became of
    each message is settled in a transaction of its own. When the session dies in between, its
    rows are in doubt and stay so (see ``mailing.trace``).
    """

    _inherit = "mailing.mailing"

    @api.model
    def _cron_deliver_portions(self):
        """Send what is due, as far as the hourly portion and the time of this run allow."""
        self._release_dead_claims()
        for mailing in self.search(self._due_domain(), order="schedule_date, id"):
            self.env["ir.cron"]._commit_progress(remaining=self._sendable_count())
            try:
                if mailing.state == "in_queue":
                    mailing._build_queue()
                    mailing.state = "sending"
                    self.env["ir.cron"]._commit_progress(remaining=self._sendable_count())
                mailing._deliver()
            except Exception as error:
                # one broken mass email does not hold up the others
                self.env.cr.rollback()
                _logger.exception("Mass email %s failed", mailing.id)
                mailing._stop_for_now(error)
        self.env["ir.cron"]._commit_progress(remaining=self._sendable_count())
        self._trigger_when_portion_frees()

    @api.model
    def _due_domain(self):
        return (
            Domain("delivery_mode", "=", "portions")
            & Domain("state", "in", ("in_queue", "sending"))
            & (Domain("schedule_date", "=", False) | Domain("schedule_date", "<=", "now"))
            & (
                Domain("campaign_id", "=", False)
                | Domain("campaign_id.campaign_status", "!=", "inactive")
            )
        )

    @api.model
    def _sendable_count(self):
        """Return how many messages could be sent right now: what waits, within the portion.

        A cron that reports more is run again at once, one that reports less loses time.
        """
        mailings = self.search(self._due_domain() & Domain("delivery_issue", "=", False))
        [(waiting,)] = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM mailing_trace WHERE %s AND mass_mailing_id = ANY(%s)",
                self._is_waiting(),
                mailings.ids,
            )
        )
        return min(waiting, self._portion_left())

    @api.model
    def _is_waiting(self):
        """SQL condition: a queue row that may be claimed now."""
        return SQL(
            "token IS NOT NULL AND trace_status = 'outgoing'"
            " AND (retry_datetime IS NULL OR retry_datetime <= %s)",
            fields.Datetime.now(),
        )

    def _trigger_delivery(self):
        """Wake the cron for the start dates of these mass emails."""
        now = fields.Datetime.now()
        cron = self.env.ref("mass_mailing_campaign.ir_cron_deliver_portions").sudo()
        cron._trigger([max(mailing.schedule_date or now, now) for mailing in self])

    @api.model
    def _trigger_when_portion_frees(self):
        """Wake the cron when something that waits may go out again."""
        waiting = Domain("token", "!=", False) & Domain("trace_status", "=", "outgoing")
        waiting &= Domain("mass_mailing_id", "any", self._due_domain())
        trace = self.env["mailing.trace"].sudo().search(waiting, order="retry_datetime", limit=1)
        if not trace:
            return
        cron = self.env.ref("mass_mailing_campaign.ir_cron_deliver_portions").sudo()
        if not self._portion_left():
            cron._trigger(self._portion_frees_at())
        elif trace.retry_datetime and trace.retry_datetime > fields.Datetime.now():
            cron._trigger(trace.retry_datetime)

    # ------------------------------------------------------------
    # One mass email
    # ------------------------------------------------------------

    def _deliver(self):
        """Send this mass email's queue until it, the portion or the run's time is used up.

        An error that stops the whole mass email is shown on it, everybody else keeps waiting,
        and the next run tries again.
        """
        self.ensure_one()
        try:
            issue = self._send(self._letter(), lambda: self._claim(CHUNK), self._session_count())
        except (UserError, OSError, smtplib.SMTPException) as error:
            issue = str(error)
        if issue:
            self._stop_for_now(issue)
        else:
            self.delivery_issue = False
            self._finish()

    def _stop_for_now(self, issue):
        self.delivery_issue = str(issue)
        self.env["ir.cron"]._commit_progress()
        _logger.warning("Mass email %s waits: %s", self.id, issue)

    def _session_count(self):
        """Return how many SMTP sessions are worth opening for what waits."""
        parameters = self.env["ir.config_parameter"].sudo()
        wanted = int(parameters.get_param("mass_mailing_campaign.smtp_sessions", 10))
        waiting = min(self.waiting_count, self._portion_left())
        return min(wanted, 1 + waiting // MESSAGES_WORTH_A_SESSION)

    def _send(self, letter, claim, session_count):
        """Send what is claimed, over several sessions, and settle each result as it comes.

        :param letter: the Letter to compose from
        :param claim: called for the next rows; sending ends when it returns none
        :param session_count: SMTP sessions at most
        :return: what stopped the sending, in the server's words; None when nothing did
        """
        run = _Run(self, letter, claim)
        pool = Pool(run.open_session, session_count)
        try:
            for results in pool.deliver(run.messages()):
                run.settle(results)
        finally:
            pool.close()
            run.give_back()
        return run.issue or (run.broken if pool.is_outage else None)

    def _finish(self):
        """Complete this mass email when nobody waits any more."""
        [(waiting,)] = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM mailing_trace WHERE mass_mailing_id = %s"
                " AND token IS NOT NULL AND trace_status IN ('outgoing', 'process')",
                self.id,
            )
        )
        if not waiting:
            self.write(
                {
                    "state": "done",
                    "sent_date": fields.Datetime.now(),
                    "kpi_mail_required": not self.sent_date,
                }
            )

    def _open_session(self):
        """Open an SMTP session through Odoo, so that its servers, filters and log-ins apply."""
        session = self.env["ir.mail_server"]._connect__(
            mail_server_id=self.mail_server_id.id or None, smtp_from=self.email_from
        )
        if session is None:
            raise UserError(self.env._("Sending e-mail is switched off on this server."))
        return session

    # ------------------------------------------------------------
    # Queue rows
    # ------------------------------------------------------------

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
        sent_ids = [result.key for result in results if result.outcome == Outcome.SENT]
        retrying(lambda: self._settle_once(values, sent_ids), self.env)

    @api.model
    def _settle_once(self, values, sent_ids):
        """Raw SQL: one statement for the rows, one for their log lines.

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
        self.env["mailing.trace"].browse(sent_ids)._log_event("sent")

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

    # ------------------------------------------------------------
    # Test
    # ------------------------------------------------------------

    def _send_test(self, contacts):
        """Send this mass email to some people now, whatever its status and start date.

        The messages are marked as tests: they count in the portion, not in the statistics.

        :return: the test traces, settled
        :raise UserError: nothing can be sent, in the user's words
        """
        self.ensure_one()
        claims = iter((contacts, contacts.browse()))
        rows = []

        def claim():
            claimed = self._claim_test(next(claims))
            rows.extend(claimed)
            return claimed

        try:
            self._send(self._letter(), claim, 1)
        except (OSError, smtplib.SMTPException) as error:
            raise UserError(self.env._("The mail server does not answer: %s", error)) from error
        traces = self.env["mailing.trace"].sudo().browse(row.id for row in rows)
        # a test is not tried again, whatever the reason
        traces.filtered(lambda trace: trace.trace_status == "outgoing").trace_status = "error"
        return traces

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


class _Run:
    """One run of sending a mass email: what was claimed, and what became of it.

    :ivar waiting: claimed rows without a result, by id
    :ivar issue: what speaks against going on
    :ivar broken: what broke the last session
    """

    def __init__(self, mailing, letter, claim):
        self.mailing = mailing
        self.env = mailing.env
        self.letter = letter
        self.claim = claim
        self.session = None
        self.waiting = {}
        self.issue = None
        self.broken = None

    def open_session(self):
        self.session = self.mailing._open_session()
        self.env.cr.commit()  # no transaction is open while SMTP waits
        return self.session

    def messages(self):
        """Claim and compose, chunk after chunk, while nothing speaks against it."""
        while rows := self.claim():
            self.waiting.update((row.id, row) for row in rows)
            for message in self._compose(rows):
                if self.issue:
                    return
                if isinstance(message, Result):
                    self.settle([message])
                else:
                    yield message
            time_left = self.env["ir.cron"]._commit_progress(
                len(rows), remaining=self.mailing._sendable_count()
            )
            if self.issue or not time_left:
                return

    def _compose(self, rows):
        try:
            messages = self.letter.compose(rows, self.session)
        except Exception as error:
            # a template may fail in any way
            self.env.cr.rollback()
            _logger.info("Mass email %s cannot be composed", self.mailing.id, exc_info=True)
            self.issue = str(error)
            return []
        self.env.cr.commit()  # no transaction is open while SMTP waits
        return messages

    def settle(self, results):
        """Write down results and see whether the sending can go on."""
        self.mailing._settle([self.waiting.pop(result.key) for result in results], results)
        for result in results:
            if result.outcome in BROKEN:
                self.broken = result.reply
            elif result.outcome == Outcome.REFUSED:
                self.issue = result.reply

    def give_back(self):
        """Return to the queue what was claimed and not sent."""
        if self.waiting:
            reason = self.issue or self.broken or ""
            self.settle([Result(key, Outcome.NOT_SENT, reason) for key in self.waiting])
