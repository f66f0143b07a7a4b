import select
import smtplib
import ssl
import time
from contextlib import closing
from unittest import TestCase
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery import transport
from odoo.addons.mass_mailing_campaign.delivery.envelope import Envelope, as_received, dot_stuffed
from odoo.addons.mass_mailing_campaign.delivery.line import Line
from odoo.addons.mass_mailing_campaign.delivery.reply import Moment, Outcome, classify, describe
from odoo.addons.mass_mailing_campaign.delivery.transport import Conversation
from odoo.addons.mass_mailing_campaign.delivery.wire import Wire

from ..smtp_server import BrokenServer, SmtpServer

SENDER, RECIPIENT = "from@example.com", "to@example.com"
CONTENT = b"Subject: Hi\r\nMessage-Id: <1@example.com>\r\n\r\nHello\r\n.\r\n..\r\nEnd"


def envelope(recipient=RECIPIENT, sender=SENDER, content=CONTENT):
    return Envelope(("trace", 7), sender, recipient, "<1@example.com>", dot_stuffed(content))


def transmit(session, *envelopes):
    """Transmit one envelope, maybe with the one to offer behind it."""
    conversation = session
    if not isinstance(session, Conversation):
        session.sock.settimeout(session.timeout)
        conversation = Conversation(session)
    wire = Wire()
    with closing(wire):
        wire.transmit(conversation, *envelopes)
        while not wire.wait(time.monotonic() + 60):
            pass
    return conversation.result


def hang_up(conversation):
    wire = Wire()
    wire.dismiss(conversation)
    wire.close(time.monotonic() + 60)


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
        return transmit(self.session, envelope())

    def assert_usable(self):
        self.assertEqual(self.transmit().outcome, Outcome.SENT)

    def test_a_taken_message_is_sent_with_the_servers_words(self):
        result = self.transmit()
        self.assertEqual((result.key, result.outcome), (("trace", 7), Outcome.SENT))
        self.assertEqual((result.reply, result.message_id), ("250 taken", "<1@example.com>"))

    def test_lines_of_dots_arrive_unchanged(self):
        self.transmit()
        self.assertEqual(self.server.contents, [CONTENT + b"\r\n"])

    def test_replies_are_classed_by_code_and_moment(self):
        to = "to@example.com"
        cases = [
            ("MAIL", "451 later", Outcome.BUSY),
            ("MAIL", "550 sender unwanted", Outcome.REFUSED),
            ("MAIL", "530 5.7.0 log in first", Outcome.REFUSED),
            (to, "450 greylisted", Outcome.DEFERRED),
            (to, "450 4.7.1 greylisted", Outcome.DEFERRED),
            (to, "450 4.2.1 receives too many messages", Outcome.DEFERRED),
            (to, "450 4.7.1 too many messages, slow down", Outcome.BUSY),
            (to, "450 4.7.1 Rate limit for domain gmail.com exceeded", Outcome.DEFERRED),
            (to, "452 4.7.1 Too many recipients for gmail.com", Outcome.DEFERRED),
            (to, "450 4.7.1 Rate limit for sender domain example.com", Outcome.BUSY),
            (to, "450 4.7.1 Too many connections from mx.example.com", Outcome.BUSY),
            (to, "452 4.2.2 mailbox full", Outcome.DEFERRED),
            (to, "452 mailbox is full", Outcome.DEFERRED),
            (to, "452 4.3.1 disk full", Outcome.BUSY),
            (to, "454 4.7.0 throttled", Outcome.BUSY),
            (to, "550 no such user", Outcome.BAD_ADDRESS),
            (to, "550 5.1.1 no such user", Outcome.BAD_ADDRESS),
            (to, "550 5.7.1 No such user!", Outcome.BAD_ADDRESS),
            (to, "550 5.1.1 <from@example.com>: unknown user", Outcome.REFUSED),
            (to, "550 5.1.1 <to@example.com>: unknown user", Outcome.BAD_ADDRESS),
            (to, "550 5.1.1 <to@example.com> from <from@example.com>", Outcome.BAD_ADDRESS),
            (to, "550 5.2.1 mailbox disabled", Outcome.BAD_ADDRESS),
            (to, "550 5.4.1 Access denied", Outcome.BAD_ADDRESS),
            (to, "552 5.2.2 mailbox full", Outcome.DEFERRED),
            (to, "552 too much stored", Outcome.DEFERRED),
            (to, "550 user is over quota", Outcome.DEFERRED),
            (to, "530 log in first", Outcome.REFUSED),
            (to, "553 5.1.8 sender's domain unknown", Outcome.REFUSED),
            (to, "554 5.7.1 relay access denied", Outcome.REFUSED),
            (to, "550 5.7.1 Mailbox busy, try again later", Outcome.REFUSED),
            ("DATA", "451 4.3.0 try later", Outcome.DEFERRED),
            ("DATA", "452 disk full", Outcome.BUSY),
            ("DATA", "550 5.1.1 no such user after all", Outcome.BAD_ADDRESS),
            ("DATA", "550 no such user after all", Outcome.BAD_ADDRESS),
            ("DATA", "550 Mailbox to@example.com does not exist", Outcome.BAD_ADDRESS),
            ("DATA", "550 sender address unknown, no such user", Outcome.REFUSED),
            ("DATA", "550 we want no such mail", Outcome.REFUSED),
            ("DATA", "550 5.3.4 no such user may send that much", Outcome.REFUSED),
            ("DATA", "552 5.2.2 mailbox full", Outcome.DEFERRED),
            ("DATA", "552 too large", Outcome.REFUSED),
            ("DATA", "554 spam", Outcome.REFUSED),
            # of Exim and qmail: a relay for others than us
            (to, "550 relay not permitted", Outcome.REFUSED),
            (to, "550 Administrative prohibition", Outcome.REFUSED),
            (to, "550 Sender verify failed", Outcome.REFUSED),
            (to, "553 sorry, not in my list of allowed rcpthosts (#5.7.1)", Outcome.REFUSED),
            (to, "550 rejected, 192.0.2.1 is in a black list", Outcome.REFUSED),
            # what we may send is sent
            (to, "450 4.2.1 Peak SMTP relay limit exceeded for customer", Outcome.BUSY),
            (to, "550 5.4.5 Daily user sending limit exceeded", Outcome.REFUSED),
            (to, "550 5.1.90 your daily limit for recipients is reached", Outcome.REFUSED),
            (to, "550 a.example has exceeded the max emails per hour", Outcome.REFUSED),
            # of Exchange Online and sendmail: nothing of it is about the recipient
            ("DATA", "554 5.2.252 SendAsDenied; you may not send as a@b.example", Outcome.REFUSED),
            ("DATA", "554 5.2.0 Exception:SubmissionQuotaExceeded", Outcome.REFUSED),
            ("DATA", "550 5.1.90 your daily limit for recipients is reached", Outcome.REFUSED),
            ("DATA", "552 5.2.3 Message exceeds maximum fixed size", Outcome.REFUSED),
            ("DATA", "432 4.3.2 Concurrent connections limit exceeded", Outcome.BUSY),
            ("DATA", "432 4.3.2 sender thread limit exceeded", Outcome.BUSY),
        ]
        for moment, reply, outcome in cases:
            with self.subTest(moment=moment, reply=reply):
                result = self.transmit(**{moment: reply})
                self.assertEqual(result.outcome, outcome)
                self.assertEqual(result.reply, reply)
                self.assert_usable()

    def test_what_each_code_says_where_no_words_tell(self):
        """RFC 3463, and RFC 5321, section 4.2.2."""
        statuses = [(subject, detail) for subject in range(8) for detail in range(20)]

        def told(outcome, moment, digit):
            return [
                (subject, detail)
                for subject, detail in statuses
                if classify(moment, digit * 100 + 50, b"%d.%d.%d" % (digit, subject, detail))
                is outcome
            ]

        blamed = [*((1, detail) for detail in (1, 2, 3, 4, 6, 10)), (2, 1), (2, 4)]
        self.assertEqual(told(Outcome.BAD_ADDRESS, Moment.CONTENT, 5), blamed)
        for moment in (Moment.RCPT, Moment.CONTENT):
            self.assertEqual(told(Outcome.BUSY, moment, 4), [(3, 1), (3, 2)])
            self.assertEqual(told(Outcome.DEFERRED, moment, 5), [(2, 2)])
        codes = range(500, 560)
        refused = [each for each in codes if classify(Moment.RCPT, each, b"") is Outcome.REFUSED]
        self.assertEqual(refused, [500, 502, 503, 504, 530, 534, 535, 538])

    def test_of_a_long_reply_only_the_beginning_is_kept(self):
        result = self.transmit(DATA="\r\n".join(["250-" + "x" * 800] * 80 + ["250 taken"]))
        self.assertEqual(result.outcome, Outcome.SENT)
        self.assertLess(len(result.reply), 2100)
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
        result = self.transmit(**{"to@example.com": "550 no such user", "RSET": "hang up"})
        self.assertEqual(result.outcome, Outcome.BAD_ADDRESS)
        self.assertIsNone(self.session.sock)

    def test_nothing_is_sent_of_an_address_that_could_break_out_of_its_command(self):
        wire = self.session.sock = Recorder(self.session.sock)
        for text in (
            "ä@example.com",
            "a\nb@example.com",
            "a@[b\nrset]",
            '"a>"@b.com',
            "<a@b.com>",
            "a b@c.com",
        ):
            with self.subTest(text):
                result = transmit(self.session, envelope(recipient=text))
                self.assertEqual(result.outcome, Outcome.BAD_ADDRESS)
                result = transmit(self.session, envelope(sender=text))
                self.assertEqual(result.outcome, Outcome.REFUSED)
                self.assertFalse(wire.sizes)

    def test_nothing_is_offered_of_such_an_address_either(self):
        conversation = Conversation(self.session)
        bad = envelope(recipient="a@[b\nrset]")
        self.assertEqual(transmit(conversation, envelope(), bad).outcome, Outcome.SENT)
        self.assertEqual(transmit(conversation, bad, envelope()).outcome, Outcome.BAD_ADDRESS)
        self.assertEqual(transmit(conversation, envelope()).outcome, Outcome.SENT)

    def test_the_next_message_travels_behind_a_content_where_the_server_allows_it(self):
        wire = self.session.sock = Recorder(self.session.sock)
        conversation = Conversation(self.session)
        for number in range(3):
            transmit(conversation, envelope(), envelope() if number < 2 else None)
        self.assertEqual(len(self.server.messages), 3)
        # the commands of the first, then a content each
        self.assertEqual(len(wire.sizes), 4 if self.pipelining else 12)

    def test_the_sender_may_be_nobody_or_a_local_name(self):
        for sender in ("", "odoo@localhost"):
            result = transmit(self.session, envelope(sender=sender))
            self.assertEqual(result.outcome, Outcome.SENT)

    def test_only_the_final_reply_may_take_longer_than_the_session_allows(self):
        conversation, seconds = Conversation(self.session), []
        for _message in range(2):
            for _event in conversation.transmit(envelope()):
                seconds.append(round(conversation.deadline - time.monotonic()))
                select.select([self.session.sock], [], [])
        self.assertEqual(seconds[-1], transport.FINAL_REPLY_SECONDS)
        self.assertEqual(seconds.count(transport.FINAL_REPLY_SECONDS), 2)
        self.assertEqual(set(seconds), {5, transport.FINAL_REPLY_SECONDS})

    def test_what_went_out_before_says_nothing_of_a_content_that_does_not(self):
        send = Line.send
        for error, words in ((BrokenPipeError(), "timed out"), (ssl.SSLError(1, "bad"), "bad")):

            def fail(line, data, error=error):
                if b"second" in bytes(data):
                    raise error
                return send(line, data)

            self.session.connect("127.0.0.1", self.server.port)
            self.session.ehlo()
            conversation = Conversation(self.session)
            self.assertEqual(transmit(conversation, envelope()).outcome, Outcome.SENT)
            with (
                patch.object(transport, "FINAL_REPLY_SECONDS", 0.1),
                patch.object(Line, "send", fail),
            ):
                result = transmit(conversation, envelope(content=b"second"))
            self.assertEqual((result.outcome, result.reply), (Outcome.NOT_SENT, words))

    def test_a_large_content_goes_out_in_blocks(self):
        """So that a slow line gets its timeout for each."""
        wire = self.session.sock = Recorder(self.session.sock)
        content = CONTENT + b"\r\n" + b"..0123456789\r\n" * 20_000
        self.assertEqual(transmit(self.session, envelope(content=content)).outcome, Outcome.SENT)
        self.assertEqual(self.server.contents, [content + b"\r\n"])
        self.assertEqual(max(wire.sizes), transport.BLOCK_SIZE)


class TestTransmitPipelined(TestTransmit):
    """The same, with all commands sent at once (RFC 2920)."""

    pipelining = True


class TestTail(TestCase):
    @settings(max_examples=15, deadline=None)
    @given(st.booleans(), st.integers(0, 900), st.integers(0, 90), st.integers(50, 20_000))
    def test_nothing_of_a_tail_is_lost_however_little_goes_out_at_once(
        self, pipelining, lines, end, size
    ):
        tail = b"\r\n..0123456789" * lines + b"x" * end
        first = Envelope(1, SENDER, RECIPIENT, "", dot_stuffed(CONTENT), tail)
        send = Line.send
        with (
            SmtpServer(pipelining) as server,
            closing(smtplib.SMTP("127.0.0.1", server.port, timeout=5)) as session,
            patch.object(Line, "send", lambda line, data: send(line, data[:size])),
        ):
            session.ehlo()
            conversation, second = Conversation(session), envelope()
            self.assertEqual(transmit(conversation, first, second).outcome, Outcome.SENT)
            self.assertEqual(transmit(conversation, second).outcome, Outcome.SENT)
            received = [as_received(each.content) + b"\r\n" for each in (first, second)]
            self.assertTrue(server.contents == received)
            self.assertEqual(first.size, len(first.content))


class TestTransmitEncrypted(TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.enterContext(SmtpServer(starttls=True, auth=("odoo", "secret")))
        self.session = smtplib.SMTP("127.0.0.1", self.server.port, timeout=5)
        self.addCleanup(self.session.close)

    def test_a_session_with_tls_and_log_in_sends_like_any(self):
        context = ssl.create_default_context()
        self.server.ca.configure_trust(context)
        self.session.starttls(context=context)
        self.session.login("odoo", "secret")
        content = CONTENT + b"\r\n" + b"0123456789\r\n" * 10_000
        result = transmit(self.session, envelope(content=content))
        self.assertEqual(result.outcome, Outcome.SENT)
        self.assertEqual(self.server.contents, [content + b"\r\n"])

    def test_without_them_nobodys_address_is_blamed(self):
        self.assertEqual(transmit(self.session, envelope()).outcome, Outcome.REFUSED)
        self.assertIsNone(self.session.sock, "what refuses RSET, too, is of no use")


class TestTransmitToBrokenServers(TestCase):
    """Servers that do not keep to the protocol, spoken to over a bare socket."""

    def connect(self, *replies, timeout=5, pipelining=False):
        """A session with a server that has a script: to MAIL, RCPT, DATA and the content."""
        self.server = self.enterContext(BrokenServer(b"220 ready", *replies))
        session = smtplib.SMTP("127.0.0.1", self.server.port, timeout=timeout)
        self.addCleanup(session.close)
        session.esmtp_features = {"pipelining": ""} if pipelining else {}
        return session

    def transmit(self, *replies, **options):
        session = self.connect(*replies, **options)
        result = transmit(session, envelope())
        self.assertIsNone(session.sock)
        return result.outcome

    def test_a_server_that_closes_in_the_middle_of_a_tail_has_not_got_the_message(self):
        session = self.connect(b"250 ok", b"250 ok", b"354 go on", None)
        message = Envelope(1, SENDER, RECIPIENT, "", CONTENT, b"0123456789" * 5_000_000)
        self.assertEqual(transmit(session, message).outcome, Outcome.NOT_SENT)
        self.assertIsNone(session.sock)

    def test_silence_before_the_content_sends_nothing(self):
        self.assertEqual(self.transmit(timeout=0.2), Outcome.NOT_SENT)
        self.assertEqual(self.transmit(b"250 ok", timeout=0.2), Outcome.NOT_SENT)

    @patch.object(transport, "FINAL_REPLY_SECONDS", 0.2)
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

    def test_nobody_waits_for_the_end_of_a_reply_that_has_none(self):
        session = self.connect(b"250-and so on\r\n" * 10_000)
        self.assertEqual(transmit(session, envelope()).reply, "500 Reply too long.")

    def test_a_half_closed_connection_is_a_broken_one(self):
        self.assertEqual(self.transmit(None), Outcome.NOT_SENT)
        self.assertEqual(self.transmit(b"250 ok", b"250 ok", b"354 go", None), Outcome.UNKNOWN)

    def test_a_reply_stands_though_the_connection_is_closed_behind_it(self):
        ok, go, bye = b"250 ok", b"354 go", b"421 4.7.0 too many connections"
        cases = [
            ([bye], Outcome.BUSY),
            ([b"550 5.7.1 your address is blocked"], Outcome.REFUSED),
            ([ok, b"550 5.1.1 no such user"], Outcome.BAD_ADDRESS),
            ([ok, bye], Outcome.BUSY),
            ([ok, ok, b"451 later"], Outcome.DEFERRED),
            ([ok], Outcome.NOT_SENT),
            ([ok, ok], Outcome.NOT_SENT),
        ]
        for replies, outcome in cases:
            with self.subTest(replies):
                self.assertEqual(self.transmit(*replies[:-1], (replies[-1], None)), outcome)
                # with all commands at once the server says all it has to say at once
                self.assertEqual(self.transmit((*replies, None), pipelining=True), outcome)
        contents = [(b"250 taken", Outcome.SENT), (b"550 5.1.1 nobody", Outcome.BAD_ADDRESS)]
        for reply, outcome in contents:
            session = self.connect(ok, ok, go, (reply, None))
            self.assertEqual(transmit(session, envelope()).outcome, outcome)
            session = self.connect((ok, ok, go), (reply, None), pipelining=True)
            self.assertEqual(transmit(session, envelope()).outcome, outcome)

    def test_a_server_that_closes_in_the_middle_of_the_content_is_heard(self):
        content = CONTENT + b"\r\n" + b"x" * 20_000_000
        for reply, outcome in (
            (b"552 5.3.4 message too big", Outcome.REFUSED),
            (b"421 going down", Outcome.BUSY),
            (b"250 taken", Outcome.NOT_SENT),
        ):
            session = self.connect(b"250 ok", b"250 ok", b"354 go", (reply, None))
            with self.subTest(reply):
                self.assertEqual(transmit(session, envelope(content=content)).outcome, outcome)
                self.assertIsNone(session.sock)

    def test_a_content_that_nobody_takes_is_not_sent(self):
        session = self.connect(b"250 ok", b"250 ok", b"354 go", timeout=0.2)
        content = CONTENT + b"\r\n" + b"x" * 20_000_000
        self.assertEqual(transmit(session, envelope(content=content)).outcome, Outcome.NOT_SENT)

    def test_a_server_that_takes_no_more_of_the_content_is_heard(self):
        ok, too_big = b"250 ok", b"552 5.3.4 message too big"
        session = self.connect(ok, ok, b"354 go", too_big, timeout=0.2)
        content = CONTENT + b"\r\n" + b"x" * 20_000_000
        result = transmit(session, envelope(content=content))
        self.assertEqual((result.outcome, result.reply), (Outcome.REFUSED, too_big.decode()))
        self.assertIsNone(session.sock)

    def test_a_server_that_does_not_wait_for_the_content_gets_none(self):
        begun = b"250 ok\r\n250 ok\r\n354 go"
        for instead, closes, outcome in (
            ([b"421 4.4.2 timeout"], True, Outcome.BUSY),
            ([b"250 ok"], True, Outcome.NOT_SENT),
            ([], True, Outcome.NOT_SENT),
            ([b"421 4.4.2 timeout"], False, Outcome.BUSY),
            ([b"250 ok"], False, Outcome.NOT_SENT),
        ):
            replies = b"\r\n".join([b"250 taken", begun, *instead])
            session = self.connect(begun, (replies, None) if closes else replies, pipelining=True)
            conversation = Conversation(session)
            self.assertEqual(transmit(conversation, envelope(), envelope()).outcome, Outcome.SENT)
            if closes:
                self.wait_until_closed(session.sock)
            with self.subTest(instead, closes=closes):
                self.assertEqual(transmit(conversation, envelope()).outcome, outcome)
                self.assertEqual(self.server.received.count(b"Subject"), 1)
                self.assertIsNone(session.sock)

    def wait_until_closed(self, sock):
        poll = select.poll()
        poll.register(sock, select.POLLRDHUP)
        self.assertTrue(poll.poll(5000))

    def test_a_server_that_waits_for_a_message_to_nobody_gets_none(self):
        """Some servers answer DATA by 354 although they refused the only recipient."""
        replies = (b"250 ok", b"550 no such user", b"354 go on")
        session = self.connect(replies, b"554 no valid recipients", b"250 ok", pipelining=True)
        result = transmit(session, envelope())
        self.assertEqual((result.outcome, result.reply), (Outcome.BAD_ADDRESS, "550 no such user"))
        self.assertTrue(self.server.received.endswith(b"DATA\r\n.\r\nRSET\r\n"))

    def test_whom_a_server_may_not_have_refused_gets_no_empty_message(self):
        for words in (b"25O ok", b"350 go on"):
            session = self.connect((b"250 ok", words, b"354 go on"), b"250 taken", pipelining=True)
            with self.subTest(words):
                self.assertEqual(transmit(session, envelope()).outcome, Outcome.NOT_SENT)
                self.assertIsNone(session.sock)
                self.assertTrue(self.server.received.endswith(b"DATA\r\n"))

    def test_hanging_up_on_a_silent_or_closed_session_is_harmless(self):
        self.enterContext(patch.object(transport, "GOODBYE_SECONDS", 0.1))
        for script in ([None], []):
            session = self.connect(*script)
            conversation = Conversation(session)
            hang_up(conversation)
            self.assertIsNone(session.sock)
            hang_up(conversation)


class Recorder:
    """A socket that remembers how much it was given at once."""

    def __init__(self, wire):
        self._wire = wire
        self.sizes = []

    def send(self, data):
        self.sizes.append(len(data))
        return self._wire.send(data)

    def __getattr__(self, name):
        return getattr(self._wire, name)


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
