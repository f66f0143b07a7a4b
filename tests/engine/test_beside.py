import threading
from unittest.mock import patch

from psycopg2.pool import PoolError

from odoo.tests import tagged

from ...engine.beside import Beside
from ..common import MassEmailCase


def session(env):
    env.cr.execute("SELECT pg_backend_pid()")
    return env.cr.fetchone()[0]


@tagged("post_install", "-at_install")
class TestBeside(MassEmailCase):
    """Claims and settles beside the sending."""

    def test_work_has_a_session_of_its_own_and_the_sending_goes_on(self):
        may_end = threading.Event()
        work = Beside(self.env, lambda env: may_end.wait(10) and session(env))
        work.begin()
        self.assertTrue(work.is_under_way)
        may_end.set()
        self.assertNotEqual(work.result(), session(self.env))
        self.assertFalse(work.is_under_way)

    def test_what_it_raised_is_raised_where_the_result_is_asked_for(self):
        def fail(_env):
            raise ValueError("broken")

        work = Beside(self.env, fail)
        work.begin()
        work.wait()
        with self.assertRaisesRegex(ValueError, "broken"):
            work.result()

    def test_where_all_share_a_session_it_is_done_when_asked_for(self):
        done = []
        with self.committing(self.campaign) as committing:
            work = Beside(committing.env, done.append)
            work.begin()
            work.wait()
            self.assertFalse(work.is_under_way or done)
            work.result()
        self.assertEqual(len(done), 1)

    def test_where_no_thread_is_to_be_had_it_is_done_when_asked_for(self):
        work = Beside(self.env, session)
        with patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start")):
            work.begin()
        self.assertFalse(work.is_under_way)
        work.wait()
        self.assertEqual(work.result(), session(self.env))

    def test_where_no_session_is_to_be_had_it_is_done_when_asked_for(self):
        work = Beside(self.env, session)
        with patch.object(type(self.env.registry), "cursor", side_effect=PoolError("full")):
            work.begin()
            work.wait()
        self.assertEqual(work.result(), session(self.env))
