import logging
import smtplib
import time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, split_every

from ...delivery.transport import describe
from ...engine.beside import Beside
from ...engine.job import Job
from ...engine.limits import Limits, SendingHours
from ...engine.run import CHUNK, WIRE_SECONDS, Run
from ...engine.troubles import explained
from ...engine.turns import retried, turn_to_claim
from ..status.mailing_mailing import NO_TROUBLE

_logger = logging.getLogger(__name__)

# How many waiting messages are counted at most when a lane reports what is left.
ENOUGH_TO_GO_ON = 10_000
# Fewer messages than this per session are sent before another session is up.
MESSAGES_WORTH_A_SESSION = 20
# A run claims what leaves within so many seconds, but so many at first and at least, and no more
# than so many chunks: who opts out is looked at again shortly before she would be mailed, and what
# a crash of PostgreSQL puts in doubt is little.
CLAIM_SECONDS, FEWEST, MOST_CHUNKS = 2, 50, 4
# The states from which a mass email goes on without anybody's doing.
UNDER_WAY = ("in_queue", "sending")


class MailingMailing(models.Model):
    """Sending mass emails: which are due, what a lane does when it runs, and what stops it.

    Several lanes may be at it at the same time, in one server or in many: they share even the
    queue of a single mass email. How one run sends is told by ``engine.run.Run``.
    """

    _inherit = "mailing.mailing"

    is_under_way = fields.Boolean(compute="_compute_is_under_way")
    is_paused = fields.Boolean("Paused", readonly=True, copy=False)
    paused_by_id = fields.Many2one("res.users", readonly=True, copy=False)

    @api.depends("state")
    def _compute_is_under_way(self):
        for mailing in self:
            mailing.is_under_way = mailing.state in UNDER_WAY

    @api.model
    def _cron_deliver_portions(self):
        """Send what is due, whoever the scheduler user is, as limits and time of this job allow."""
        Job(self.sudo().env).work()

    # ------------------------------------------------------------
    # Due
    # ------------------------------------------------------------

    @api.model
    def _active_domain(self):
        """Mass emails that go out without anybody's doing, now or later."""
        return (
            Domain("delivery_mode", "=", "portions")
            & Domain("state", "in", UNDER_WAY)
            & Domain("is_paused", "=", False)
            & (
                Domain("campaign_id", "=", False)
                | Domain("campaign_id.campaign_status", "!=", "inactive")
                & Domain("campaign_id.active", "=", True)
            )
        )

    @api.model
    def _due_domain(self):
        """Mass emails that go out right now."""
        if not SendingHours(self.env).are_open():
            return Domain.FALSE
        return self._active_domain() & (
            (Domain("schedule_date", "=", False) | Domain("schedule_date", "<=", "now"))
            & (Domain("retry_datetime", "=", False) | Domain("retry_datetime", "<=", "now"))
        )

    def _is_due(self, mail_server=None):
        """Tell whether this mass email goes out right now; one statement.

        :param mail_server: one that has to be in use: neither archived nor deleted
        """
        self.invalidate_recordset()
        due = self._due_domain() & Domain("id", "=", self.id)
        if mail_server:
            in_use = mail_server._search([("id", "=", mail_server.id)])
            due &= Domain.custom(to_sql=lambda *_table: SQL("EXISTS %s", in_use.subselect()))
        return bool(self.search_count(due))

    @api.model
    def _sendable_count(self):
        """Return how many messages could be sent right now.

        A cron that reports more than there is runs again in vain, one that reports nothing loses
        time. It does not matter how many are many.
        """
        count = 0
        for mailing in self.search(self._due_domain()):
            if count < ENOUGH_TO_GO_ON:
                count += self.env["mailing.trace"]._claimable_count(
                    mailing, mailing._limits(), ENOUGH_TO_GO_ON
                )
        return count

    def _limits(self):
        mail_server, _address = self.env["ir.mail_server"]._for_mass_email(self)
        return Limits(self.env, mail_server)

    # ------------------------------------------------------------
    # One mass email
    # ------------------------------------------------------------

    def _deliver(self, most=float("inf"), job_time=None):
        """Send this mass email's queue until it, a limit or the job's time is used up.

        An error that stops the whole mass email is shown on it, everybody else keeps waiting,
        and it is tried again after a growing delay.

        :param most: messages to be sent at most
        :param JobTime job_time: how long it may take; None for as long as it takes
        :return: how many messages were claimed
        """
        self.ensure_one()
        mail_server, address = self.env["ir.mail_server"]._for_mass_email(self)
        run = Run(self, mail_server, address)
        try:
            letter = self._letter()
        except UserError as error:
            self._stop_for_now(describe(error), "letter")
            return 0
        try:
            issue = run.send(
                letter,
                self._claims(run, most),
                self._session_count(run),
                lambda: self._stops_in(run, job_time),
            )
            remedy = run.remedy
        except UserError as error:
            issue, remedy = describe(error), "server"
        except (OSError, smtplib.SMTPException) as error:
            issue, remedy = mail_server._describe_failure(error), self._remedy_of(error)
        if issue:
            self._stop_for_now(issue, remedy, is_first=bool(run.sent_count))
        else:
            if self.delivery_issue or self.retry_datetime:
                self._write_now(**NO_TROUBLE)
            self._finish()
        return run.claimed_count

    def _claims(self, run, most):
        """Yield what a run claims of this mass email's queue, chunk by chunk.

        Where chunks leave in no time several are claimed together, for a quarter of a claim is
        planning it, and beside the sending of what was claimed before.
        """
        claimed, size = 0, FEWEST
        claim = self._next_claim(run, min(size, most))
        try:
            while rows := claim.result():
                claimed += len(rows)
                claimed_at = time.monotonic()
                *chunks, last = split_every(CHUNK, rows)
                yield from chunks
                if is_fast := size > CHUNK:
                    claim = self._next_claim(run, min(size, most - claimed))
                    claim.begin()
                yield last
                a_second = len(rows) / max(time.monotonic() - claimed_at, 0.001)
                size = int(min(max(FEWEST, a_second * CLAIM_SECONDS), MOST_CHUNKS * CHUNK))
                if not is_fast:
                    claim = self._next_claim(run, min(size, most - claimed))
        finally:
            claim.wait()

    def _next_claim(self, run, size):
        """Return a claim that is still to be done."""
        return Beside(
            self.env,
            lambda env: size > 0 and env["mailing.trace"]._claim(self.with_env(env), run, size),
        )

    def _stops_in(self, run, job_time):
        """Return None to send on, else how many seconds what is on the wire may take."""
        if self._is_due(run.mail_server) and not (job_time and job_time.is_over()):
            return None
        return job_time.wire_seconds() if job_time else WIRE_SECONDS

    def _session_count(self, run):
        """Return how many SMTP sessions are worth opening for what waits."""
        wanted = run.mail_server._mass_email_sessions()
        waiting = self.env["mailing.trace"]._claimable_count(
            self, run.limits, wanted * MESSAGES_WORTH_A_SESSION
        )
        return min(wanted, 1 + waiting // MESSAGES_WORTH_A_SESSION)

    @retried
    def _write_now(self, **values):
        """Write and commit, whatever another lane or a user writes meanwhile."""
        self.write(values)

    @retried
    def _finish(self):
        """Complete this mass email when nobody waits any more; the lanes take turns."""
        with turn_to_claim(self.env):
            traces = self.env["mailing.trace"]
            is_finished = self.state == "sending" and not any(traces._unfinished(self))
            if is_finished and not traces._hand_on(self):
                self._move_to(
                    "done",
                    sent_date=fields.Datetime.now(),
                    kpi_mail_required=not self.sent_date,
                )

    def _go_on(self):
        """Messages came back to the queue: what was taken for complete is not, unless ended."""
        complete = self.filtered(lambda mailing: mailing.state == "done" and not mailing.is_ended)
        if complete:
            complete._reopen()

    def _reopen(self):
        """Go on sending, for messages were put back in the queue."""
        self._move_to("sending", **NO_TROUBLE)
        self.action_try_now()

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
        mail_server, address = self.env["ir.mail_server"]._for_mass_email(self)
        run = Run(self, mail_server, address)
        rows = []

        def claims():
            rows.extend(self.env["mailing.trace"]._claim_tests(self, run, contacts))
            yield rows

        try:
            issue = run.send(self._letter(), claims(), session_count=1)
        except (OSError, smtplib.SMTPException) as error:
            reason = explained(self.env, mail_server._describe_failure(error))
            raise UserError(self.env._("The mail server does not answer: %s", reason)) from error
        traces = self.env["mailing.trace"].sudo().browse(row.id for row in rows)
        # a test is not tried again, whatever the reason
        for trace in traces.filtered(lambda trace: trace.trace_status == "outgoing"):
            reason = trace.failure_reason or issue or self.env._("Sending was interrupted.")
            trace.write({"trace_status": "error", "failure_reason": reason})
        return traces
