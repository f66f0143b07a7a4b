import smtplib
import socket
from unittest import TestCase
from unittest.mock import patch

from odoo.addons.mass_mailing_campaign.delivery.envelope import Envelope
from odoo.addons.mass_mailing_campaign.delivery.transport import (
    Outcome,
    describe,
    hang_up,
    transmit,
)

from ..smtp_server import BrokenServer, SmtpServer

CONTENT = b"Subject: Hi\r\nMessage-Id: <1@example.com>\r\n\r\nHello\r\n.\r\n..\r\nEnd"


class TestTransmit(TestCase):
    pipelining = False

    def setUp(self):
        super().setUp()
        self.server = self.enterContext(SmtpServer(self.pipelining))
        self.session = smtplib.SMTP("127.0.0.1", self.server.port, timeout=5)
        self.session.ehlo()
        self.assertEqual(self.session.has_extn("pipelining"), self.pipelining)
        self.addCleanup(self.session.close)

    def transmit(self, **replies):
        self.server.replies = replies
        envelope = Envelope(7, "from@example.com", "to@example.com", "<1@example.com>", CONTENT)
        return transmit(self.session, envelope)

    def assert_usable(self):
        self.assertEqual(self.transmit().outcome, Outcome.SENT)

    def test_a_taken_message_is_sent_with_the_servers_words(self):
        result = self.transmit()
        self.assertEqual((result.key, result.outcome), (7, Outcome.SENT))
        self.assertEqual((result.reply, result.message_id), ("250 taken", "<1@example.com>"))

    def test_lines_of_dots_arrive_unchanged(self):
        self.transmit()
        [message] = self.server.messages
        self.assertEqual(message.get_content().splitlines(), ["Hello", ".", "..", "End"])

    def test_replies_are_classed_by_code_and_moment(self):
        to = "to@example.com"
        cases = [
            ("MAIL", "451 later", Outcome.BUSY),
            ("MAIL", "550 sender unwanted", Outcome.REFUSED),
            ("MAIL", "530 5.7.0 log in first", Outcome.REFUSED),
            (to, "450 greylisted", Outcome.DEFERRED),
            (to, "450 4.7.1 greylisted", Outcome.DEFERRED),
            (to, "450 4.2.1 receives too many messages", Outcome.BUSY),
            (to, "452 4.2.2 mailbox full", Outcome.DEFERRED),
            (to, "452 4.3.1 disk full", Outcome.BUSY),
            (to, "454 4.7.0 throttled", Outcome.BUSY),
            (to, "550 no such user", Outcome.BAD_ADDRESS),
            (to, "550 5.1.1 no such user", Outcome.BAD_ADDRESS),
            (to, "553 5.1.8 sender's domain unknown", Outcome.REFUSED),
            (to, "554 5.7.1 relay access denied", Outcome.REFUSED),
            ("DATA", "451 4.3.0 try later", Outcome.DEFERRED),
            ("DATA", "452 disk full", Outcome.BUSY),
            ("DATA", "550 5.1.1 no such user after all", Outcome.BAD_ADDRESS),
            ("DATA", "554 spam", Outcome.REFUSED),
        ]
        for moment, reply, outcome in cases:
            with self.subTest(moment=moment, reply=reply):
                result = self.transmit(**{moment: reply})
                self.assertEqual(result.outcome, outcome)
                self.assertEqual(result.reply, reply)
                self.assert_usable()

    def test_a_closing_channel_sends_nothing_at_any_moment(self):
        for moment in ("MAIL", "to@example.com", "DATA"):
            with self.subTest(moment=moment):
                self.session.connect("127.0.0.1", self.server.port)
                self.session.ehlo()
                result = self.transmit(**{moment: "421 going down"})
                self.assertEqual((result.outcome, result.reply), (Outcome.BUSY, "421 going down"))
                self.assertIsNone(self.session.sock)

    def test_a_connection_lost_before_the_message_sends_nothing(self):
        for moment in ("MAIL", "to@example.com"):
            with self.subTest(moment=moment):
                self.session.connect("127.0.0.1", self.server.port)
                self.session.ehlo()
                self.assertEqual(self.transmit(**{moment: "hang up"}).outcome, Outcome.NOT_SENT)

    def test_a_connection_lost_after_the_message_leaves_it_unknown(self):
        self.assertEqual(self.transmit(DATA="hang up").outcome, Outcome.UNKNOWN)
        self.assertFalse(self.server.messages)

    def test_a_refusal_stands_though_the_server_hangs_up_behind_it(self):
        with patch.object(smtplib.SMTP, "rset", side_effect=smtplib.SMTPServerDisconnected("gone")):
            result = self.transmit(**{"to@example.com": "550 no such user"})
        self.assertEqual(result.outcome, Outcome.BAD_ADDRESS)
        self.assertIsNone(self.session.sock)

    def test_an_address_that_is_not_ascii_is_not_offered(self):
        envelope = Envelope(7, "from@example.com", "ä@example.com", "<1@example.com>", CONTENT)
        self.assertEqual(transmit(self.session, envelope).outcome, Outcome.BAD_ADDRESS)
        self.assert_usable()


class TestTransmitPipelined(TestTransmit):
    """The same, with all commands sent at once (RFC 2920)."""

    pipelining = True

    def test_a_server_that_waits_for_a_message_to_nobody_gets_none(self):
        """Some servers answer DATA by 354 although they refused the only recipient."""
        replies = [b"250 ok", b"550 no such user", b"354 go on", b"554 no valid recipients"]
        session = Script(replies)
        envelope = Envelope(7, "from@example.com", "to@example.com", "<1@x>", CONTENT)
        result = transmit(session, envelope)
        self.assertEqual((result.outcome, result.reply), (Outcome.BAD_ADDRESS, "550 no such user"))
        self.assertIn(".\r\n", session.sent)
        self.assertNotIn("Hello", "".join(map(str, session.sent)))


class TestTransmitToBrokenServers(TestCase):
    """Servers that do not keep to the protocol, spoken to over a bare socket."""

    def transmit(self, *replies, timeout=5):
        """Transmit to a server with a script: to MAIL, RCPT, DATA and the content."""
        server = self.enterContext(BrokenServer(b"220 ready", *replies))
        session = smtplib.SMTP("127.0.0.1", server.port, timeout=timeout)
        self.addCleanup(session.close)
        envelope = Envelope(7, "from@example.com", "to@example.com", "<1@x>", CONTENT)
        result = transmit(session, envelope)
        self.assertIsNone(session.sock)
        return result.outcome

    def test_silence_before_the_content_sends_nothing(self):
        self.assertEqual(self.transmit(timeout=0.2), Outcome.NOT_SENT)
        self.assertEqual(self.transmit(b"250 ok", timeout=0.2), Outcome.NOT_SENT)

    def test_silence_after_the_content_leaves_it_unknown(self):
        outcome = self.transmit(b"250 ok", b"250 ok", b"354 go", timeout=0.2)
        self.assertEqual(outcome, Outcome.UNKNOWN)

    def test_garbage_before_the_content_sends_nothing(self):
        for garbage in (b"hello", b"\xff\xfe\x00", b"200" + b"x" * 9000 + b""):
            with self.subTest(garbage=garbage[:10]):
                self.assertEqual(self.transmit(garbage), Outcome.NOT_SENT)
        self.assertEqual(self.transmit(b"250 ok", b"250 ok", b"250 ok"), Outcome.NOT_SENT)

    def test_garbage_after_the_content_leaves_it_unknown(self):
        replies = [b"250 ok", b"250 ok", b"354 go", b"what?"]
        self.assertEqual(self.transmit(*replies), Outcome.UNKNOWN)

    def test_a_half_closed_connection_is_a_broken_one(self):
        self.assertEqual(self.transmit(None), Outcome.NOT_SENT)
        self.assertEqual(self.transmit(b"250 ok", b"250 ok", b"354 go", None), Outcome.UNKNOWN)

    def test_content_that_could_not_be_handed_over_is_not_sent(self):
        session = Script([b"250 ok", b"250 ok", b"354 go"])
        send = session.send

        def break_on_content(text):
            if isinstance(text, bytes):
                raise smtplib.SMTPServerDisconnected("broken pipe")
            send(text)

        session.send = break_on_content
        envelope = Envelope(7, "from@example.com", "to@example.com", "<1@x>", CONTENT)
        self.assertEqual(transmit(session, envelope).outcome, Outcome.NOT_SENT)

    def test_hanging_up_on_a_silent_or_closed_session_is_harmless(self):
        hang_up(smtplib.SMTP(timeout=5))
        session = Script([])
        session.sock = socket.socket()
        session.quit = lambda: session.getreply()
        session.getreply = lambda: (_ for _ in ()).throw(TimeoutError())
        hang_up(session)
        self.assertIsNone(session.sock)


class TestDescribe(TestCase):
    def test_an_error_is_described_in_the_servers_words_or_else_the_systems(self):
        errors = {
            smtplib.SMTPAuthenticationError(535, b"5.7.8 bad password"): "535 5.7.8 bad password",
            smtplib.SMTPResponseException(500, "Line too long."): "500 Line too long.",
            ConnectionRefusedError(111, "Connection refused"): "Connection refused",
            TimeoutError("timed out"): "timed out",
            smtplib.SMTPServerDisconnected("closed\0"): "closed",
        }
        for error, words in errors.items():
            self.assertEqual(describe(error), words)


class Script(smtplib.SMTP):
    """A session that replies from a script."""

    def __init__(self, replies):
        super().__init__()
        self.esmtp_features = {"pipelining": ""}
        self.does_esmtp = True
        self.replies = [(int(line[:3]), line[4:]) for line in replies]
        self.sent = []

    def send(self, text):
        self.sent.append(text)

    def getreply(self):
        return self.replies.pop(0)

    def rset(self):
        return 250, b"ok"
