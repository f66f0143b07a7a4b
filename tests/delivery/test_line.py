import contextlib
import resource
import select
import smtplib
import socket
import ssl
import struct
import threading
from selectors import EVENT_READ, EVENT_WRITE
from unittest import TestCase

import trustme
from urllib3.contrib.pyopenssl import PyOpenSSLContext

from odoo.addons.mass_mailing_campaign.delivery.envelope import Envelope, as_received
from odoo.addons.mass_mailing_campaign.delivery.line import BLOCK_SIZE, Line
from odoo.addons.mass_mailing_campaign.delivery.pool import Pool

from ..smtp_server import SmtpServer

AUTHORITY = trustme.CA()


def in_lines(text):
    return b"\r\n".join(text[at : at + 900] for at in range(0, len(text), 900))


def server_context():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    return context


def python_context(authority=AUTHORITY):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def openssl_context():
    """As Odoo makes it for a server that wants a certificate."""
    context = PyOpenSSLContext(ssl.PROTOCOL_TLS)
    context.verify_mode = ssl.CERT_NONE
    certificate = AUTHORITY.issue_cert("odoo.example.com")
    with certificate.private_key_and_cert_chain_pem.tempfile() as file:
        context.load_cert_chain(file)
    return context


class TestPlainLine(TestCase):
    def setUp(self):
        super().setUp()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname(), timeout=5)
            peer = listener.accept()[0]
        peer.settimeout(5)
        client, self.peer = self.encrypt(client, peer)
        self.addCleanup(client.close)
        self.addCleanup(self.peer.close)
        self.line = Line(client)

    def encrypt(self, client, peer):
        return client, peer

    def receive(self):
        """What has come, as one receives it who waits for the socket only."""
        data = None
        while data is None:
            self.assertTrue(self.wait(5))
            data = self.line.receive()
        return data

    def wait(self, seconds):
        return select.select([self.line.fileno], [], [], seconds)[0]

    def test_it_knows_how_long_its_session_would_wait(self):
        self.assertEqual(self.line.seconds, 5)

    def test_small_commands_wait_for_nobodys_acknowledgement(self):
        with self.line._plain_socket() as plain:
            self.assertTrue(plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def test_bytes_go_both_ways_and_nobody_waits(self):
        self.assertIsNone(self.line.receive())
        self.assertEqual(self.line.event, EVENT_READ)
        self.peer.sendall(b"250 ok\r\n")
        self.assertEqual(self.receive(), b"250 ok\r\n")
        self.assertEqual(self.line.send(memoryview(b"QUIT\r\n")), 6)
        self.assertEqual(self.peer.recv(100), b"QUIT\r\n")

    def test_what_was_received_leaves_nothing_that_waiting_would_not_see(self):
        sent = bytes(range(256)) * (3 * BLOCK_SIZE // 256) + b"the last"
        self.peer.sendall(sent)
        received = b""
        while len(received) < len(sent):
            received += self.receive()
        self.assertEqual(received, sent)

    def test_a_full_line_is_tried_again_with_the_same_and_loses_nothing(self):
        block = bytes(range(256)) * (BLOCK_SIZE // 256)
        count, sent = 0, 1
        while sent:
            sent = self.line.send(memoryview(block)[count % BLOCK_SIZE :])
            count += sent
        self.assertEqual(self.line.event, EVENT_WRITE)
        goal, received = (count // BLOCK_SIZE + 2) * BLOCK_SIZE, b""
        while len(received) < goal:
            if count < goal:
                count += self.line.send(memoryview(block)[count % BLOCK_SIZE :])
            received += self.peer.recv(BLOCK_SIZE)
        self.assertEqual(received, block * (goal // BLOCK_SIZE))

    def test_a_server_that_closes_has_said_what_it_said(self):
        self.peer.sendall(b"421 bye\r\n")
        self.peer.close()
        self.assertEqual([self.receive(), self.receive()], [b"421 bye\r\n", b""])

    def test_a_server_that_closed_is_heard_though_it_hears_no_more(self):
        self.peer.sendall(b"250 ok\r\n")
        self.assertEqual(self.receive(), b"250 ok\r\n")
        self.peer.sendall(b"552 too large\r\n")
        self.peer.close()
        with self.assertRaises(ConnectionError):
            while True:
                self.line.send(bytes(BLOCK_SIZE))
        self.assertEqual(self.receive(), b"552 too large\r\n")

    def test_a_reset_is_an_error(self):
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.close()
        with self.assertRaises(ConnectionError):
            # Python's TLS may call it closed
            raise ConnectionError if self.receive() == b"" else AssertionError

    def test_what_has_come_before_it_was_cut_off_is_received(self):
        self.peer.sendall(b"250 ok\r\n")
        self.assertEqual(self.receive(), b"250 ok\r\n")  # with TLS something is said before
        self.peer.sendall(b"250 taken\r\n")
        self.assertTrue(self.wait(5))
        self.line.cut_off()
        self.assertEqual([self.receive(), self.receive()], [b"250 taken\r\n", b""])
        self.assertEqual(self.peer.recv(100), b"")

    def test_it_is_cut_off_also_where_no_file_descriptor_is_left(self):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, limits[1]))
        self.line.cut_off()
        self.assertEqual(self.peer.recv(100), b"")


class TestPythonsTlsLine(TestPlainLine):
    def context(self):
        return python_context()

    def encrypt(self, client, peer):
        encrypted = []
        context = server_context()
        thread = threading.Thread(
            target=lambda: encrypted.append(context.wrap_socket(peer, server_side=True))
        )
        thread.start()
        client = self.context().wrap_socket(client, server_hostname="localhost")
        thread.join()
        return client, encrypted[0]

    def test_a_server_that_ends_tls_has_closed(self):
        self.peer.sendall(b"421 bye\r\n")
        threading.Thread(target=self.end_tls, daemon=True).start()
        self.assertEqual([self.receive(), self.receive()], [b"421 bye\r\n", b""])

    def end_tls(self):
        with contextlib.suppress(OSError):  # nobody answers
            self.peer.unwrap()

    def test_what_is_no_tls_is_an_error(self):
        # under the TLS of the server
        with socket.socket(fileno=self.peer.detach()) as plain:
            plain.sendall(b"250 in plain words\r\n" * 10)
            with self.assertRaises(ssl.SSLError):
                self.receive()


class TestOpenSslLine(TestPythonsTlsLine):
    def context(self):
        return openssl_context()


class TestSessionsOfEachKind(TestCase):
    def test_messages_small_and_large_arrive_over_several_sessions(self):
        contents = [
            b"Subject: %d\r\n\r\n" % key + b"0123456789\r\n" * 50 * key**2 for key in range(10)
        ]
        self.deliver_each_way([(content, b"") for content in contents])

    def test_a_tail_that_is_the_same_for_many_arrives_behind_the_beginning_of_each(self):
        block = b"0123456789abcdef" * (BLOCK_SIZE // 16)
        tails = [block, b"\r\nX" + block, block * 9 + b"and\r\n.. more", block * 20]
        self.deliver_each_way(
            [
                (b"Subject: %d\r\n\r\n" % key + b"x" * 30 * (key % 3), in_lines(tail))
                for key, tail in enumerate(tails * 3)
            ]
        )

    def deliver_each_way(self, contents):
        for context in (None, python_context, openssl_context):
            for pipelining in (False, True):
                with self.subTest(context=context, pipelining=pipelining):
                    self.deliver(contents, context, pipelining)

    def deliver(self, contents, context, pipelining):
        with SmtpServer(pipelining, starttls=bool(context)) as server:

            def open_session():
                session = smtplib.SMTP("localhost", server.port, timeout=5)
                if context:
                    is_python = context is python_context
                    session.starttls(context=context(server.ca) if is_python else context())
                session.ehlo()
                self.addCleanup(session.close)
                return session

            pool = Pool(open_session, 3)
            self.addCleanup(pool.close)
            envelopes = (
                Envelope(key, "from@example.com", f"to{key}@example.com", "", *content)
                for key, content in enumerate(contents)
            )
            sent = [result.key for batch in pool.deliver(envelopes) for result in batch]
            self.assertEqual(sorted(sent), list(range(len(contents))))
            sent = [as_received(begin + tail) + b"\r\n" for begin, tail in contents]
            self.assertTrue(sorted(server.contents) == sorted(sent))  # a difference is very long
