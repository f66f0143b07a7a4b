"""Lets runs of sending end well when the Odoo server stops, or would end its worker.

Of Odoo's threads those of the cron are not waited for when a threaded server stops: so a stop
waits here, a few seconds, for the runs under way. A worker process of a multi-process server ends
behind its job, whenever that is: its runs look whether they should make haste.
"""

import signal
import threading
from contextlib import contextmanager

from odoo.service.server import CommonServer

# Seconds a stop waits for the runs under way.
STOP_SECONDS = 4.5
# Seconds that what is on the wire has when the server stops; the rest is for settling.
STOP_WIRE_SECONDS = 2.5

_stopping = threading.Event()
_runs = set()
_run_ended = threading.Condition()


def is_stopping():
    """Tell whether this process was asked to stop."""
    return _stopping.is_set() or not getattr(_worker(), "alive", True)


def put_off_watchdog():
    """Have the server count from now how long this worker process, if it is one, is at its work.

    It counts since the worker fell asleep, which may be more than a minute ago.
    """
    if multi := getattr(worker := _worker(), "multi", None):
        multi.pipe_ping(worker.watchdog_pipe)


def _worker():
    """Return the worker of a multi-process server that this process is; else no such thing."""
    return getattr(signal.getsignal(signal.SIGINT), "__self__", None)


@contextmanager
def waits_for(run):
    """Let the server's stop wait for a run."""
    _runs.add(run)
    try:
        yield
    finally:
        with _run_ended:
            _runs.discard(run)
            _run_ended.notify_all()


def stop():
    """Ask the runs under way to end, and wait for them."""
    _stopping.set()
    with _run_ended:
        _run_ended.wait_for(lambda: not _runs, STOP_SECONDS)


# on import: once per process, whatever databases it serves
CommonServer.on_stop(stop)
