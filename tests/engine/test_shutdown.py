import threading
import time
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ...engine import shutdown


@tagged("post_install", "-at_install")
class TestShutdown(BaseCase):
    """A server that stops waits for its runs, which make haste."""

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(shutdown, "_stopping", threading.Event()))
        self.enterContext(patch.object(shutdown, "_runs", set()))

    def stop(self):
        stopping = threading.Thread(target=shutdown.stop)
        stopping.start()
        return stopping

    def test_a_stop_is_told_to_the_runs_under_way_and_waits_for_the_last_of_them(self):
        with shutdown.waits_for("one run"):
            with shutdown.waits_for("another"):
                self.assertFalse(shutdown.is_stopping())
                began_at, stopping = time.monotonic(), self.stop()
                self.assertTrue(shutdown._stopping.wait(10))
                self.assertTrue(shutdown.is_stopping())
            stopping.join(0.1)
            self.assertTrue(stopping.is_alive())
        stopping.join()
        self.assertLess(time.monotonic() - began_at, shutdown.STOP_SECONDS)

    def test_a_stop_waits_no_longer_than_it_may(self):
        with patch.object(shutdown, "STOP_SECONDS", 0.1), shutdown.waits_for("a run"):
            stopping = self.stop()
            stopping.join(2)
            self.assertFalse(stopping.is_alive())

    def test_a_worker_process_that_was_told_to_end_is_stopping(self):
        class Worker:
            alive = True

            def signal_handler(self):
                pass

        worker = Worker()
        with patch.object(shutdown.signal, "getsignal", lambda _signal: worker.signal_handler):
            self.assertFalse(shutdown.is_stopping())
            worker.alive = False
            self.assertTrue(shutdown.is_stopping())
