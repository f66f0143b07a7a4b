import socket
from contextlib import suppress
from unittest.mock import patch

from odoo.addons.base.models import ir_mail_server
from odoo.addons.mass_mailing_campaign.delivery import allowance, pool, transport
from odoo.addons.mass_mailing_campaign.delivery.line import Line
from odoo.addons.mass_mailing_campaign.engine.run import Run

from ..common import MassEmailCase
from ..smtp_server import BrokenServer

GREETING, EHLO = b"220 ready", b"250 hello"
OK, GO = b"250 ok", b"354 go on"
TALK = [GREETING, EHLO, OK, OK, GO]  # up to the content
SILENCE = []  # the script ends

# What a server does, and what becomes of the message: status or failure type, attempts that it
# cost, whether the mass email shows an issue, and the log.
WAITS = ("outgoing", 0, True, [])
FAULTS = {
    "greeting: unwanted": ([b"554 go away"], WAITS),
    "greeting: closing": ([b"421 busy"], WAITS),
    "greeting: silence": (SILENCE, WAITS),
    "greeting: garbage": ([b"\xff\x00 hello"], WAITS),
    "greeting: hang up": ([None], WAITS),
    "EHLO: closing": ([GREETING, b"421 busy", b"421 busy"], WAITS),
    "EHLO: silence": ([GREETING], WAITS),
    "EHLO: garbage": ([GREETING, b"what", b"what"], WAITS),
    "EHLO: hang up": ([GREETING, None], WAITS),
    "MAIL: later": ([*TALK[:2], b"451 later", OK], WAITS),
    "MAIL: closing": ([*TALK[:2], b"421 busy"], WAITS),
    "MAIL: throttled": ([*TALK[:2], b"454 4.7.0 throttled", OK], WAITS),
    "MAIL: refused": ([*TALK[:2], b"550 not you", OK], ("outgoing", 1, True, [])),
    "MAIL: silence": (TALK[:2], WAITS),
    "MAIL: garbage": ([*TALK[:2], b"hm"], WAITS),
    "MAIL: hang up": ([*TALK[:2], None], WAITS),
    "RCPT: later": ([*TALK[:3], b"450 later", OK], ("outgoing", 1, False, [])),
    "RCPT: unknown": ([*TALK[:3], b"550 unknown", OK], ("mail_email_invalid", 1, False, [])),
    "RCPT: unknown, and hang up": (
        [*TALK[:3], (b"550 unknown", None)],
        ("mail_email_invalid", 1, False, []),
    ),
    "RCPT: full": ([*TALK[:3], b"552 5.2.2 mailbox full", OK], ("outgoing", 1, False, [])),
    "RCPT: denied": ([*TALK[:3], b"554 5.7.1 no relay", OK], ("outgoing", 1, True, [])),
    "RCPT: silence": (TALK[:3], WAITS),
    "RCPT: garbage": ([*TALK[:3], b"hm"], WAITS),
    "RCPT: hang up": ([*TALK[:3], None], WAITS),
    "DATA: later": ([*TALK[:4], b"451 later", OK], ("outgoing", 1, False, [])),
    "DATA: refused": ([*TALK[:4], b"554 no", OK], ("outgoing", 1, True, [])),
    "DATA: silence": (TALK[:4], WAITS),
    "DATA: garbage": ([*TALK[:4], b"hm"], WAITS),
    "DATA: hang up": ([*TALK[:4], None], WAITS),
    "content: disk full": ([*TALK, b"452 4.3.1 disk full", OK], WAITS),
    "content: later": ([*TALK, b"451 later", OK], ("outgoing", 1, False, [])),
    "content: refused": ([*TALK, b"554 spam", OK], ("outgoing", 1, True, [])),
    "content: closing": ([*TALK, b"421 busy"], WAITS),
    "content: unknown": ([*TALK, b"550 no such user", OK], ("mail_email_invalid", 1, False, [])),
    "content: silence": (TALK, ("in_doubt", 1, True, [])),
    "content: garbage": ([*TALK, b"hm"], ("in_doubt", 1, True, [])),
    "content: hang up": ([*TALK, None], ("in_doubt", 1, True, [])),
    "all is well": ([*TALK, OK], ("sent", 1, False, ["sent"])),
}


class TestFaults(MassEmailCase):
    """Every moment of a conversation at which a server can fail, and every way to."""

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(ir_mail_server, "SMTP_TIMEOUT", 0.3))
        self.enterContext(patch.object(allowance, "FIRST_REST", 0.001))
        self.enterContext(patch.object(pool, "LOOK_SECONDS", 0.01))
        self.enterContext(patch.object(transport, "FINAL_REPLY_SECONDS", 0.3))
        self.enterContext(patch.object(transport, "GOODBYE_SECONDS", 0.01))
        self._contact("Anna", self.target_list)

    def test_every_fault_at_every_moment_has_its_outcome(self):
        for fault, (script, expected) in FAULTS.items():
            with self.subTest(fault), self.smtp(), BrokenServer(*script) as server:
                self.env["ir.mail_server"].search([]).smtp_port = server.port
                mailing = self._mass_email()
                mailing.action_set_pending()
                self.run_delivery()
                trace = mailing.mailing_trace_ids
                self.assertEqual(
                    (
                        trace.failure_type or trace.trace_status,
                        trace.attempt_count,
                        bool(mailing.delivery_issue),
                        [event for _name, event in self.events(mailing)],
                    ),
                    expected,
                )
                takes_a_place = expected[0] in ("sent", "in_doubt")
                self.assertEqual(bool(trace.portion_datetime), takes_a_place)
                mailing.state = "done"
                # she may be dead by now
                self.env["mailing.address"].search([]).action_clear()

    def test_what_was_on_the_wire_when_something_interrupted_is_not_sent_again(self):
        mailing, receive = self._mass_email(), Line.receive

        def interrupted(line):
            if server.messages:
                raise KeyboardInterrupt
            return receive(line)

        mailing.action_set_pending()
        with self.smtp() as server:
            # assertRaises would roll back what was written down
            with patch.object(Line, "receive", interrupted), suppress(KeyboardInterrupt):
                self.run_delivery()
            self.run_delivery()
            self.assertEqual(len(server.messages), 1)
        self.assertEqual(mailing.mailing_trace_ids.failure_type, "in_doubt")

    def test_what_was_on_the_wire_when_the_process_was_killed_is_not_sent_again(self):
        mailing, receive, close = self._mass_email(), Line.receive, pool.Pool.close

        def killed(line):
            if server.messages:
                raise KeyboardInterrupt
            return receive(line)

        mailing.action_set_pending()
        with self.smtp() as server:
            with (
                patch.object(Line, "receive", killed),
                # it does nothing any more
                patch.object(pool.Pool, "close", lambda sessions: close(sessions)[:0]),
                patch.object(Run, "_end", lambda _run: None),
                suppress(KeyboardInterrupt),
            ):
                self.run_delivery()
            self.assertEqual(mailing.mailing_trace_ids.trace_status, "process")
            self.run_delivery()
            self.assertEqual(len(server.messages), 1)
        self.assertEqual(mailing.mailing_trace_ids.failure_type, "in_doubt")

    def test_a_server_that_is_not_there_loses_nobody(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # bound, not listening: refused
            mailing = self._mass_email()
            with self.smtp():
                self.env["ir.mail_server"].search([]).smtp_port = nobody.getsockname()[1]
                mailing.action_set_pending()
                self.run_delivery()
        trace = mailing.mailing_trace_ids
        self.assertEqual((trace.trace_status, trace.attempt_count), ("outgoing", 0))
        self.assertRegex(mailing.delivery_issue, "^Loopback: Connection refused$")
