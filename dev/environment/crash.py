"""Kill servers and PostgreSQL while they send, and see whether anybody got mail twice or none."""

import collections
import contextlib
import random
import signal
import subprocess
import time

from . import console, lanes, server
from .judgement import Account

PROCESSES = 2
SESSIONS = 10
# What is left after the kills should not take longer.
REST_SECONDS = 600


def rage(sending, record, kills, restarts, seed):
    """Kill the servers in turn, again and again, at random moments of a mass email under way.

    :param record: file with a line per message that the mail server took
    :param restarts: of PostgreSQL, every other one a crash, before the kills
    :return: kills, and seconds a server took to stop when it was asked politely
    """
    chance = random.Random(seed)
    done = 0
    with lanes.running(sending.env, sending.database, PROCESSES) as servers:
        sending.wait_for_start()
        if restarts:
            _restart(sending, record, restarts, chance)
        with console.step(f"Killing servers {kills} times"):
            while done < kills and sending.waiting():
                _let_pass(sending, record, chance.randint(50, 600))
                sending.sleep(chance.random())
                lane = servers[done % PROCESSES]
                lane.kill()
                lane.start()
                done += 1
        with console.step("Stopping a server politely"):
            sending.sleep(6)
            start = time.monotonic()
            servers[0].child.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                servers[0].child.wait(server.STOP_SECONDS)
            seconds = time.monotonic() - start
        with console.step("Sending the rest"):
            if not sending.wait_until(sending.is_done, REST_SECONDS):
                raise console.StepFailed("Sending the rest", "read the log", servers[1].log)
    return done, seconds


def _restart(sending, record, restarts, chance):
    with console.step(f"Restarting PostgreSQL {restarts} times"):
        for number in range(restarts):
            _let_pass(sending, record, chance.randint(50, 600))
            sending.env.postgres.cluster.restart("immediate" if number % 2 else "fast")


def _let_pass(sending, record, messages):
    """Wait until the mail server has taken so many more messages."""
    goal = len(record.read_text().splitlines()) + messages
    sending.wait_until(
        lambda: len(record.read_text().splitlines()) >= goal, server.START_SECONDS, step=0.1
    )


def judge(rows, received):
    """Compare what the database says with what the mail server took.

    :return: recipients served twice, recipients lost, rows in doubt, most rows in doubt of a run
    """
    account = Account(rows, received)
    account.tell()
    doubtful = account.unknown()
    by_run = collections.Counter(row["claim_key"] for row in doubtful)
    return account.twice(), account.missed(), doubtful, max(by_run.values(), default=0)
