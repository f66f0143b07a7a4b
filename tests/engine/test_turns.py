from contextlib import suppress
from unittest.mock import patch

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ...engine import run
from ...engine.turns import turn_to_claim
from ..common import MassEmailCase
from ..real_sessions import RealSessions

SERVER = -77  # none has this number


@tagged("post_install", "-at_install")
class TestTurns(RealSessions, MassEmailCase):
    """Claims take turns, each on the state that the one before has left."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.clean_up)

    def clean_up(self):
        with self.real_env() as env:
            env["mailing.portion.count"]._forget([SERVER])

    def count(self, env):
        env.cr.execute("SELECT count FROM mailing_portion_count WHERE server = %s", [SERVER])
        return env.cr.fetchall()

    def test_who_waited_for_her_turn_sees_what_was_done_in_the_one_before(self):
        seen = []

        def look(env):
            with turn_to_claim(env):
                seen.extend(self.count(env))

        with self.real_env() as env, turn_to_claim(env):
            self.begin(env.cr, look)
            env["mailing.portion.count"]._keep([SERVER], [5])
        self.join()
        self.assertEqual(seen, [(5,)])

    def test_what_is_done_in_a_turn_is_committed_before_the_next_begins(self):
        with self.real_env() as env:
            execute, statuses = env.cr.execute, []

            def look(query, *args, **kwargs):
                if "pg_advisory_unlock" in str(getattr(query, "code", query)):
                    statuses.append(env.cr._cnx.info.transaction_status)
                return execute(query, *args, **kwargs)

            env.cr.execute = look
            with turn_to_claim(env):
                env["mailing.portion.count"]._keep([SERVER], [5])
            del env.cr.execute
        self.assertEqual(statuses, [TRANSACTION_STATUS_IDLE])

    def test_a_turn_that_failed_has_done_nothing_and_is_over(self):
        for statement, error in (("SELECT 1", ValueError), ("SELECT 1 / 0", psycopg2.Error)):
            with self.subTest(statement), self.real_env() as env:
                with suppress(error), turn_to_claim(env):
                    env["mailing.portion.count"]._keep([SERVER], [5])
                    env.cr.execute(statement)
                    raise ValueError
                self.assertEqual(self.count(env), [])
            with self.real_env() as env:
                env.cr.execute("SET LOCAL lock_timeout TO '5s'")
                with turn_to_claim(env):
                    pass

    @mute_logger("odoo.sql_db", "odoo.addons.mass_mailing_campaign.engine.run")
    def test_a_run_that_ends_on_another_connection_holds_nothing_on_its_own(self):
        ended = []

        def end(_results, runs, _mailing):
            runs.env.cr.execute(
                "SELECT FROM mailing_portion_count WHERE server = %s FOR UPDATE NOWAIT", [SERVER]
            )
            ended.append(True)

        with self.real_env() as env:
            env["mailing.portion.count"]._keep([SERVER], [5])
        with (
            self.real_env() as env,
            patch.object(run.Results, "end", end),
            patch.object(run.time, "sleep"),
        ):
            env["mailing.portion.count"]._forget([SERVER])
            run.Run(env["mailing.mailing"], env["ir.mail_server"], "")._end_on_new_connection()
        self.assertEqual(ended, [True])


@tagged("post_install", "-at_install")
class TestLanesAtOnce(RealSessions, TransactionCase):
    """Lanes that begin at the same moment, as all are woken together."""

    def setUp(self):
        super().setUp()
        self.have_lanes(3)
        self.addCleanup(self.have_lanes, 1)

    def have_lanes(self, count):
        with self.real_env() as env:
            env["ir.cron"]._set_lane_count(count)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_a_lane_that_is_too_many_may_go_by_two_jobs_at_once(self):
        with (
            self.real_env() as env,
            patch("odoo.service.model.random.uniform", return_value=0),
        ):
            self.assertEqual(len(env["ir.cron"]._lanes()), 3)  # its transaction begins
            self.start(lambda env: env["ir.cron"]._dismiss_lanes())
            self.join()
            env["ir.cron"]._dismiss_lanes()
            self.assertEqual(len(env["ir.cron"]._lanes()), 1)
