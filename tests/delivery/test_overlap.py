import contextlib
import itertools
import smtplib
import socket
import struct
import threading
from unittest import TestCase
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery import allowance, transport
from odoo.addons.mass_mailing_campaign.delivery.envelope import Envelope, dot_stuffed
from odoo.addons.mass_mailing_campaign.delivery.pool import Pool
from odoo.addons.mass_mailing_campaign.delivery.reply import Outcome

COUNT = 6
SECONDS = 0.1
# What a server may do instead of what is hoped for, with the words it says.
TRICKS = {
    "later": b"451 4.3.0 later\r\n",
    "never": b"550 5.7.1-no\r\n",
    "lines": b"452-4.2.2 the mailbox\r\n452 4.2.2 is full\r\n",
    "bye": b"421 bye\r\n",
    "bye and stays": b"421 bye\r\n",
    "garbage": b"\xff\x00 what\r\n",
    "half": b"250-wait",
    "silence": b"",
    "close": b"",
    "reset": b"",
    "well, and close": None,  # the welcome
}
# It closes or hangs: who skips a reply and goes on answers, for all one can tell, that command.
ENDS = {"bye", "half", "close", "well, and close", "silence"}
CLEAR = {"later", "never", "lines", "bye", "bye and stays"}


class ScriptedServer:
    """Answers each command and content by a script, whatever travels together.

    :ivar dict read: by recipient how often it read a content to its end
    :ivar dict said: what it did about the last of them
    :ivar set may_be_lost: for whom it said something that its reset may have taken back
    :ivar set handed_over: whose content went out, whether the server still listened or not
    """

    def __init__(self, script, piecemeal, lenient, forgets):
        self.script = iter(script)
        self.piecemeal = piecemeal
        self.lenient = lenient
        self.forgets = forgets  # what came behind a refusal
        self.read, self.said = {}, {}
        self.handed_over = set()
        self._last, self.may_be_lost = {}, set()
        self.on_content = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.threads = []

    def session(self, is_pipelined):
        session = smtplib.SMTP(timeout=SECONDS)
        session.sock = socket.create_connection(self.listener.getsockname(), timeout=SECONDS)
        session.esmtp_features = {"pipelining": ""} if is_pipelined else {}
        connection, _address = self.listener.accept()
        thread = threading.Thread(target=self._converse, args=[connection], daemon=True)
        self.threads.append(thread)
        thread.start()
        return session

    def close(self):
        for thread in self.threads:
            thread.join()
        self.listener.close()

    def _converse(self, connection):
        with connection, contextlib.suppress(OSError, EOFError):
            lines = connection.makefile("rb")
            state = {}
            while line := lines.readline():
                self._command(connection, lines, line, state)

    def _command(self, connection, lines, line, state):
        verb = line[:4].upper()
        if verb == b"MAIL":
            state.clear()
            if self._answer(connection, lines, b"250 ok"):
                state["sender"] = line
        elif verb == b"RCPT" and state.get("sender"):
            if self._answer(connection, lines, b"250 ok"):
                state["recipient"] = line.decode().partition("<")[2].rpartition(">")[0]
        elif verb == b"DATA" and (state.get("recipient") or (state.get("sender") and self.lenient)):
            recipient = state.get("recipient")
            if self._answer(connection, lines, b"354 go", hands_over=recipient):
                self._read_content(connection, lines, recipient)
                state.clear()
        elif verb == b"QUIT":
            connection.sendall(b"221 bye\r\n")
            raise EOFError
        elif verb == b"RSET":
            state.clear()
            connection.sendall(b"250 ok\r\n")
        else:
            connection.sendall(b"503 in this order?\r\n")

    def _read_content(self, connection, lines, recipient):
        while (line := lines.readline()) != b".\r\n":
            if not line.endswith(b"\n"):
                raise EOFError
        if recipient is None:
            connection.sendall(b"554 for nobody\r\n")
            return
        self.on_content(recipient)
        self.handed_over.add(recipient)
        self._last[connection] = recipient
        self.read[recipient] = self.read.get(recipient, 0) + 1
        self._answer(connection, lines, b"250 taken", recipient)

    def _answer(self, connection, lines, welcome, recipient=None, hands_over=None):
        act = next(self.script, None)
        if act == "well, and close" and hands_over:
            self.handed_over.add(hands_over)
        if recipient:
            self.said[recipient] = act
        words = TRICKS[act] if act else None
        words = welcome + b"\r\n" if words is None else words
        if self.piecemeal:
            for byte in words:
                connection.sendall(bytes([byte]))
        else:
            connection.sendall(words)
        if act == "reset":
            self.may_be_lost.add(self._last.get(connection))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            lines.close()
            raise EOFError
        if act in ENDS:
            if act != "silence":
                # in good order: what was said arrives
                connection.shutdown(socket.SHUT_WR)
            while lines.read1(65536):
                pass
            raise EOFError
        if act in ("later", "never") and self.forgets:
            lines.peek()  # what came behind
            lines.read1()
        return act is None


class TestOverlap(TestCase):
    """Commands that travel behind a content, to servers that break off at any moment."""

    @given(
        script=st.lists(st.none() | st.none() | st.sampled_from(sorted(TRICKS)), max_size=30),
        size=st.integers(1, 2),
        piecemeal=st.booleans(),
        lenient=st.booleans(),
        is_pipelined=st.booleans() | st.just(True),
        stop_after=st.none() | st.integers(0, COUNT),
    )
    @settings(deadline=None, max_examples=60)
    def test_whatever_the_server_does(
        self, script, size, piecemeal, lenient, is_pipelined, stop_after
    ):
        server = ScriptedServer(script, piecemeal, lenient, forgets=False)
        begun, early, written = set(), [], {}

        def look(recipient):
            if recipient not in begun:
                early.append(recipient)

        server.on_content = look
        content = dot_stuffed(b"Subject: Hi\r\n\r\nMAIL FROM:<a@b.example>\r\n.\r\n")
        addresses = (f"to{number}@example.com" for number in range(COUNT))
        envelopes = (Envelope(each, "a@b.example", each, "", content) for each in addresses)
        with (
            patch.object(allowance, "FIRST_REST", 0),
            patch.object(transport, "FINAL_REPLY_SECONDS", SECONDS),
            contextlib.closing(server),
            contextlib.closing(Pool(lambda: server.session(is_pipelined), size)) as delivery,
        ):
            for batch in delivery.deliver(envelopes):
                for result in batch:
                    self.assertNotIn(result.key, written, "one result")
                    written[result.key] = result
                if stop_after is not None and len(written) >= stop_after:
                    delivery.stop_within(1)
                else:
                    begun |= set(batch.begun)
                self.assertLessEqual(len(begun - set(written)), size)
            self.assertFalse(delivery.close())
        self.assertFalse(early, "its content went out before it was begun")
        self.assertLessEqual(set(server.read), set(written), "sent, and no result")
        self.assertEqual(set(server.read.values()) | {1}, {1}, "sent once")
        for key, result in written.items():
            if result.outcome is not Outcome.UNKNOWN or key not in server.may_be_lost:
                # what comes too late was not said
                is_late = "timed out" in result.reply
                act = "silence" if is_late else server.said.get(key)
                self.judge(result.outcome, key in server.read, act)
            if result.outcome is Outcome.UNKNOWN:
                self.assertIn(key, server.handed_over, "nobody can have it")
        if stop_after is None and not delivery.is_outage:
            self.assertEqual(len(written), COUNT)

    def judge(self, outcome, is_read, act):
        if not is_read:
            self.assertIsNot(outcome, Outcome.SENT)
        elif act in (None, "well, and close"):
            self.assertIs(outcome, Outcome.SENT)
        elif act in CLEAR:
            self.assertNotIn(outcome, (Outcome.SENT, Outcome.UNKNOWN, Outcome.NOT_SENT))
        else:
            self.assertIs(outcome, Outcome.UNKNOWN)

    def test_a_server_that_forgets_what_came_behind_a_refusal_sends_nothing_twice(self):
        script = itertools.chain([None] * 3, ["later"])
        server = ScriptedServer(script, piecemeal=False, lenient=False, forgets=True)
        server.on_content = lambda _recipient: None
        envelopes = (
            Envelope(number, "a@b.example", f"to{number}@example.com", "", b"x\r\n")
            for number in range(3)
        )
        with (
            contextlib.closing(server),
            contextlib.closing(Pool(lambda: server.session(True), 1)) as delivery,
        ):
            outcomes = [result.outcome for batch in delivery.deliver(envelopes) for result in batch]
        self.assertEqual(outcomes, [Outcome.DEFERRED, Outcome.NOT_SENT, Outcome.SENT])
        self.assertEqual(list(server.read), ["to0@example.com", "to2@example.com"])
