import logging

from ..delivery.transport import describe
from . import shutdown
from .job_time import JobTime

_logger = logging.getLogger(__name__)


class Job:
    """One call of a lane by Odoo's cron: sends what is due, one mass email after the other.

    It ends when nothing is due any more, the portion per run or the time of the job is used up,
    or the server stops; and has the lanes woken for when they can go on.
    """

    def __init__(self, env):
        self.env = env
        self._cron = env["ir.cron"]
        self._mailings = env["mailing.mailing"]
        self._time = JobTime(env.context.get("cron_end_time"))

    def work(self):
        with shutdown.waits_for(self):
            self._mailings._hold_in_copy()
            if self._cron._is_too_many():
                return
            self._work()
            # all are woken together: when this one began, those that are too many were at work
            self._cron._dismiss_lanes()

    def _work(self):
        self.env["mailing.journal.run"]._end_dead()
        self.env["mailing.trace"]._take_back_the_future()
        self.env["mailing.trace"]._know_addresses()
        most = self.env["ir.config_parameter"]._mass_email_setting("run_size") or float("inf")
        if self._time.is_worth_it() and self._deliver_due(most) >= most:
            # the next job by the clock goes on
            self._cron._commit_progress(remaining=0)
            return
        self._mailings._complete_ended_queues(self._time)
        self._hand_on()

    def _deliver_due(self, most):
        """Send at most so many messages; return how many were claimed."""
        count = 0
        for mailing in self._mailings.search(
            self._mailings._due_domain(), order="schedule_date, id"
        ):
            if count >= most or self._time.is_over() or shutdown.is_stopping():
                break
            self._cron._commit_progress(remaining=self._mailings._sendable_count())
            count += self._deliver(mailing, most - count)
        return count

    def _deliver(self, mailing, most):
        try:
            # much may have happened since it was found
            if not mailing._is_due():
                return 0
            # what stops it is told to who is responsible
            mailing = mailing.with_context(lang=mailing.user_id.lang)
            return mailing._deliver(most, self._time) if mailing._have_queue(self._time) else 0
        except Exception as error:
            if self.env.cr.closed:
                raise
            # one broken mass email does not hold up the others
            self.env.cr.rollback()
            _logger.exception("Mass email %s failed", mailing.id)
            mailing._stop_for_now(describe(error), mailing._remedy_of(error))
            return 0

    def _hand_on(self):
        """Leave what can be sent at once to the next job, and see that there is one."""
        # first what comes later: what becomes due in between is counted
        self._mailings._wake_for_next_opportunity()
        sendable_count = self._mailings._sendable_count()
        if sendable_count and (shutdown.is_stopping() or not self._time.is_worth_it()):
            # Odoo would go on with what remains up to a minute later, or call this one once more
            self._cron._wake_lanes()
            sendable_count = 0
        self._cron._commit_progress(remaining=sendable_count)
