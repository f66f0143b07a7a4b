import contextlib
import os
import queue
import socket
import threading

from .reply import Outcome, Result, describe
from .transport import Conversation


class Worker(threading.Thread):
    """One session and the thread that opens and uses it.

    :param open_session: opens an SMTP session, ready for MAIL
    :param results: a queue, for this worker with None when its session is open or with why it is
        not, and with each result
    :ivar Envelope next: what it sends next; offered to the server already, where that could be done
    :ivar int count: messages that it got
    :ivar bool has_sent: whether one of them was taken
    """

    def __init__(self, open_session, results):
        super().__init__(name="smtp-session", daemon=True)
        self.inbox = queue.SimpleQueue()
        self.next = None
        self.has_sent = False
        self.count = 0
        self._open_session = open_session
        self._conversation = None
        self._results = results

    @property
    def is_open(self):
        return self._conversation is not None

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

    def open(self):
        """Open the session; raises what speaks against it."""
        conversation = Conversation(self._open_session())
        with _plain_socket(conversation) as raw:
            # else small commands wait for the server's delayed acknowledgement, 40 ms a message
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._conversation = conversation

    def run(self):
        if not self.is_open:
            try:
                self.open()
            except Exception as error:
                return self._results.put((self, error))
            self._results.put((self, None))
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
        with contextlib.suppress(OSError, AttributeError):
            with _plain_socket(self._conversation) as raw:
                raw.shutdown(socket.SHUT_RDWR)


def _plain_socket(conversation):
    """The plain socket, whatever TLS library wraps it."""
    return socket.socket(fileno=os.dup(conversation.session.sock.fileno()))
