# Sending commits on purpose, see Sender.
# pylint: disable=invalid-commit
import logging
import smtplib
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.base.models.ir_cron import MIN_TIME_PER_JOB
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.service.model import retrying
from odoo.tools import SQL, config

from .. import shutdown
from ..delivery.transport import describe
from .mailing_sender import CHUNK, Sender

_logger = logging.getLogger(__name__)

# Seconds a run of the cron sends, at most: long enough that opening sessions weighs little.
RUN_SECONDS = 50
# How many waiting messages are counted at most when a run reports what is left.
ENOUGH_TO_GO_ON = 10_000
# Fewer messages than this per session are sent before another session is up.
MESSAGES_WORTH_A_SESSION = 20
# A mass email in trouble is tried again after a minute, and after twice as long each further time.
FIRST_RETRY_DELAY = timedelta(minutes=1)
LONGEST_RETRY_DELAY = timedelta(hours=1)


class MailingMailing(models.Model):
    """Delivery of mass emails: which are due, when the cron runs, and what stops them.

    Several crons, the lanes, may be at it at the same time, in one server or in many: they share
    even the queue of a single mass email. How one run sends is told by ``Sender``.
    """

    _inherit = "mailing.mailing"

    is_paused = fields.Boolean("Paused", readonly=True, copy=False)
    retry_datetime = fields.Datetime("Next Attempt", readonly=True, copy=False)
    retry_delay = fields.Integer("Minutes to Next Attempt", readonly=True, copy=False)

    @api.model
    def _cron_deliver_portions(self):
        """Send what is due, as far as the limits and the time of this run allow."""
        run_until = self._run_until()
        budget = self._setting("run_size") or float("inf")
        self._end_dead_runs()
        for mailing in self.search(self._due_domain(), order="schedule_date, id"):
            if budget <= 0 or time.monotonic() >= run_until or shutdown.is_stopping():
                break
            self.env["ir.cron"]._commit_progress(remaining=self._sendable_count())
            try:
                if mailing._is_queue_built():
                    budget -= mailing._deliver(budget, run_until)
            except Exception as error:
                # one broken mass email does not hold up the others
                self.env.cr.rollback()
                _logger.exception("Mass email %s failed", mailing.id)
                mailing._stop_for_now(error)
        if budget <= 0:
            # the next run by the clock goes on
            self.env["ir.cron"]._commit_progress(remaining=0)
            return
        self.env["ir.cron"]._commit_progress(remaining=self._sendable_count())
        self._trigger_at_next_opportunity()

    @api.model
    def _run_until(self):
        """Return when this run has to end, by the monotonic clock.

        Odoo kills a job that exceeds its limit, and runs the method several times in one job.
        """
        limit = config["limit_time_real_cron"]
        limit = limit if limit and limit > 0 else config["limit_time_real"]
        seconds = min(RUN_SECONDS, limit / 2) if limit else RUN_SECONDS
        job_end = self.env.context.get("cron_end_time")
        start = job_end - MIN_TIME_PER_JOB if job_end else time.monotonic()
        return start + seconds

    @api.model
    def _due_domain(self):
        if not self._within_sending_hours():
            return Domain.FALSE
        return self._active_domain() & (
            (Domain("schedule_date", "=", False) | Domain("schedule_date", "<=", "now"))
            & (Domain("retry_datetime", "=", False) | Domain("retry_datetime", "<=", "now"))
        )

    @api.model
    def _active_domain(self):
        """Mass emails that go out without anybody's doing, now or later."""
        return (
            Domain("delivery_mode", "=", "portions")
            & Domain("state", "in", ("in_queue", "sending"))
            & Domain("is_paused", "=", False)
            & (
                Domain("campaign_id", "=", False)
                | Domain("campaign_id.campaign_status", "!=", "inactive")
            )
        )

    def _is_due(self):
        self.invalidate_recordset()
        return bool(self.search_count(self._due_domain() & Domain("id", "=", self.id)))

    @api.model
    def _sendable_count(self):
        """Return how many messages could be sent right now.

        A cron that reports more than there is runs again in vain, one that reports nothing loses
        time. It does not matter how many are many.
        """
        count = 0
        for mailing in self.search(self._due_domain()):
            if count < ENOUGH_TO_GO_ON:
                count += mailing._claimable_count(ENOUGH_TO_GO_ON)
        return count

    # ------------------------------------------------------------
    # One mass email
    # ------------------------------------------------------------

    def _is_queue_built(self):
        """Build the queue if nobody has; not when another lane is at it."""
        if self.state == "sending":
            return True
        if not self.try_lock_for_update() or self.state != "in_queue":
            return False
        self._build_queue()
        self.state = "sending"
        self.env["ir.cron"]._commit_progress(remaining=self._sendable_count())
        return True

    def _deliver(self, budget=float("inf"), run_until=float("inf")):
        """Send this mass email's queue until it, a limit or the run's time is used up.

        An error that stops the whole mass email is shown on it, everybody else keeps waiting,
        and it is tried again after a growing delay.

        :param budget: messages to be sent at most
        :param run_until: moment of the monotonic clock to stop at
        :return: how many messages were sent
        """
        self.ensure_one()
        left = budget

        def claim(run):
            nonlocal left
            rows = self._claim(run, min(CHUNK, left))
            left -= len(rows)
            return rows

        sender = None
        try:
            sender = Sender(
                self,
                self._letter(),
                claim,
                self._session_count(),
                lambda: time.monotonic() < run_until and self._is_due(),
            )
            issue = sender.run()
        except UserError as error:
            issue = str(error)
        except (OSError, smtplib.SMTPException) as error:
            issue = self._no_session(error)
        if issue:
            self._stop_for_now(issue, is_first=bool(sender and sender.sent_count))
        else:
            if self.delivery_issue or self.retry_datetime:
                self._write_now(delivery_issue=False, retry_datetime=False, retry_delay=0)
            self._finish()
        return budget - left

    def _stop_for_now(self, issue, is_first=False):
        """Show what stops this mass email, and let it wait: longer each time it happens again."""
        delay = FIRST_RETRY_DELAY
        if self.retry_delay and not is_first:
            delay = min(2 * timedelta(minutes=self.retry_delay), LONGEST_RETRY_DELAY)
        self._write_now(
            delivery_issue=issue,
            retry_delay=delay // timedelta(minutes=1),
            retry_datetime=fields.Datetime.now() + delay,
        )
        _logger.warning("Mass email %s waits %s: %s", self.id, delay, issue)

    def _no_session(self, error):
        server = self._mail_server().display_name or self.env._("the mail server")
        return f"{server}: {describe(error)}"

    def _write_now(self, **values):
        """Write and commit, whatever another lane or a user writes meanwhile."""
        retrying(lambda: self.write(values), self.env)

    def _session_count(self):
        """Return how many SMTP sessions are worth opening for what waits."""
        wanted = self._setting("smtp_sessions")
        if limit := self._mail_server().mass_email_session_count:
            wanted = min(wanted, limit)
        waiting = self._claimable_count(wanted * MESSAGES_WORTH_A_SESSION)
        return min(wanted, 1 + waiting // MESSAGES_WORTH_A_SESSION)

    def _finish(self):
        """Complete this mass email when nobody waits any more; the lanes take turns."""
        with self._claiming():
            waiting = self.env.execute_query(
                SQL(
                    "SELECT FROM mailing_trace WHERE mass_mailing_id = %s"
                    " AND token IS NOT NULL AND trace_status IN ('outgoing', 'process') LIMIT 1",
                    self.id,
                )
            )
            self.invalidate_recordset()
            if not waiting and self.state == "sending":
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
    # Pause
    # ------------------------------------------------------------

    def action_pause(self):
        """Stop sending, within about a second; what was sent stays sent."""
        self.is_paused = True

    def action_resume(self):
        """Go on sending."""
        self.is_paused = False
        self._trigger_delivery()

    def action_try_now(self):
        """Do not wait any longer for what stopped these mass emails."""
        self.write({"retry_datetime": False, "retry_delay": 0})
        self._trigger_delivery()

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

        def claim(run):
            claimed = self._claim_test(run, next(claims))
            rows.extend(claimed)
            return claimed

        try:
            Sender(self, self._letter(), claim, session_count=1).run()
        except (OSError, smtplib.SMTPException) as error:
            reason = self._no_session(error)
            raise UserError(self.env._("The mail server does not answer: %s", reason)) from error
        traces = self.env["mailing.trace"].sudo().browse(row.id for row in rows)
        # a test is not tried again, whatever the reason
        traces.filtered(lambda trace: trace.trace_status == "outgoing").trace_status = "error"
        return traces
