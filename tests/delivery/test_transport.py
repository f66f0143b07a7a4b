import smtplib
from unittest import TestCase

from odoo.addons.mass_mailing_campaign.delivery.envelope import Envelope
from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome, transmit

from ..smtp_server import SmtpServer

CONTENT = b"Subject: Hi\r\nMessage-Id: <1@example.com>\r\n\r\nHello\r\n.\r\n..\r\nEnd"


class TestTransmit(TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.enterContext(SmtpServer())
        self.session = smtplib.SMTP("127.0.0.1", self.server.port, timeout=5)
        self.session.ehlo()
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
