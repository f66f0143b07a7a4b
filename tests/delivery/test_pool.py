import collections
import contextlib
import itertools
import math
import smtplib
import socket
import threading
import time
from unittest import TestCase
from unittest.mock import Mock, patch

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery import allowance, pool
from odoo.addons.mass_mailing_campaign.delivery.envelope import Envelope
from odoo.addons.mass_mailing_campaign.delivery.line import Line
from odoo.addons.mass_mailing_campaign.delivery.pool import Pool
from odoo.addons.mass_mailing_campaign.delivery.reply import Outcome, Result
from odoo.addons.mass_mailing_campaign.delivery.transport import Conversation

from ..smtp_server import SmtpServer


class TestPool(TestCase):
    pipelining = False
    not_held = 9  # of ten messages, by the session that has one

    def setUp(self):
        super().setUp()
        self.server = self.enterContext(SmtpServer(self.pipelining))
        self.sessions = []
        self.port = self.server.port

    @property
    def opened(self):
        return len(self.sessions)

    def open_session(self):
        session = smtplib.SMTP("127.0.0.1", self.port, timeout=5)
        session.ehlo()
        self.sessions.append(session)
        return session

    def envelopes(self, count):
        for key in range(count):
            content = b"Subject: Hi\r\n\r\nHello\r\n"
            yield Envelope(key, "from@example.com", f"to{key}@example.com", "<1@x>", content)

    def make_pool(self, size, open_session=None, **options):
        self.pool = Pool(open_session or self.open_session, size, **options)
        self.addCleanup(self.pool.close)
        return self.pool

    def deliver(self, count, size):
        batches = self.make_pool(size).deliver(self.envelopes(count))
        results = [result for batch in batches for result in batch]
        self.pool.close()  # sessions that are still being opened count, too
        return results

    def test_a_stop_without_a_time_limit_is_a_stop(self):
        pool = self.make_pool(1)
        for batch in pool.deliver(self.envelopes(20)):
            if batch:
                pool.stop_within(math.inf)
        self.assertEqual(len(self.server.messages), 1)

    def test_what_is_begun_is_not_sent_when_the_pool_is_stopped_meanwhile(self):
        pool = self.make_pool(1)
        begun = []
        for batch in pool.deliver(self.envelopes(20)):
            begun += batch.begun
            pool.stop_within(5)
        self.assertEqual((begun, pool.close(), self.server.messages), ([0], [], []))

    def test_a_server_that_drips_its_farewell_holds_nobody_up(self):
        listener = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        client = socket.create_connection(listener.getsockname())
        server = self.enterContext(listener.accept()[0])

        drips = iter(range(50))

        def drip():
            with contextlib.suppress(OSError):
                for _drip in drips:
                    server.sendall(b"2")
                    time.sleep(0.1)

        session = smtplib.SMTP(timeout=5)
        session.sock = client
        self.enterContext(patch.object(pool, "FAREWELL_SECONDS", 0.2))
        pool_ = self.make_pool(1, first=session)
        threading.Thread(target=drip, daemon=True).start()
        pool_.close()
        self.assertTrue([*drips], "it went on")
        self.assert_all_closed()

    def assert_all_closed(self):
        names = [thread.name for thread in threading.enumerate()]
        self.assertNotIn("smtp-session", names)
        self.assertFalse([session for session in self.sessions if session.sock])

    def test_every_envelope_gets_one_result(self):
        results = self.deliver(50, 4)
        self.assertEqual(sorted(result.key for result in results), list(range(50)))
        self.assertEqual({result.outcome for result in results}, {Outcome.SENT})
        self.assertEqual(len(self.server.messages), 50)
        self.assertEqual(self.opened, 4)

    def test_no_more_is_on_the_wire_than_sessions_before_results_are_written_down(self):
        pool = self.make_pool(3)
        begun, written = [], 0
        for batch in pool.deliver(self.envelopes(30)):
            self.assertLessEqual(len(self.server.messages), len(begun))
            written += len(batch)
            begun += batch.begun
            self.assertLessEqual(len(begun) - written, 3)
        self.assertEqual((written, sorted(begun)), (30, list(range(30))))

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

    def test_a_server_that_answers_and_closes_is_no_outage(self):
        for key in range(0, 20, 2):
            self.server.replies[f"to{key}@example.com"] = "550 no such user"
        self.server.replies["RSET"] = "hang up"
        results = self.deliver(20, 1)
        outcomes = [result.outcome for result in results]
        self.assertEqual(outcomes, 10 * [Outcome.BAD_ADDRESS, Outcome.SENT])
        self.assertEqual(self.opened, 10 + 1)

    def test_a_busy_server_is_left_alone_for_growing_times_and_then_for_good(self):
        self.enterContext(patch.object(allowance, "FIRST_REST", 0.001))
        for reply in ("421 too many connections", "454 4.7.0 throttled"):
            with self.subTest(reply=reply):
                self.server.replies["MAIL"] = reply
                results = self.deliver(100, 4)
                self.assertTrue(self.pool.is_outage)
                self.assertEqual({result.outcome for result in results}, {Outcome.BUSY})
                # the first four at once, then two, then one by one
                self.assertLessEqual(len(results), 4 + 2 + allowance.RESTS_OF_AN_OUTAGE - 2)

    def test_a_busy_server_that_recovers_gets_the_rest_over_fewer_sessions(self):
        self.enterContext(patch.object(allowance, "FIRST_REST", 0.01))
        self.server.replies["to3@example.com"] = "452 4.3.1 disk full"
        results = self.deliver(20, 4)
        outcomes = {result.key: result.outcome for result in results}
        self.assertEqual(outcomes.pop(3), Outcome.BUSY)
        self.assertEqual(set(outcomes.values()), {Outcome.SENT})
        self.assertEqual(len(outcomes), 19)
        self.assertEqual(self.pool._allowance.limit, 2)

    def test_who_is_left_goes_out_after_a_rest(self):
        self.enterContext(patch.object(allowance, "FIRST_REST", 0.01))
        self.server.replies["to0@example.com"] = "421 later"
        outcomes = [result.outcome for result in self.deliver(2, 1)]
        self.assertEqual(outcomes, [Outcome.BUSY, Outcome.SENT])

    def test_a_server_that_takes_what_it_gets_gets_all_sessions_again(self):
        self.enterContext(patch.object(allowance, "FIRST_REST", 0.001))
        self.enterContext(patch.object(allowance, "MESSAGES_TO_GROW", 5))
        self.server.replies["to3@example.com"] = "452 4.3.1 disk full"
        limits = []
        for _batch in self.make_pool(4).deliver(self.envelopes(60)):
            limits.append(self.pool._allowance.limit)
        self.assertEqual(sorted(set(limits)), [2, 3, 4])
        self.assertEqual((limits[0], limits[-1]), (4, 4))

    def test_a_limit_per_session_costs_nothing_but_new_sessions(self):
        self.enterContext(patch.object(allowance, "FIRST_REST", 60))
        self.server.limit = 5
        for reply, lost in (("421 enough", Outcome.BUSY), ("hang up", Outcome.NOT_SENT)):
            with self.subTest(reply):
                self.sessions.clear()
                self.server.replies["limit"] = reply
                outcomes = collections.Counter(result.outcome for result in self.deliver(60, 3))
                self.assertEqual(set(outcomes), {Outcome.SENT, lost})
                self.assertLessEqual(outcomes[lost], self.opened)
                self.assertEqual((self.pool._allowance.limit, self.pool.is_outage), (3, False))

    def test_sessions_of_which_none_sends_anything_are_not_replaced_for_ever(self):
        self.enterContext(patch.object(allowance, "FIRST_REST", 0.001))
        self.server.limit = 0
        for reply in ("421 enough", "hang up"):
            self.server.replies["limit"] = reply
            self.assertLess(len(self.deliver(100, 3)), 20)
            self.assertTrue(self.pool.is_outage)

    def test_a_probing_pool_uses_one_session_until_a_message_is_taken(self):
        self.server.replies["DATA"] = "554 spam"
        count = 0
        for batch in self.make_pool(4, probe=True).deliver(self.envelopes(20)):
            count += len(batch)
            if count < 3:
                self.assertLessEqual(len(batch.begun), 1)
                self.assertEqual(self.opened, 1)
            if count == 3:
                self.server.replies.clear()
        self.pool.close()
        self.assertEqual((count, self.opened), (20, 4))

    def test_a_session_that_is_open_already_is_the_first(self):
        pool = self.make_pool(1, open_session=self.fail, first=self.open_session())
        self.assertEqual(sum(map(len, pool.deliver(self.envelopes(3)))), 3)
        pool.close()
        self.assert_all_closed()

    def test_a_pool_can_be_closed_before_anything_was_delivered(self):
        self.make_pool(2, first=self.open_session()).close()
        self.assert_all_closed()

    def test_a_pool_can_be_closed_when_the_last_results_were_not_written_down(self):
        pool = self.make_pool(2)
        for _batch in pool.deliver(self.envelopes(10)):
            break
        pool.close()
        self.assert_all_closed()

    def test_an_error_while_taking_envelopes_passes_on_and_leaves_nothing_open(self):
        def two_and_an_error():
            yield from self.envelopes(2)
            raise ValueError("the portion is used up")

        for size in (1, 5):
            with self.subTest(size), self.assertRaisesRegex(ValueError, "used up"):
                list(self.make_pool(size).deliver(two_and_an_error()))
            self.pool.close()
            self.assert_all_closed()

    def test_sessions_that_were_replaced_are_waited_for(self):
        self.enterContext(patch.object(pool, "MESSAGES_PER_SESSION", 1))
        self.deliver(5, 1)
        self.pool.close()
        self.assert_all_closed()

    def test_control_comes_back_while_nothing_happens(self):
        self.enterContext(patch.object(pool, "LOOK_SECONDS", 0.01))
        release = self.server.delays["to0@example.com"] = threading.Event()
        self.addCleanup(release.set)
        batches = self.make_pool(1).deliver(self.envelopes(2))
        self.assertEqual([next(batches) for _look in range(3)], [[], [], []])
        release.set()
        self.assertEqual([result.key for batch in batches for result in batch], [0, 1])

    def test_control_comes_back_during_a_rest(self):
        self.enterContext(patch.object(pool, "LOOK_SECONDS", 0.01))
        self.enterContext(patch.object(allowance, "FIRST_REST", 60))
        self.server.replies["MAIL"] = "451 later"
        batches = self.make_pool(1).deliver(self.envelopes(2))
        while not next(batches):
            pass
        self.assertEqual([next(batches) for _look in range(3)], [[], [], []])
        self.pool.stop_within(5)
        self.assertEqual([*batches], [])

    def test_control_comes_back_while_sessions_are_opened(self):
        self.enterContext(patch.object(pool, "LOOK_SECONDS", 0.01))

        release, first = threading.Event(), self.open_session()
        self.server.delays["to0@example.com"] = release

        def open_slowly():
            release.wait()
            return self.open_session()

        batches = self.make_pool(4, open_slowly, first=first).deliver(self.envelopes(40))
        self.assertEqual((next(batches), next(batches), self.opened), ([], [], 1))
        release.set()
        self.assertEqual(sum(map(len, batches)), 40)
        self.pool.close()
        self.assertEqual(self.opened, 4)

    def test_the_first_session_is_opened_alone_and_further_ones_side_by_side(self):
        at_once, together = [], threading.Barrier(3, timeout=5)

        def open_together():
            at_once.append(threading.current_thread())
            if len(at_once) > 1:
                together.wait()  # for two others
            return self.open_session()

        batches = self.make_pool(4, open_together).deliver(self.envelopes(100))
        self.assertEqual(sum(map(len, batches)), 100)
        self.assertEqual(len(set(at_once)), 4)
        self.assertFalse(together.broken)

    def test_the_caller_waits_in_peace_while_sessions_are_opened(self):
        self.enterContext(patch.object(pool, "LOOK_SECONDS", 0.1))
        release = self.server.delays["to0@example.com"] = threading.Event()
        self.addCleanup(release.set)

        def open_slowly():
            release.wait()
            return self.open_session()

        for count, opened in ((4, 3), (40, pool.OPENED_AT_ONCE)):
            release.clear()
            delivery = self.make_pool(20, open_slowly, first=self.open_session())
            batches = delivery.deliver(self.envelopes(count))
            self.assertEqual([next(batches) for _turn in range(3)], [[], [], []])
            self.assertEqual(len(delivery._opening), opened)
            self.assertGreater(delivery._wait_until(time.monotonic() + 10), time.monotonic() + 5)
            release.set()
            self.assertEqual(sum(map(len, batches)), count)

    def test_the_caller_waits_in_peace_though_the_only_session_ended(self):
        self.enterContext(patch.object(pool, "MESSAGES_PER_SESSION", 1))
        release, first = threading.Event(), self.open_session()

        def open_slowly():
            release.wait()
            return self.open_session()

        delivery = self.make_pool(3, open_slowly, first=first)
        batches = delivery.deliver(self.envelopes(9))
        while not next(batches):
            pass
        self.assertFalse(delivery._working)
        self.assertEqual(len(delivery._opening), 2)
        self.assertGreater(delivery._wait_until(time.monotonic() + 10), time.monotonic() + 5)
        release.set()
        self.assertEqual(sum(map(len, batches)), 8)

    def test_no_more_sessions_are_opened_than_there_are_messages(self):
        self.deliver(3, 10)
        self.assertLessEqual(self.opened, 3)

    def test_sessions_can_be_opened_in_the_callers_thread(self):
        threads, all_open = set(), threading.Event()
        self.addCleanup(all_open.set)
        # a fast server keeps the caller busy with results, which come before further sessions
        self.server.delays = {f"to{key}@example.com": all_open for key in range(3)}

        def open_here():
            threads.add(threading.current_thread())
            session = self.open_session()
            if self.opened == 4:
                all_open.set()
            return session

        batches = self.make_pool(4, open_here, side_by_side=False).deliver(self.envelopes(50))
        self.assertEqual(sum(map(len, batches)), 50)
        self.assertEqual((threads, self.opened), ({threading.current_thread()}, 4))

    def test_where_no_session_can_be_opened_the_delivery_fails(self):
        for side_by_side in (True, False):
            for error in (OSError("nobody there"), ValueError("a broken key")):
                delivery = self.make_pool(
                    4, Mock(side_effect=error), side_by_side=side_by_side
                ).deliver(self.envelopes(4))
                with self.subTest(side_by_side, error=error), self.assertRaises(type(error)):
                    list(delivery)
                self.assertEqual(self.pool._open_session.call_count, 1)
                self.assertEqual(self.pool.close(), [])

    def test_where_no_thread_is_to_be_had_it_goes_on_with_the_sessions_there_are(self):
        error = RuntimeError("can't start new thread")
        batches = self.make_pool(4, first=self.open_session()).deliver(self.envelopes(10))
        with patch.object(threading.Thread, "start", side_effect=error) as start:
            self.assertEqual(sum(map(len, batches)), 10)
        self.assertEqual((start.call_count, self.opened), (1, 1))
        self.assertFalse(self.pool._opening)

    def test_a_pool_does_not_wait_for_sessions_that_nobody_opens(self):
        release, first = threading.Event(), self.open_session()
        self.addCleanup(release.set)
        self.enterContext(patch.object(pool, "FAREWELL_SECONDS", 0.01))

        def never():
            release.wait()
            return self.open_session()

        batches = self.make_pool(4, never, first=first).deliver(self.envelopes(10))
        self.assertEqual(sum(map(len, batches)), 10)
        self.assertEqual(self.pool.close(), [])
        release.set()
        for thread in threading.enumerate():
            if thread.name == "smtp-session":
                thread.join()
        self.assert_all_closed()

    def test_a_pool_that_was_stopped_takes_no_more(self):
        written = []
        envelopes = self.envelopes(100)
        for batch in self.make_pool(2).deliver(envelopes):
            written += batch
            if len(written) >= 4:
                self.pool.stop_within(5)
        self.assertLess(len(written), 10)
        self.assertEqual(len(self.server.messages), len(written))
        self.assertLessEqual(next(envelopes).key, len(written) + 2)

    def test_what_is_on_the_wire_when_the_time_is_over_is_cut_off(self):
        self.server.delays["to1@example.com"] = threading.Event()
        results = []
        for batch in self.make_pool(2).deliver(self.envelopes(100)):
            results += batch
            if len(results) > 5:
                self.pool.stop_within(0.1)
        outcomes = {result.key: result.outcome for result in results}
        self.assertEqual(outcomes.pop(1), Outcome.NOT_SENT)
        self.assertEqual(set(outcomes.values()), {Outcome.SENT})

    def test_stopping_again_only_shortens_and_what_is_cut_off_is_no_outage(self):
        release = threading.Event()
        self.addCleanup(release.set)
        self.server.delays = {f"to{key}@example.com": release for key in range(5)}
        results = []
        for batch in self.make_pool(4).deliver(self.envelopes(5)):
            results += batch
            if not batch.begun:  # all are on the wire
                self.pool.stop_within(0)
                self.pool.stop_within(600)
        self.assertEqual({result.outcome for result in results}, {Outcome.NOT_SENT})
        self.assertNotIn("timed out", {result.reply for result in results})
        self.assertFalse(self.pool.is_outage)

    def test_closing_waits_no_longer_than_it_may(self):
        release = threading.Event()
        self.addCleanup(release.set)
        self.server.delays["to0@example.com"] = release
        self.enterContext(patch.object(pool, "LOOK_SECONDS", 0.05))
        batches = self.make_pool(1).deliver(self.envelopes(1))
        self.assertEqual(next(batches).begun, [0])
        self.assertFalse(next(batches))
        [result] = self.pool.close(0)
        self.assertEqual(result.outcome, Outcome.NOT_SENT)
        self.assertNotEqual(result.reply, "timed out")

    def test_closing_in_the_middle_returns_what_still_came(self):
        batch = next(self.make_pool(3).deliver(self.envelopes(100)))
        late = self.pool.close()
        self.assertEqual(
            sorted(result.key for result in [*batch, *late]), list(range(len(batch + late)))
        )
        self.assertEqual(len(self.server.messages), len(batch + late))

    def test_what_an_interruption_left_on_the_wire_is_unknown_and_closing_ends(self):
        for deed in ("send", "receive"):
            for moment in (1, 3, 4):
                self.server.rcpt_tos.clear()
                self.sessions.clear()
                begun, written = [], []
                with self.subTest(deed, moment=moment), self.interrupted(deed, moment):
                    with self.assertRaises(KeyboardInterrupt):
                        for batch in self.make_pool(2).deliver(self.envelopes(10)):
                            written += batch
                            begun += batch.begun
                    written += self.pool.close()
                self.assertFalse(self.pool.close(), "told once")
                outcomes = {result.key: result.outcome for result in written}
                self.assertEqual(len(outcomes), len(written), "each once")
                self.assertLessEqual(set(outcomes), set(begun))
                self.assertIn(Outcome.UNKNOWN, outcomes.values())
                told = {f"to{key}@example.com" for key in outcomes}
                self.assertLessEqual(set(self.server.rcpt_tos), told)
                self.assert_all_closed()

    def interrupted(self, deed, moment):
        moments, real = itertools.count(1), getattr(Line, deed)

        def interrupt(line, *arguments):
            if next(moments) == moment:
                raise KeyboardInterrupt
            return real(line, *arguments)

        return patch.object(Line, deed, interrupt)

    def test_a_failure_nobody_foresaw_leaves_its_message_unknown(self):
        with patch.object(Line, "send", side_effect=ValueError("surprise")):
            results = self.deliver(1, 1)
        self.assertEqual(
            [(result.outcome, result.reply) for result in results], [(Outcome.UNKNOWN, "surprise")]
        )

    def test_a_caller_who_is_interrupted_can_close(self):
        self.enterContext(patch.object(pool, "FAREWELL_SECONDS", 0.01))
        with (
            patch.object(Line, "receive", side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.deliver(5, 1)
        outcomes = [result.outcome for result in self.pool.close(0)]
        self.assertEqual(outcomes, [Outcome.UNKNOWN])
        self.assert_all_closed()

    def test_an_unreachable_server_is_an_error(self):
        self.port = 9
        with self.assertRaises(OSError):
            self.deliver(1, 1)

    def test_a_server_that_wants_fewer_sessions_gets_fewer(self):
        tried, lock = [], threading.Lock()

        def two_sessions():
            with lock:
                tried.append(self.opened)
                if self.opened == 2:
                    raise smtplib.SMTPConnectError(421, b"too many connections")
                return self.open_session()

        batches = self.make_pool(10, two_sessions).deliver(self.envelopes(100))
        self.assertEqual(sum(map(len, batches)), 100)
        self.assertLessEqual(len(tried), 10, "not every few messages again")

    def test_a_slow_session_does_not_hold_the_others(self):
        release = threading.Event()
        self.addCleanup(release.set)
        self.server.delays["to0@example.com"] = release
        seen = []
        for batch in self.make_pool(2).deliver(self.envelopes(10)):
            seen += [result.key for result in batch]
            if len(seen) == self.not_held:
                self.assertNotIn(0, seen)
                release.set()
        self.assertEqual(sorted(seen), list(range(10)))

    def test_open_sessions_do_not_wait_for_others_to_be_opened(self):
        taken = []

        def open_slowly():
            session = self.open_session()
            if self.opened > 1:
                time.sleep(0.1)
            taken.append(len(self.server.messages))
            return session

        list(self.make_pool(4, open_slowly).deliver(self.envelopes(2000)))
        self.assertGreater(taken[-1], 3)

    def test_a_session_is_renewed_after_many_messages(self):
        self.enterContext(patch.object(pool, "MESSAGES_PER_SESSION", 2))
        self.deliver(5, 1)
        self.assertEqual(self.opened, 3)


class TestPoolPipelined(TestPool):
    """The same, where the next message is offered behind the content of the one before."""

    pipelining = True
    not_held = 8  # the session has been offered another

    def test_what_was_offered_and_is_not_sent_any_more_never_arrives(self):
        pool = self.make_pool(2)
        written = []
        for batch in pool.deliver(self.envelopes(50)):
            written += batch
            if len(written) > 10:
                pool.stop_within(5)
        pool.close()
        self.assertEqual(len(self.server.messages), len(written))
        self.assert_all_closed()

    def test_what_was_offered_in_a_session_that_ends_goes_out_in_another(self):
        for reply in ("421 enough", "hang up"):
            self.server.replies["DATA"] = reply
            batches = self.make_pool(1).deliver(self.envelopes(5))
            results = []
            for batch in batches:
                results += batch
                if batch:
                    self.server.replies.clear()
            outcomes = {result.key: result.outcome for result in results}
            self.assertEqual(list(outcomes), [0, 1, 2, 3, 4])
            self.assertNotEqual(outcomes.pop(0), Outcome.SENT)
            self.assertEqual(set(outcomes.values()), {Outcome.SENT})


class TestPoolInvariants(TestCase):
    """Whatever the server does."""

    @given(
        st.lists(st.tuples(st.sampled_from(Outcome), st.booleans()), max_size=60),
        st.integers(1, 4),
        st.booleans(),
        st.booleans(),
    )
    @settings(deadline=None)
    def test_every_envelope_that_is_sent_gets_one_result(self, fates, size, probe, is_pipelined):
        def transmit(conversation, envelope, successor):
            yield from ()
            sent.append(envelope.key)
            outcome, is_closed = fates[envelope.key]
            if is_closed or outcome in (Outcome.NOT_SENT, Outcome.UNKNOWN):
                conversation.close()
            return Result(envelope.key, outcome)

        def hang_up(conversation):
            yield from ()
            conversation.close()

        def envelopes():
            for key in range(len(fates)):
                taken.append(key)
                yield Envelope(key, "", "to@example.com", "", b"")

        taken, begun, sent, written = [], [], [], []
        with (
            patch.object(allowance, "FIRST_REST", 0),
            patch.object(allowance, "MESSAGES_TO_GROW", 2),
            patch.object(Conversation, "transmit", transmit),
            patch.object(Conversation, "hang_up", hang_up),
            contextlib.closing(Pool(lambda: Wire(is_pipelined), size, probe)) as delivery,
        ):
            for batch in delivery.deliver(envelopes()):
                self.assertLessEqual(set(sent), set(begun), "sent before it was written down")
                self.assertIn(delivery._allowance.limit, range(1, size + 1))
                written += [result.key for result in batch]
                begun += batch.begun
                self.assertLessEqual(len(begun) - len(written), size)
                self.assertLessEqual(len(taken) - len(written), 2 * size)
        self.assertEqual(sorted(written), sorted(sent))
        self.assertEqual(len(begun), len(set(begun)), "begun once")
        if not delivery.is_outage:
            self.assertEqual(sorted(written), list(range(len(fates))))


class Wire(smtplib.SMTP):
    """A session that is connected to nobody."""

    def __init__(self, is_pipelined):
        super().__init__()
        self.esmtp_features = {"pipelining": ""} if is_pipelined else {}
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.sock = socket.create_connection(listener.getsockname())
            self._peer = listener.accept()[0]

    def close(self):
        self._peer.close()
        return super().close()
