# Sending commits on purpose, see the class docstring.
# pylint: disable=invalid-commit
import logging
import smtplib
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..delivery.pool import Pool
from ..delivery.transport import BROKEN, Outcome, Result

_logger = logging.getLogger(__name__)

# Messages claimed and composed together: large enough that a claim weighs little per message,
# small enough that who opts out is looked at again shortly before she would be mailed.
CHUNK = 200
# How far back a run looks for messages sent by a run that was killed before it could log them.
LOG_REPAIR = timedelta(days=1)
# How many waiting messages are counted at most when a run reports what is left.
ENOUGH_TO_GO_ON = 10_000
# Fewer messages than this per session are sent before another session is up.
MESSAGES_WORTH_A_SESSION = 20


class MailingMailing(models.Model):
    """Delivery of mass emails: claim, compose, transmit, settle.

    Rows are claimed chunk by chunk (``mailing_claim``), composed in this thread
    (``mailing_letter``) and sent by SMTP sessions in others (``delivery.pool``); each result is
    settled before its session gets the next message. No transaction is open while the mail
    server is talked to.
    """

    _inherit = "mailing.mailing"

    @api.model
    def _cron_deliver_portions(self):
        """Send what is due, as far as the hourly portion and the time of this run allow."""
        self._release_dead_claims()
        self._log_what_was_sent()
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
    def _log_what_was_sent(self):
        """Add the log lines that a killed run could not add any more.

        Raw SQL: answered from the index of the hourly portion, usually with nothing.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM mailing_trace trace
                 WHERE portion_datetime > %s AND sent_datetime IS NOT NULL
                   AND NOT EXISTS (
                    SELECT FROM mailing_trace_event
                     WHERE trace_id = trace.id AND event_type = 'sent')
                """,
                fields.Datetime.now() - LOG_REPAIR,
            )
        )
        self.env["mailing.trace"].browse(trace_id for (trace_id,) in rows)._log_event("sent")

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

        A cron that reports more than there is runs again in vain, one that reports nothing loses
        time. It does not matter how many are many.
        """
        mailings = self.search(self._due_domain() & Domain("delivery_issue", "=", False))
        [(sendable,)] = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM (SELECT FROM mailing_trace"
                " WHERE %s AND mass_mailing_id = ANY(%s) LIMIT %s) sendable",
                self._is_waiting(),
                mailings.ids,
                min(self._portion_left(), ENOUGH_TO_GO_ON),
            )
        )
        return sendable

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
            run.finish()
        return run.issue or (run.broken if pool.is_outage else None)

    def _finish(self):
        """Complete this mass email when nobody waits any more."""
        waiting = self.env.execute_query(
            SQL(
                "SELECT FROM mailing_trace WHERE mass_mailing_id = %s"
                " AND token IS NOT NULL AND trace_status IN ('outgoing', 'process') LIMIT 1",
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


class _Run:
    """One run of sending a mass email: what was claimed, and what became of it.

    :ivar waiting: claimed rows without a result, by id
    :ivar on_wire: those of them that were handed to an SMTP session
    :ivar sent_ids: messages sent and not logged yet
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
        self.on_wire = set()
        self.sent_ids = []
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
                    self.on_wire.add(message.key)
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
        self.mailing._settle([self.waiting[result.key] for result in results], results)
        for result in results:
            del self.waiting[result.key]
            self.on_wire.discard(result.key)
            if result.outcome in BROKEN:
                self.broken = result.reply
            elif result.outcome == Outcome.REFUSED:
                self.issue = result.reply
            elif result.outcome == Outcome.SENT:
                self.sent_ids.append(result.key)
        if len(self.sent_ids) >= CHUNK:
            self.log()

    def log(self):
        """Log what was sent; chunk by chunk, since a log line weighs more than a settle."""
        self.env["mailing.trace"].browse(self.sent_ids)._log_event("sent")
        self.env.cr.commit()
        self.sent_ids = []

    def finish(self):
        """Log the rest; return to the queue what was claimed and not handed to a session.

        When an error ended the run, what was on the wire may have been delivered: it is in doubt.
        """
        self.log()
        if self.waiting:
            reason = self.issue or self.broken or ""
            self.settle(
                [
                    Result(
                        key,
                        Outcome.UNKNOWN if key in self.on_wire else Outcome.NOT_SENT,
                        reason,
                    )
                    for key in self.waiting
                ]
            )
