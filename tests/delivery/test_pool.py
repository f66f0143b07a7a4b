import smtplib
import threading
from unittest import TestCase
from unittest.mock import patch

from odoo.addons.mass_mailing_campaign.delivery import pool
from odoo.addons.mass_mailing_campaign.delivery.envelope import Envelope
from odoo.addons.mass_mailing_campaign.delivery.pool import Pool
from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome

from ..smtp_server import SmtpServer


class TestPool(TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.enterContext(SmtpServer())
        self.opened = 0
        self.port = self.server.port

    def open_session(self):
        session = smtplib.SMTP("127.0.0.1", self.port, timeout=5)
        session.ehlo()
        self.opened += 1
        return session

    def envelopes(self, count):
        for key in range(count):
            content = b"Subject: Hi\r\n\r\nHello\r\n"
            yield Envelope(key, "from@example.com", f"to{key}@example.com", "<1@x>", content)

    def deliver(self, count, size):
        self.pool = Pool(self.open_session, size)
        self.addCleanup(self.pool.close)
        return [result for batch in self.pool.deliver(self.envelopes(count)) for result in batch]

    def test_every_envelope_gets_one_result(self):
        results = self.deliver(50, 4)
        self.assertEqual(sorted(result.key for result in results), list(range(50)))
        self.assertEqual({result.outcome for result in results}, {Outcome.SENT})
        self.assertEqual(len(self.server.messages), 50)
        self.assertEqual(self.opened, 4)

    def test_no_more_is_on_the_wire_than_sessions_before_results_are_written_down(self):
        self.pool = Pool(self.open_session, 3)
        self.addCleanup(self.pool.close)
        taken = 0

        def counted():
            nonlocal taken
            for envelope in self.envelopes(30):
                taken += 1
                yield envelope

        written = 0
        for batch in self.pool.deliver(counted()):
            self.assertLessEqual(taken - written, 3)
            written += len(batch)
        self.assertEqual(written, 30)

    def test_a_broken_session_is_replaced(self):
        self.server.replies["to3@example.com"] = "hang up"
        results = self.deliver(10, 1)
        outcomes = {result.key: result.outcome for result in results}
        self.assertEqual(outcomes.pop(3), Outcome.NOT_SENT)
        self.assertEqual(set(outcomes.values()), {Outcome.SENT})
        self.assertEqual(self.opened, 2)

    def test_an_outage_ends_early_and_leaves_the_rest_untaken(self):
        self.server.replies["MAIL"] = "421 going down"
        results = self.deliver(100, 2)
        self.assertTrue(self.pool.is_outage)
        self.assertLess(len(results), 10)
        self.assertEqual({result.outcome for result in results}, {Outcome.NOT_SENT})

    def test_an_unreachable_server_is_an_error(self):
        self.port = 9
        with self.assertRaises(OSError):
            self.deliver(1, 1)

    def test_a_server_that_wants_fewer_sessions_gets_fewer(self):
        open_session = self.open_session

        def two_sessions():
            if self.opened == 2:
                raise smtplib.SMTPConnectError(421, b"too many connections")
            return open_session()

        self.open_session = two_sessions
        self.assertEqual(len(self.deliver(20, 10)), 20)

    def test_a_slow_session_does_not_hold_the_others(self):
        release = threading.Event()
        self.addCleanup(release.set)
        self.server.delays["to0@example.com"] = release
        self.pool = Pool(self.open_session, 2)
        self.addCleanup(self.pool.close)
        seen = []
        for batch in self.pool.deliver(self.envelopes(10)):
            seen += [result.key for result in batch]
            if len(seen) == 9:
                self.assertNotIn(0, seen)
                release.set()
        self.assertEqual(sorted(seen), list(range(10)))

    def test_a_session_is_renewed_after_many_messages(self):
        self.enterContext(patch.object(pool, "MESSAGES_PER_SESSION", 2))
        self.deliver(5, 1)
        self.assertEqual(self.opened, 3)
