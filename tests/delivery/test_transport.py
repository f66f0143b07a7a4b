import smtplib
from unittest import TestCase

from odoo.addons.mass_mailing_campaign.delivery.envelope import Envelope
from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome, transmit

from ..smtp_server import SmtpServer

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
        cases = [
            ({"MAIL": "451 later"}, Outcome.DEFERRED),
            ({"MAIL": "550 sender unwanted"}, Outcome.REFUSED),
            ({"to@example.com": "450 greylisted"}, Outcome.DEFERRED),
            ({"to@example.com": "550 no such user"}, Outcome.BAD_ADDRESS),
            ({"DATA": "452 too busy"}, Outcome.DEFERRED),
            ({"DATA": "554 spam"}, Outcome.REFUSED),
        ]
        for replies, outcome in cases:
            with self.subTest(replies=replies):
                result = self.transmit(**replies)
                self.assertEqual(result.outcome, outcome)
                self.assertEqual(result.reply, next(iter(replies.values())))
                self.assert_usable()

    def test_a_closing_channel_sends_nothing(self):
        result = self.transmit(MAIL="421 going down")
        self.assertEqual(result.outcome, Outcome.NOT_SENT)
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
