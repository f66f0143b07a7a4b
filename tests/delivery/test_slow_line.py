import smtplib
import socket
import ssl
import threading
from unittest import TestCase
from unittest.mock import patch

from odoo.addons.mass_mailing_campaign.delivery import transport
from odoo.addons.mass_mailing_campaign.delivery.envelope import Envelope
from odoo.addons.mass_mailing_campaign.delivery.reply import Outcome
from odoo.addons.mass_mailing_campaign.delivery.transport import Conversation

from .test_line import openssl_context, python_context, server_context
from .test_transport import transmit

# What one piece of TLS holds at most.
RECORD = 16 * 1024
LONG = ".".join(["x" * 60] * 3) + ".example.com"


class StalledServer(threading.Thread):
    """A server with TLS that welcomes a message, and reads on only when the client is gone.

    :param raw: its end of the line
    :param context: SSL context with its certificate
    :param size: bytes that it reads before; what it leaves fills the line
    :ivar bytes received: all that it could read at last
    """

    def __init__(self, raw, context, size):
        super().__init__(daemon=True)
        self.client_is_gone = threading.Event()
        self.received = b""
        self._raw, self._size = raw, size
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.start()

    def run(self):
        while not self._shake_hands():
            self._incoming.write(self._raw.recv(RECORD))
        self._tls.write(b"250 OK\r\n250 OK\r\n354 go on\r\n")
        self._raw.sendall(self._outgoing.read())
        while self._size > 0:
            data = self._raw.recv(min(self._size, 1024))
            self._size -= len(data)
            self._incoming.write(data)
        self.client_is_gone.wait(30)
        while data := self._raw.recv(RECORD):
            self._incoming.write(data)
        try:
            while data := self._tls.read(RECORD):
                self.received += data
        except ssl.SSLError:
            return  # it ends in the middle of a piece

    def _shake_hands(self):
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._raw.sendall(self._outgoing.read())
        return True


class TestSlowLineWithTls(TestCase):
    """With Python's TLS, and with pyOpenSSL's as urllib3 wraps it."""

    def test_a_content_that_may_arrive_yet_is_not_called_unsent(self):
        """The next message's commands do not get through, and the content before them does."""
        end = b"\r\n.\r\n"
        for is_openssl, room in ((False, 10), (True, 10), (True, 0)):
            content = b"x" * (RECORD - len(end) - room)
            received, result = self.transmit(is_openssl, RECORD - 1000, content)
            self.assertIn(content + end, received)
            self.assertEqual(result.outcome, Outcome.UNKNOWN)

    def test_a_content_that_cannot_arrive_is_not_sent(self):
        content = b"x" * 3 * RECORD
        for is_openssl in (False, True):
            received, result = self.transmit(is_openssl, RECORD - 1000, content)
            self.assertNotIn(content + b"\r\n.\r\n", received)
            self.assertEqual(result.outcome, Outcome.NOT_SENT)

    def transmit(self, is_openssl, size, content):
        session, server = self.connect(is_openssl, size)
        with patch.object(transport, "FINAL_REPLY_SECONDS", 0.1):
            result = transmit(
                Conversation(session),
                Envelope(1, f"from@{LONG}", f"to@{LONG}", "<1@example.com>", content),
                Envelope(2, f"from@{LONG}", f"to@{LONG}", "<2@example.com>", b"Hello"),
            )
        server.client_is_gone.set()
        server.join()
        return server.received, result

    def connect(self, is_openssl, size):
        context = openssl_context() if is_openssl else python_context()
        raw, line = socket.socketpair()
        self.addCleanup(line.close)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the least there is
        server = StalledServer(line, server_context(), size)
        session = smtplib.SMTP(timeout=1)
        raw.settimeout(0.1)
        session.sock = context.wrap_socket(raw, server_hostname="localhost")
        session.esmtp_features = {"pipelining": ""}
        session.does_esmtp = True
        self.addCleanup(session.close)
        return session, server
