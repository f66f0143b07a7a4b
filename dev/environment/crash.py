"""Kill servers and PostgreSQL while they send, and see whether anybody got mail twice or none."""

import collections
import random
import signal
import time
from contextlib import ExitStack

from . import console, server

PROCESSES = 2
SESSIONS = 10
# What is left after the kills should not take longer.
REST_SECONDS = 600


class Lane:
    """An Odoo server with one cron worker, started again whenever it was killed."""

    def __init__(self, env, database, number):
        self.log = env.cache.log(f"odoo-{database}-{number}")
        self.command, self.options = server.odoo_command(
            env, database, "server", "--no-http", max_cron_threads=1
        )
        self.child = None
        self._stack = None

    def start(self):
        self._stack = ExitStack()
        process = server.process(self.command, self.log, **self.options)
        self.child = self._stack.enter_context(process)

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.stop()

    def stop(self):
        self._stack.close()


def wake(env, database):
    """Tell the cron workers, who listen since they started, that there is work."""
    env.postgres.psql(f"SELECT pg_notify('cron_trigger', '{database}')")


def waiting(env, database, mailing):
    return int(
        env.postgres.psql(
            "SELECT COUNT(*) FROM mailing_trace WHERE token IS NOT NULL"
            f" AND mass_mailing_id = {mailing} AND trace_status IN ('outgoing', 'process')",
            database,
        )
    )


def rage(env, database, mailing, record, kills, restarts, seed):
    """Kill the servers in turn, again and again, at random moments of a mass email under way.

    :param record: file with a line per message that the mail server took
    :param restarts: of PostgreSQL, every other one a crash, before the kills
    :return: kills, and seconds a server took to stop when it was asked politely
    """
    chance = random.Random(seed)
    lanes = [Lane(env, database, number) for number in range(PROCESSES)]
    done = 0
    with ExitStack() as stack:
        for lane in lanes:
            lane.start()
            stack.callback(lambda lane=lane: lane.stop())
        _wait_for_start(env, database, mailing)
        for number in range(restarts):
            _let_pass(env, database, record, chance.randint(50, 600))
            env.postgres.cluster.restart("immediate" if number % 2 else "fast")
        with console.step(f"Killing servers {kills} times"):
            while done < kills and waiting(env, database, mailing):
                _let_pass(env, database, record, chance.randint(50, 600))
                _sleep_awake(env, database, chance.random())
                lane = lanes[done % PROCESSES]
                lane.kill()
                lane.start()
                done += 1
        with console.step("Stopping a server politely"):
            _sleep_awake(env, database, 6)
            start = time.monotonic()
            lanes[0].child.send_signal(signal.SIGTERM)
            lanes[0].child.wait()
            seconds = time.monotonic() - start
        with console.step("Sending the rest"):
            deadline = time.monotonic() + REST_SECONDS
            while waiting(env, database, mailing):
                _sleep_awake(env, database, 2)
                if time.monotonic() > deadline:
                    raise console.StepFailed("Sending the rest", "read the log", lanes[1].log)
    return done, seconds


def _wait_for_start(env, database, mailing):
    with console.step("Starting the servers"):
        deadline = time.monotonic() + server.START_SECONDS
        count = f"SELECT COUNT(*) FROM mailing_trace WHERE mass_mailing_id = {mailing}"
        while env.postgres.psql(count, database) == "0":
            _sleep_awake(env, database, 1)
            if time.monotonic() > deadline:
                raise console.StepFailed("Starting the servers", "read their logs")


def _let_pass(env, database, record, messages):
    """Wait until the mail server has taken so many more messages."""
    goal = len(record.read_text().splitlines()) + messages
    deadline = time.monotonic() + server.START_SECONDS
    while len(record.read_text().splitlines()) < goal and time.monotonic() < deadline:
        _sleep_awake(env, database, 0.1)


def _sleep_awake(env, database, seconds):
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        wake(env, database)
        time.sleep(min(left, 0.5))


def judge(traces, received):
    """Compare what the database says with what the mail server took.

    :return: recipients served twice, recipients lost, rows in doubt, most rows in doubt of a run
    """
    copies = collections.Counter(received)
    twice = [address for address, count in copies.items() if count > 1]
    lost = [
        trace["email"]
        for trace in traces
        if trace["failure_type"] != "in_doubt" and not copies[trace["email"]]
    ]
    doubtful = [trace for trace in traces if trace["failure_type"] == "in_doubt"]
    by_run = collections.Counter(trace["claim_key"] for trace in doubtful)
    return twice, lost, doubtful, max(by_run.values(), default=0)
