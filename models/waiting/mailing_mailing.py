from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...engine.limits import SendingHours
from ...engine.moments import in_words, until
from ...engine.replica import read_from_replica
from ...engine.troubles import explained
from ..sending.mailing_mailing import UNDER_WAY

# When to see whether another run, that has claimed the last rows, or builds the queue, is still
# alive.
LOOK_AFTER_OTHERS = timedelta(minutes=1)


class MailingMailing(models.Model):
    """Why nothing of a mass email goes out right now, in one sentence, and when it may go on.

    What only its user can end comes first, what ends by itself last.
    """

    _inherit = "mailing.mailing"

    is_start_past = fields.Boolean(compute="_compute_is_start_past")

    @api.depends("schedule_date", "state")
    def _compute_is_start_past(self):
        """A draft whose start date is over goes out at once, which its user may not expect."""
        now = fields.Datetime.now()
        for mailing in self:
            start = mailing.schedule_date
            mailing.is_start_past = mailing.state == "draft" and bool(start) and start < now

    @read_from_replica
    def get_progress(self):
        """Return what the screens say of mass emails beside their figures.

        No fields: Odoo reads all of a mailing's fields whenever somebody writes to it, and takes
        words in braces for expressions.

        :return: a list of ``{"id", "name", "reason", "forecast", "subject", "preview"}``; what is
            not to be said is False
        """
        self.check_access("read")
        return [
            {
                "id": mailing.id,
                "name": mailing.display_name,
                "reason": mailing._why_waiting(),
                "forecast": mailing.state == "sending"
                and not mailing.is_queue_partial
                and mailing._forecast(mailing.waiting_count),
                "subject": mailing._sample("subject"),
                "preview": mailing._sample("preview"),
            }
            for mailing in self._mass_emails()
        ]

    def _why_waiting(self):
        """Return why nothing of it goes out right now; False when it does, or is not to."""
        self.ensure_one()
        if self.delivery_mode != "portions" or not self.is_under_way:
            return False
        return (
            self._why_somebody_stopped_it()
            or self._why_trouble()
            or self._why_not_yet()
            or self._why_no_lane()
            or self._why_no_queue()
            or self._why_portion()
            or self._why_others()
        )

    def _why_somebody_stopped_it(self):
        if self.is_paused:
            name = self.paused_by_id.sudo().name
            if name:
                return self.env._("Paused by %s: it waits until somebody resumes it.", name)
            return self.env._("Paused: it waits until somebody resumes it.")
        if not self.active:
            return self.env._("Archived: it waits until somebody unarchives it.")
        campaign = self.campaign_id.sudo()
        if campaign and not campaign.active:
            return self.env._(
                "The campaign “%s” is archived: nothing goes out until it is unarchived.",
                campaign.title,
            )
        if campaign.campaign_status == "inactive":
            return self.env._(
                "The campaign “%s” is inactive: nothing goes out until it is active again.",
                campaign.title,
            )
        return False

    def _why_trouble(self):
        if not self.delivery_issue:
            return False
        issue = explained(self.env, self.delivery_issue)
        if self.retry_datetime and self.retry_datetime > fields.Datetime.now():
            return self.env._(
                "%(issue)s Next attempt %(moment)s.",
                issue=issue if issue.endswith((".", "!", "?")) else f"{issue}.",
                moment=in_words(self.env, self.retry_datetime),
            )
        return self.env._("It is tried again right now. Before, it was stopped by: %s", issue)

    def _why_not_yet(self):
        now = fields.Datetime.now()
        if self.schedule_date and self.schedule_date > now:
            return self.env._("It starts %s.", in_words(self.env, self.schedule_date))
        return SendingHours(self.env).why_closed() or False

    def _why_no_lane(self):
        lanes = self.env["ir.cron"]._lanes()
        if not lanes:
            return self.env._(
                "The scheduled action that sends mass emails was deleted. Saving the settings of "
                "Email Marketing brings it back."
            )
        if not (running := lanes.filtered("active")):
            return self.env._(
                "The scheduled action “%s” is switched off: an administrator can activate it.",
                lanes[0].name,
            )
        if running == (without_user := running._of_archived_user()):
            return self.env._(
                "The scheduled action “%(name)s” does not run, for its user, %(user)s, is "
                "archived: an administrator can give it another one.",
                name=without_user[0].name,
                user=without_user[0].user_id.name,
            )
        if all(lane.failure_count for lane in running):
            return self.env._(
                "The scheduled action “%(name)s” failed %(count)s times in a row: an "
                "administrator should look for its error in the server's log.",
                name=running[0].name,
                count=running[0].failure_count,
            )
        if since := running._overdue_since():
            return self.env._(
                "The scheduled action “%(name)s” should have run %(moment)s and did not: an "
                "administrator should see whether Odoo runs scheduled actions.",
                name=running[0].name,
                moment=in_words(self.env, since),
            )
        return False

    def _why_no_queue(self):
        if not self.is_queue_partial:
            return False
        return self.env._("Its queue is being built. When all members are in it, the first get it.")

    def _why_portion(self):
        limits = self._limits()
        now = fields.Datetime.now()
        if not limits.left():
            return self.env._(
                "The hourly portion is used up until %s.", until(self.env, limits.frees_at())
            )
        claim_at = self.env["mailing.trace"]._next_claim_at(self, limits)
        if not claim_at or claim_at <= now:
            return False
        if limits.domain_portion:
            return self.env._(
                "Who still waits is mailed from %s on: the portion of their domain is used up, or "
                "their mail server was busy.",
                until(self.env, claim_at),
            )
        return self.env._(
            "Who still waits is tried again %s: their mail server deferred the message.",
            in_words(self.env, claim_at),
        )

    def _why_others(self):
        due = self._due_domain()
        before = self._before(fields.Datetime.now()).filtered_domain(due)
        waiting = before.filtered(
            lambda mailing: (
                mailing.state == "in_queue" or any(self.env["mailing.trace"]._unfinished(mailing))
            )
        )
        if not waiting:
            return False
        if len(waiting) > 1:
            return self.env._("%s mass emails go first.", len(waiting))
        if waiting.sudo(False).has_access("read"):
            return self.env._("“%s” goes first.", waiting.display_name)
        return self.env._("Another mass email goes first.")

    # ------------------------------------------------------------
    # Waking the lanes
    # ------------------------------------------------------------

    def _wake_lanes(self):
        """Have the lanes run at the start dates of those of these that are under way."""
        now = fields.Datetime.now()
        under_way = self.filtered_domain(
            Domain("delivery_mode", "=", "portions") & Domain("state", "in", UNDER_WAY)
        )
        moments = [max(each.schedule_date or now, now) for each in under_way]
        if moments:
            self.env["ir.cron"]._wake_lanes(moments)

    @api.model
    def _wake_for_next_opportunity(self):
        """Have the lanes run when something that waits may go out again."""
        now = fields.Datetime.now()
        active = self.search(self._active_domain())
        moments = [mailing._next_opportunity() for mailing in active]
        if later := [moment for moment in moments if moment > now]:
            self.env["ir.cron"]._wake_lanes(min(later))

    def _next_opportunity(self):
        """Return when this mass email may send the next time, or be completed."""
        now = fields.Datetime.now()
        hours = SendingHours(self.env)
        if self.state == "in_queue" or self.is_queue_partial:
            moment = max(filter(None, [self.schedule_date, self.retry_datetime, hours.open_at()]))
            # a lane is at its queue, or a user who saves it holds it up
            return moment if moment > now else now + LOOK_AFTER_OTHERS
        claim_at = self.env["mailing.trace"]._next_claim_at(self, self._limits())
        if not claim_at:
            _waiting, on_wire = self.env["mailing.trace"]._unfinished(self)
            if on_wire:
                return now + LOOK_AFTER_OTHERS
        return max(filter(None, [claim_at, self.retry_datetime, hours.open_at()]))
