import asyncio
import email
import email.policy
import logging
import socket

from aiosmtpd.controller import Controller

logging.getLogger("mail.log").setLevel(logging.WARNING)


class SmtpServer:
    """A real SMTP server on loopback that keeps what it takes and replies as it is told.

    :param bool pipelining: offer PIPELINING (RFC 2920)
    :ivar list messages: the accepted messages, parsed
    :ivar dict delays: events to wait for before a recipient's address is answered
    :ivar dict replies: reply lines by moment: ``MAIL``, ``DATA``, or a recipient's address for
        RCPT; the reply ``hang up`` closes the connection
    """

    def __init__(self, pipelining=False):
        self.pipelining = pipelining
        self.messages = []
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
            self.rcpt_tos += envelope.rcpt_tos
        return reply

    def _reply(self, server, moment, default):
        reply = self.replies.get(moment, default)
        if reply == "hang up":
            server.transport.close()
        return reply
