import asyncio
import email
import email.policy
import logging
import socket
import threading

from aiosmtpd.controller import Controller

logging.getLogger("mail.log").setLevel(logging.WARNING)


class SmtpServer:
    """A real SMTP server on loopback that keeps what it takes and replies as it is told.

    :param bool pipelining: offer PIPELINING (RFC 2920)
    :ivar list messages: the accepted messages, parsed
    :ivar list contents: the same as the bytes they arrived in
    :ivar list senders: their envelope senders
    :ivar dict delays: events to wait for before a recipient's address is answered
    :ivar dict replies: reply lines by moment: ``MAIL``, ``DATA``, or a recipient's address for
        RCPT; the reply ``hang up`` closes the connection
    """

    def __init__(self, pipelining=False):
        self.pipelining = pipelining
        self.messages = []
        self.contents = []
        self.senders = []
        self.replies = {}
        self.delays = {}
        self.rcpt_tos = []

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        return self

    def __exit__(self, *_error):
        self._controller.stop()

    def addresses(self):
        """The recipients of the accepted messages, sorted."""
        return sorted(self.rcpt_tos)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        session.host_name = hostname
        if self.pipelining:
            responses.insert(1, "250-PIPELINING")
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        envelope.mail_from = address
        return self._reply(server, "MAIL", "250 OK")

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

    def _reply(self, server, moment, default):
        reply = self.replies.get(moment, default)
        if reply == "hang up":
            server.transport.close()
        return reply


class BrokenServer:
    """A server over a bare socket that does not keep to the protocol.

    :param script: what it sends: first the greeting, then in turn behind whatever arrives; None
        hangs up, and behind the last there is silence
    """

    def __init__(self, *script):
        self._script = script
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
            for position, reply in enumerate(self._script):
                if position and not connection.recv(65536):
                    return
                if reply is None:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(reply + b"\r\n")
        except OSError:
            return  # the client hung up
