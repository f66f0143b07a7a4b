import resource
import threading
import time
import weakref

from odoo.tools import config

from . import shutdown

# Seconds one job sends, at most: long enough that opening sessions weighs little.
JOB_SECONDS = 50
# A job that would have less than this does not begin.
WORTH_A_JOB = 5
# Of the time Odoo allows a worker for all jobs it finds ready: until when messages are handed
# over, and until when the last replies may come. The rest is for settling.
SENDING_SHARE, WIRE_SHARE = 0.6, 0.85
# Seconds of CPU that are left to whatever comes behind, and what of Odoo's limit they are at most.
CPU_RESERVE, RESERVED_SHARE = 12, 0.2

_work = threading.local()


def note_work(cron_cr):
    """Remember since when this thread is at the jobs that it found ready.

    Odoo measures its limits over all of them, not over a single job.

    :param cron_cr: cursor that Odoo has open for as long
    """
    known = getattr(_work, "cron_cr", None)
    if not known or known() is not cron_cr:
        _work.cron_cr = weakref.ref(cron_cr)
        _work.started_at = time.monotonic()
        shutdown.put_off_watchdog()


class JobTime:
    """How long a job of a lane may send, so that it ends in good order before Odoo ends it.

    Odoo kills a worker of a multi-process server, and restarts a threaded one, by real time
    (``limit_time_real_cron``) and CPU time (``limit_time_cpu``) of all the jobs in a row.

    :param cron_end: what Odoo says in the context about the end of this job; None outside of one
    """

    def __init__(self, cron_end=None):
        started_at = time.monotonic()
        if cron_end and hasattr(_work, "cron_cr") and _work.cron_cr():
            started_at = _work.started_at
        limit = config["limit_time_real_cron"]
        limit = limit if limit and limit > 0 else config["limit_time_real"]
        limit = limit or float("inf")
        self._until = min(time.monotonic() + JOB_SECONDS, started_at + limit * SENDING_SHARE)
        self._wire_until = started_at + limit * WIRE_SHARE
        # where a job never has as much, it begins all the same
        self._worth = min(WORTH_A_JOB, limit * SENDING_SHARE / 2)

    def is_worth_it(self):
        """Tell whether there is time enough to begin."""
        return self._until - time.monotonic() >= self._worth and self._cpu_left() > 0

    def is_over(self):
        """Tell whether nothing more may be handed over."""
        return time.monotonic() >= self._until or self._cpu_left() <= 0

    def wire_seconds(self):
        """Return how many seconds what is on the wire may take."""
        return max(self._wire_until - time.monotonic(), 0)

    @staticmethod
    def _cpu_left():
        limit, _hard = resource.getrlimit(resource.RLIMIT_CPU)
        if limit == resource.RLIM_INFINITY:
            return float("inf")
        usage = resource.getrusage(resource.RUSAGE_SELF)
        reserve = min(CPU_RESERVE, config["limit_time_cpu"] * RESERVED_SHARE)
        return limit - usage.ru_utime - usage.ru_stime - reserve
