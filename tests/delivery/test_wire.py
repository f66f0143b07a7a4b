import contextlib
import select
import smtplib
import socket
import threading
import time
from unittest import TestCase
from unittest.mock import patch

from odoo.addons.mass_mailing_campaign.delivery import wire
from odoo.addons.mass_mailing_campaign.delivery.envelope import Envelope
from odoo.addons.mass_mailing_campaign.delivery.reply import Outcome
from odoo.addons.mass_mailing_campaign.delivery.transport import Conversation
from odoo.addons.mass_mailing_campaign.delivery.wire import Wire

ENVELOPE = Envelope(1, "from@example.com", "to@example.com", "<1@example.com>", b"Hello")


class TestWire(TestCase):
    def setUp(self):
        super().setUp()
        self.wire = Wire()
        self.addCleanup(self.wire.close)
        self.conversation, self.server = self.connect()

    def connect(self):
        session = smtplib.SMTP(timeout=60)
        session.esmtp_features = {"pipelining": ""}
        with socket.create_server(("127.0.0.1", 0)) as listener:
            session.sock = socket.create_connection(listener.getsockname(), timeout=60)
            server = self.enterContext(listener.accept()[0])
        self.addCleanup(session.close)
        return Conversation(session), server

    def say(self, words):
        """Say something that arrives now."""
        self.server.sendall(words)
        select.select([self.conversation.fileno], [], [])

    def wait(self):
        return self.wire.wait(time.monotonic() + 60)

    def test_what_came_while_the_caller_was_away_is_in_time(self):
        self.wire.transmit(self.conversation, ENVELOPE)
        begun = (b"250 ok\r\n250 ok\r\n354-go", b" on\r\n", b"354 and on\r\n")
        for words in (*begun, b"250 taken\r\n"):
            self.conversation.deadline = 0
            self.say(words)
            self.wire.wait(0)
        self.assertEqual(self.conversation.result.outcome, Outcome.SENT)

    def test_what_comes_while_another_session_is_busy_is_in_time(self):
        clock = self.enterContext(patch.object(wire, "time")).monotonic
        clock.return_value = 0
        busy, server = self.connect()
        for each in (self.conversation, busy):
            self.wire.transmit(each, ENVELOPE)
            each.deadline = 60

        def come_late(_conversation, _error=None):
            self.say(b"250 ok\r\n250 ok\r\n354 go on\r\n")
            clock.return_value = 61
            return False

        server.sendall(b"250 ok\r\n")
        with patch.object(Conversation, "go_on", come_late):
            self.wire.wait(0)
        self.wire.wait(0)
        self.assertFalse(self.conversation.is_over)

    def test_what_did_not_come_in_time_is_given_up(self):
        self.wire.transmit(self.conversation, ENVELOPE)
        other, _server = self.connect()
        self.wire.transmit(other, ENVELOPE)
        self.conversation.deadline = 0
        self.assertEqual(self.wait(), [self.conversation])
        result = self.conversation.result
        self.assertEqual((result.outcome, result.reply), (Outcome.NOT_SENT, "timed out"))
        self.assertTrue(self.conversation.is_over)
        self.assertFalse(other.is_over)

    def test_a_session_that_is_not_used_and_speaks_keeps_nobody_awake(self):
        self.wire.transmit(self.conversation, ENVELOPE)
        self.say(b"250 ok\r\n550 no such user\r\n554 nobody\r\n")
        self.wire.wait(0)
        self.say(b"250 ok\r\n")
        self.assertEqual(self.wait(), [self.conversation])
        self.say(b"421 bye\r\n")
        self.wire.wait(0)
        self.assertFalse(self.wire._selector.select(0))
        # and is heard when it is used
        self.wire.transmit(self.conversation, ENVELOPE)
        self.assertEqual(self.wait(), [self.conversation])
        self.assertEqual(self.conversation.result.reply, "421 bye")

    def test_it_is_woken_by_others(self):
        threading.Thread(target=self.wire.wake).start()
        self.assertEqual(self.wait(), [])
        self.wire.close()
        self.wire.wake()

    def test_a_session_takes_the_number_of_one_that_ended(self):
        """What the system calls a socket is given again to the next one."""
        numbers = set()
        for _session in range(5):
            numbers.add(self.conversation.fileno)
            self.wire.transmit(self.conversation, ENVELOPE)
            self.server.shutdown(socket.SHUT_WR)
            self.assertEqual(self.wait(), [self.conversation])
            self.server.close()
            self.conversation, self.server = self.connect()
        self.assertLess(len(numbers), 5)

    def test_what_took_the_number_of_a_session_that_ended_is_not_cut_off(self):
        self.conversation.close()
        others = [each for _pair in range(50) for each in socket.socketpair()]
        for each in others:
            self.addCleanup(each.close)
        self.assertIn(self.conversation.fileno, [each.fileno() for each in others])
        self.conversation.cut_off()
        self.assertEqual([each.send(b"x") for each in others], [1] * len(others))

    def test_a_farewell_does_not_hold_up_what_is_sent(self):
        leaving, server = self.connect()
        self.wire.dismiss(leaving)
        self.wire.transmit(self.conversation, ENVELOPE)
        self.say(b"250 ok\r\n250 ok\r\n354 go on\r\n250 taken\r\n")
        self.assertEqual(self.wait(), [self.conversation])
        self.assertFalse(leaving.is_over)
        server.sendall(b"221 bye\r\n")
        self.wire.close(time.monotonic() + 60)
        self.assertTrue(leaving.is_over)
        self.assertEqual(server.recv(100), b"QUIT\r\n")

    def test_who_says_no_goodbye_is_left(self):
        self.wire.dismiss(self.conversation)
        self.wire.close()
        self.assertTrue(self.conversation.is_over)
        with contextlib.suppress(ConnectionError):
            self.assertEqual(self.server.recv(100), b"QUIT\r\n")
