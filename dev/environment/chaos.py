"""Everything goes wrong at once while a mass email is sent."""

import random
import time

from . import console, lanes
from .cache import REPOSITORY
from .judgement import Judgement
from .measuring import DATABASE, measure
from .office import Office
from .sink import unruly_server

PROCESSES = 2
# What is left after the chaos should not take longer.
REST_SECONDS = 180
# Seconds between two troubles of a kind, on average.
KILL_EVERY = 6
TERMINATE_EVERY = 2
CHANGE_EVERY = 0.5


class Hurried(lanes.Sending):
    """A mass email whose delays are cut short, so that it is over soon."""

    def wake(self):
        # rows that are locked are busy anyway: nobody is waited for
        self.env.postgres.psql(
            f"""
            WITH mailing AS (
                UPDATE mailing_mailing SET retry_datetime = NULL, retry_delay = 0
                 WHERE id IN (SELECT id FROM mailing_mailing
                               WHERE id = {self.mailing} AND retry_datetime IS NOT NULL
                                 FOR UPDATE SKIP LOCKED)
            ), trace AS (
                UPDATE mailing_trace SET retry_datetime = NULL
                 WHERE id IN (SELECT id FROM mailing_trace
                               WHERE mass_mailing_id = {self.mailing}
                                 AND trace_status = 'outgoing' AND retry_datetime IS NOT NULL
                                 FOR UPDATE SKIP LOCKED)
            )
            UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC'
             WHERE id IN (SELECT id FROM ir_cron
                           WHERE active AND nextcall > now() AT TIME ZONE 'UTC'
                             FOR UPDATE SKIP LOCKED)
            """,
            self.database,
        )
        super().wake()

    def claims(self):
        """Every claim of a row: its address, and when the claim looked at the database."""
        return self.read(f"SELECT email, at FROM bench_claim WHERE mailing = {self.mailing}")

    def claims_beside(self):
        """How many claims were made beside the sending: not in their run's own session.

        A run makes its first claim before it sends, in its own.
        """
        [row] = self.read(
            f"""
            SELECT COUNT(DISTINCT (run, number)) AS count
              FROM (SELECT *, FIRST_VALUE(session) OVER (PARTITION BY run ORDER BY number) AS own
                      FROM bench_claim WHERE mailing = {self.mailing}) claim
             WHERE session != own
            """
        )
        return row["count"]


class Trouble:
    """What happens at random moments to those who send."""

    def __init__(self, sending, servers, office, chance):
        self.sending = sending
        self.servers = servers
        self.office = office
        self.chance = chance
        self.count = dict.fromkeys(("kills", "sessions ended", "restarts"), 0)

    def go_on(self, seconds, unharmed):
        """Make trouble for so long, or until nobody waits any more."""
        start = time.monotonic()
        for moment, action in self._plan(seconds, unharmed):
            self.sending.sleep(start + moment - time.monotonic())
            if not self.sending.waiting():
                break
            action()

    def _plan(self, seconds, unharmed):
        actions = [self._change] * round(seconds / CHANGE_EVERY)
        if not unharmed:
            actions += [self._kill] * round(seconds / KILL_EVERY)
            actions += [self._terminate] * round(seconds / TERMINATE_EVERY)
            restarts = self.chance.choice((0, 0, 1, 2))
            # only our own is restarted
            actions += [self._restart] * (restarts if self.sending.env.postgres.cluster else 0)
        moments = (self.chance.uniform(0, seconds) for _action in actions)
        return sorted(zip(moments, actions, strict=True), key=lambda each: each[0])

    def _kill(self):
        lane = self.servers[self.count["kills"] % len(self.servers)]
        lane.kill()
        lane.start()
        self.count["kills"] += 1

    def _terminate(self):
        """End one database session, whosever it is."""
        self.sending.env.postgres.psql(
            "SELECT pg_terminate_backend(pid) FROM ("
            f" SELECT pid FROM pg_stat_activity WHERE datname = '{self.sending.database}'"
            " AND backend_type = 'client backend' ORDER BY random() LIMIT 1) one"
        )
        self.count["sessions ended"] += 1

    def _restart(self):
        self.sending.env.postgres.cluster.restart(self.chance.choice(("fast", "immediate")))
        self.count["restarts"] += 1

    def _change(self):
        if person := self.office.somebody(self.sending):
            self.office.change(person, self.chance)


def play(env, url, seed, args):
    """Send a mass email through chaos, then in peace to its end; return the Judgement.

    :param url: of a server that sends nothing, where recipients and users change their minds
    :param args: recipients; seconds of trouble; and whether those who send stay unharmed
    """
    chance = random.Random(seed)
    manners = _manners(chance, seed, args.short)
    record = env.cache.log("unruly-record")
    console.say(f"\nSeed {seed}: {' '.join(manners)}")
    with unruly_server(env, record, manners) as (port, calm_down):
        begun = measure(
            env,
            "chaos_begin",
            recipients=args.recipients,
            port=port,
            starttls=int("--starttls" in manners),
        )["begin"]
        sending = Hurried(env, DATABASE, begun["mailing"])
        lists = begun["target_list"], begun["excluding_list"]
        office = Office(url, DATABASE, begun["earlier"], *lists)
        with lanes.running(env, DATABASE, PROCESSES, *_small_chunks(env)) as servers:
            sending.wait_for_start()
            trouble = Trouble(sending, servers, office, chance)
            with console.step("Making trouble"):
                trouble.go_on(args.seconds, args.unharmed)
            calm_down()
            with console.step("Sending the rest"):
                _refresh(servers)
                sending.wait_until(sending.is_done, REST_SECONDS)
    console.say(_counted(trouble.count) + "; " + _counted(office.count))
    return Judgement(sending, office.objections, record, args.recipients)


def _small_chunks(env):
    """The options of a server that makes chunks of few, so that its runs claim often."""
    folders = [*env.odoo.addons, env.cache.addon.parent, REPOSITORY / "dev/bench_addons"]
    addons_path = ",".join(map(str, folders))
    return f"--addons-path={addons_path}", "--load=base,rpc,web,small_chunks"


def _manners(chance, seed, is_short):
    """The options of an unruly server."""
    options = {
        "trouble": chance.choice((1, 3, 8)),
        # a server that is slower may leave no time for claims beside the sending
        "milliseconds": chance.choice((10, 30) if is_short else (10, 30, 100)),
        "messages": chance.choice((0, 0, 10, 50)),
        "connections": chance.choice((0, 0, 4, 12)),
        "seed": seed,
    }
    flags = [name for name in ("pipelining", "starttls", "lenient") if chance.random() < 0.5]
    return [f"--{name}={value}" for name, value in options.items()] + [f"--{n}" for n in flags]


def _refresh(servers):
    """Start again politely: a cron thread of Odoo does not survive PostgreSQL's restart."""
    for lane in servers:
        lane.stop()
        lane.start()


def _counted(counts):
    return ", ".join(f"{count} {name}" for name, count in counts.items())
