import asyncio
import email
import email.policy
import logging
import math
import socket
import ssl
import threading

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

logging.getLogger("mail.log").setLevel(logging.WARNING)


class SmtpServer:
    """A real SMTP server on loopback that keeps what it takes and replies as it is told.

    :param bool pipelining: offer PIPELINING (RFC 2920)
    :param bool starttls: demand STARTTLS (RFC 3207)
    :param tuple auth: user and password to demand (RFC 4954)
    :ivar ca: with STARTTLS, the authority (trustme) that vouches for localhost and 127.0.0.1
    :ivar list messages: the accepted messages, parsed
    :ivar list contents: the same as the bytes they arrived in
    :ivar list senders: their envelope senders
    :ivar dict delays: events to wait for before a recipient's address is answered
    :ivar int limit: messages that a connection may send
    :ivar int size: bytes of a message that it says it takes
    :ivar any_reply: called for what the replies do not tell; None for the usual reply
    :ivar dict replies: reply lines by moment: ``MAIL``, ``limit`` for MAIL beyond the limit,
        ``DATA``, ``RSET``, or a recipient's address for RCPT; the reply ``hang up`` closes the
        connection
    """

    def __init__(self, pipelining=False, starttls=False, auth=None):
        self.pipelining = pipelining
        self.auth = auth
        self.ca = trustme.CA() if starttls else None
        self.messages = []
        self.contents = []
        self.senders = []
        self.replies = {}
        self.any_reply = None
        self.delays = {}
        self.rcpt_tos = []
        self.limit = math.inf
        self.size = None

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = {"hostname": "127.0.0.1", "port": self.port} | self._security()
        self._controller = Controller(self, **options)
        self._controller.start()
        return self

    def _security(self):
        options = {}
        if self.ca:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.ca.issue_cert("localhost", "127.0.0.1").configure_cert(context)
            options |= {"tls_context": context, "require_starttls": True}
        if self.auth:
            options |= {"auth_required": True, "auth_require_tls": bool(self.ca)}
            options["authenticator"] = self._authenticate
        return options

    def _authenticate(self, server, session, envelope, mechanism, data):
        is_known = (data.login.decode(), data.password.decode()) == self.auth
        return AuthResult(success=is_known, handled=is_known)  # the server says 535 else

    def __exit__(self, *_error):
        self._controller.stop()

    def addresses(self):
        """The recipients of the accepted messages, sorted."""
        return sorted(self.rcpt_tos)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        if self.pipelining:
            responses.insert(1, "250-PIPELINING")
        if self.size is not None:
            responses = [each for each in responses if not each.startswith("250-SIZE")]
            responses.insert(1, f"250-SIZE {self.size}")
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        server.mail_count = getattr(server, "mail_count", 0) + 1
        if server.mail_count > self.limit:
            return self._reply(server, "limit", "421 too many messages")
        reply = self._reply(server, "MAIL", "250 OK")
        if reply.startswith("2"):
            envelope.mail_from = address
        return reply

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.delays:
            await asyncio.to_thread(self.delays[address].wait, 30)
        reply = self._reply(server, address, "250 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        reply = self._reply(server, "DATA", "250 taken")
        if reply.startswith("2"):
            message = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
            self.messages.append(message)
            self.contents.append(envelope.content)
            self.senders.append(envelope.mail_from)
            self.rcpt_tos += envelope.rcpt_tos
        return reply

    async def handle_RSET(self, server, session, envelope):  # noqa: N802
        return self._reply(server, "RSET", "250 OK")

    def _reply(self, server, moment, default):
        reply = self.replies.get(moment) or (self.any_reply and self.any_reply()) or default
        if reply == "hang up":
            server.transport.close()
        return reply


class BrokenServer:
    """A server over a bare socket that does not keep to the protocol.

    :param script: what it sends: first the greeting, then in turn behind whatever arrives; a tuple
        is sent at once, None hangs up, and behind the last there is silence
    :ivar bytes received: all that arrived
    """

    def __init__(self, *script):
        self._script = script
        self.received = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections = []
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_error):
        # a thread that waits in accept() holds the port until it is shut down
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def _serve(self):
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._converse, args=[connection], daemon=True).start()

    def _converse(self, connection):
        try:
            for position, step in enumerate(self._script):
                if position and not self._hear(connection):
                    return
                for reply in step if isinstance(step, tuple) else (step,):
                    if reply is None:
                        connection.shutdown(socket.SHUT_RDWR)
                        connection.close()
                        return
                    connection.sendall(reply + b"\r\n")
        except OSError:
            return  # the client hung up

    def _hear(self, connection):
        data = connection.recv(65536)
        self.received += data
        return data
