import contextlib
import os
import queue
import socket
import threading

from .reply import Outcome, Result, describe
from .transport import Conversation


class Worker(threading.Thread):
    """One session and the thread that uses it.

    :param session: an SMTP session, ready for MAIL
    :param results: a queue, for each result with this worker
    :ivar Envelope next: what it sends next; offered to the server already, where that could be done
    :ivar int count: messages that it got
    :ivar bool has_sent: whether one of them was taken
    """

    def __init__(self, session, results):
        super().__init__(name="smtp-session", daemon=True)
        self.inbox = queue.SimpleQueue()
        self.next = None
        self.has_sent = False
        self.count = 0
        self._conversation = Conversation(session)
        self._results = results
        with self._socket() as raw:
            # else small commands wait for the server's delayed acknowledgement, 40 ms a message
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.start()

    @property
    def is_broken(self):
        return self._conversation.is_over

    @property
    def is_pipelined(self):
        return self._conversation.is_pipelined

    def send_next(self, successor):
        envelope, self.next = self.next, successor
        self.count += 1
        self.inbox.put((envelope, successor))

    def run(self):
        while order := self.inbox.get():
            envelope, successor = order
            try:
                result = self._conversation.transmit(envelope, successor)
            except Exception as error:
                # whatever it was, nobody knows how far the message got
                self._conversation.close()
                result = Result(envelope.key, Outcome.UNKNOWN, describe(error), envelope.message_id)
            self._results.put((self, result))
        self._conversation.hang_up()

    def cut_off(self):
        """Break the connection under the session, so that its thread comes back."""
        # it may be closed already
        with contextlib.suppress(OSError, AttributeError), self._socket() as raw:
            raw.shutdown(socket.SHUT_RDWR)

    def _socket(self):
        """The plain socket, whatever TLS library wraps it."""
        return socket.socket(fileno=os.dup(self._conversation.session.sock.fileno()))
