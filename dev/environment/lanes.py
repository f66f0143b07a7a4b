"""Servers that send, to be killed and started again, and the mass email they send."""

import json
import signal
import time
from contextlib import ExitStack, contextmanager

from . import console, server

# A mass email that is sent by lanes should not take longer.
REST_SECONDS = 900
# Seconds between two calls that wake the servers.
CALL_SECONDS = 0.5


class Lane:
    """An Odoo server with one cron worker, started again whenever it was killed."""

    def __init__(self, env, database, number, *argv):
        self.log = env.cache.log(f"odoo-{database}-{number}")
        self.command, self.options = server.odoo_command(
            env, database, "server", "--no-http", "--max-cron-threads=1", *argv
        )
        self.child = None
        self._stack = None

    def start(self):
        self._stack = ExitStack()
        process = server.process(self.command, self.log, "ab", **self.options)
        self.child = self._stack.enter_context(process)

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.stop()

    def stop(self):
        self._stack.close()


@contextmanager
def running(env, database, count, *argv):
    """So many lanes, whatever becomes of them meanwhile."""
    lanes = [Lane(env, database, number, *argv) for number in range(count)]
    with ExitStack() as stack:
        for lane in lanes:
            lane.log.unlink(missing_ok=True)
            lane.start()
            stack.callback(lane.stop)
        yield lanes


class Sending:
    """A mass email that lanes are sending."""

    def __init__(self, env, database, mailing):
        self.env = env
        self.database = database
        self.mailing = mailing

    def wake(self):
        """Tell the cron workers, who listen since they started, that there is work."""
        self.env.postgres.psql(f"SELECT pg_notify('cron_trigger', '{self.database}')")

    def sleep(self, seconds):
        """Let some time pass for us, not for the lanes."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.wake()
            time.sleep(min(left, CALL_SECONDS))

    def wait_until(self, is_reached, seconds, step=1.0):
        """Wait for something the lanes do; tell whether it came in time."""
        deadline = time.monotonic() + seconds
        while not (reached := is_reached()) and time.monotonic() < deadline:
            self.sleep(step)
        return reached

    def wait_for_start(self):
        title = "Starting the servers"
        with console.step(title):
            if not self.wait_until(lambda: self._count("TRUE"), server.START_SECONDS):
                raise console.StepFailed(title, "read their logs")

    def waiting(self):
        return self._count("trace_status IN ('outgoing', 'process')")

    def is_done(self):
        """Tell whether nobody waits any more, and the mass email knows."""
        query = f"SELECT state FROM mailing_mailing WHERE id = {self.mailing}"
        return not self.waiting() and self.env.postgres.psql(query, self.database) == "done"

    def read(self, query):
        """Return the rows of a query as dictionaries."""
        query = f"SELECT COALESCE(json_agg(row), '[]') FROM ({query}) AS row"
        return json.loads(self.env.postgres.psql(query, self.database))

    def rows(self):
        """What the database says became of everybody."""
        return self.read(
            "SELECT id, res_id, email, trace_status, failure_type, failure_reason, message_id,"
            "       claim_key, attempt_count"
            f"  FROM mailing_trace WHERE token IS NOT NULL AND mass_mailing_id = {self.mailing}"
        )

    def _count(self, condition):
        return int(
            self.env.postgres.psql(
                "SELECT COUNT(*) FROM mailing_trace WHERE token IS NOT NULL"
                f" AND mass_mailing_id = {self.mailing} AND {condition}",
                self.database,
            )
        )


def rate(sending, record, count, recipients):
    """Have so many servers send it to its end.

    :param record: file with a line per message that the mail server took
    :return: messages a second, the first and the last tenth left out: not all send from the start
        to the end
    """
    moments = {}
    share = recipients // 10

    def watch():
        taken = record.read_bytes().count(b"\n")
        moments.setdefault(taken, time.monotonic())
        return taken >= recipients - share

    with running(sending.env, sending.database, count):
        sending.wait_for_start()
        with console.step(f"Sending by {count}"):
            if not sending.wait_until(watch, REST_SECONDS, step=0.2):
                raise console.StepFailed("Sending", "read the logs of the servers")
    known = sorted((taken, at) for taken, at in moments.items() if taken >= share)
    (first, began), (last, ended) = known[0], known[-1]
    return (last - first) / (ended - began)
