import smtplib
import threading
import time
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

    def test_sessions_broken_in_a_row_are_an_outage_that_leaves_the_rest_untaken(self):
        self.server.replies["MAIL"] = "hang up"
        results = self.deliver(100, 2)
        self.assertTrue(self.pool.is_outage)
        self.assertLess(len(results), 10)
        self.assertEqual({result.outcome for result in results}, {Outcome.NOT_SENT})

    def test_a_busy_server_is_left_alone_for_growing_times_and_then_for_good(self):
        self.enterContext(patch.object(pool, "FIRST_REST", 0.01))
        for reply in ("421 too many connections", "454 4.7.0 throttled"):
            with self.subTest(reply=reply):
                self.server.replies["MAIL"] = reply
                results = self.deliver(100, 4)
                self.assertTrue(self.pool.is_outage)
                self.assertEqual({result.outcome for result in results}, {Outcome.BUSY})
                # the first four at once, then two, then one by one
                self.assertLessEqual(len(results), 4 + 2 + 1 + 1 + 1)

    def test_a_busy_server_that_recovers_gets_the_rest_over_fewer_sessions(self):
        self.enterContext(patch.object(pool, "FIRST_REST", 0.01))
        self.server.replies["to3@example.com"] = "452 4.3.1 disk full"
        results = self.deliver(20, 4)
        outcomes = {result.key: result.outcome for result in results}
        self.assertEqual(outcomes.pop(3), Outcome.BUSY)
        self.assertEqual(set(outcomes.values()), {Outcome.SENT})
        self.assertEqual(len(outcomes), 19)
        self.assertEqual(self.pool._limit(), 2)

    def test_a_probing_pool_uses_one_session_until_a_message_is_taken(self):
        self.server.replies["DATA"] = "554 spam"
        probing = Pool(self.open_session, 4, probe=True)
        self.addCleanup(probing.close)
        count = 0
        for batch in probing.deliver(self.envelopes(20)):
            count += len(batch)
            if count <= 3:
                self.assertEqual((len(batch), self.opened), (1, 1))
            if count == 3:
                self.server.replies.clear()
        self.assertEqual((count, self.opened), (20, 4))

    def test_a_pool_can_be_closed_when_the_last_results_were_not_written_down(self):
        before = threading.active_count()
        self.pool = Pool(self.open_session, 2)
        for _batch in self.pool.deliver(self.envelopes(10)):
            break
        self.pool.close()
        self.assertEqual(threading.active_count(), before)

    def test_without_patience_no_more_is_taken(self):
        written = []
        self.pool = Pool(self.open_session, 2, patience=lambda: 5 if len(written) >= 4 else None)
        self.addCleanup(self.pool.close)
        for batch in self.pool.deliver(self.envelopes(100)):
            written += batch
        self.assertLess(len(written), 10)
        self.assertEqual(len(self.server.messages), len(written))

    def test_when_patience_ends_what_is_on_the_wire_is_cut_off(self):
        self.server.delays["to1@example.com"] = threading.Event()
        stopping = threading.Event()
        self.pool = Pool(self.open_session, 2, patience=lambda: 0.1 if stopping.is_set() else None)
        self.addCleanup(self.pool.close)
        results = []
        for batch in self.pool.deliver(self.envelopes(100)):
            results += batch
            if len(results) > 5:
                stopping.set()
        outcomes = {result.key: result.outcome for result in results}
        self.assertEqual(outcomes.pop(1), Outcome.NOT_SENT)
        self.assertEqual(set(outcomes.values()), {Outcome.SENT})

    def test_closing_in_the_middle_returns_what_still_came(self):
        self.pool = Pool(self.open_session, 3)
        batch = next(self.pool.deliver(self.envelopes(100)))
        late = self.pool.close()
        self.assertEqual(
            sorted(result.key for result in [*batch, *late]), list(range(len(batch + late)))
        )
        self.assertEqual(len(self.server.messages), len(batch + late))

    def test_a_failure_nobody_foresaw_leaves_its_message_unknown(self):
        with patch.object(pool, "transmit", side_effect=ValueError("surprise")):
            results = self.deliver(1, 1)
        self.assertEqual(
            [(result.outcome, result.reply) for result in results], [(Outcome.UNKNOWN, "surprise")]
        )

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

    def test_open_sessions_do_not_wait_for_others_to_be_opened(self):
        taken = []

        def open_slowly():
            session = self.open_session()
            time.sleep(0.1)
            taken.append(len(self.server.messages))
            return session

        self.pool = Pool(open_slowly, 4)
        self.addCleanup(self.pool.close)
        list(self.pool.deliver(self.envelopes(20)))
        self.assertGreater(taken[3], 3)

    def test_a_session_is_renewed_after_many_messages(self):
        self.enterContext(patch.object(pool, "MESSAGES_PER_SESSION", 2))
        self.deliver(5, 1)
        self.assertEqual(self.opened, 3)
