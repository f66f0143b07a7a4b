import queue
import smtplib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator

from .envelope import Envelope
from .transport import BROKEN, Outcome, Result, hang_up, transmit

# A server may limit the messages of one session; a fresh one in time is cheaper than a refusal.
MESSAGES_PER_SESSION = 1000
# So many sessions broken in a row, without a message sent in between, are an outage.
BREAKS_OF_AN_OUTAGE = 3


class Pool:
    """Several SMTP sessions in threads, each with one message on the wire at a time.

    Sessions are opened by the caller's thread and used by one thread each; the threads touch
    nothing but their session. A session gets its next message only after the caller has come
    back for more, that is, after the result of the previous one was written down: a process
    killed at any moment leaves at most one message per session in doubt.

    :param open_session: opens an SMTP session, ready for MAIL; called in the caller's thread
    :param size: sessions at most; they are opened as messages come
    """

    def __init__(self, open_session: Callable[[], smtplib.SMTP], size: int):
        self._open_session = open_session
        self._size = size
        self._results = queue.SimpleQueue()
        self._idle = []
        self._working = set()
        self._breaks = 0

    def deliver(self, envelopes: Iterable[Envelope]) -> Iterator[list[Result]]:
        """Send envelopes; yield results in batches as they come.

        :param envelopes: taken one by one, in the caller's thread, when a session is free
        :return: an iterator; it ends early, with envelopes not taken, in an outage
        :raise OSError, smtplib.SMTPException: there is no session and none can be opened
        """
        envelopes = iter(envelopes)
        exhausted = False
        while True:
            while not exhausted and (worker := self._free_worker()):
                envelope = next(envelopes, None)
                if envelope is None:
                    exhausted = True
                    self._idle.append(worker)
                else:
                    self._working.add(worker)
                    worker.inbox.put(envelope)
            if not self._working:
                return
            batch = self._wait()
            yield [result for _worker, result in batch]
            for worker, result in batch:
                self._take_back(worker, result)

    @property
    def is_outage(self) -> bool:
        """Whether so many sessions broke that no more are opened."""
        return self._breaks >= BREAKS_OF_AN_OUTAGE

    def close(self) -> None:
        """End all sessions; those at work are cut off after their timeout."""
        for worker in [*self._idle, *self._working]:
            worker.inbox.put(None)
        for worker in self._idle:
            worker.join()
        self._idle.clear()

    def _free_worker(self):
        if self._idle:
            return self._idle.pop()
        if len(self._working) >= self._size or self.is_outage:
            return None
        try:
            return _Worker(self._open_session(), self._results)
        except (OSError, smtplib.SMTPException):
            if not self._working:
                raise
            # the server wants no more sessions: go on with those there are
            self._size = len(self._working)
            return None

    def _wait(self):
        """Wait for a result and take along what has come meanwhile."""
        batch = [self._results.get()]
        while not self._results.empty():
            batch.append(self._results.get())
        return batch

    def _take_back(self, worker, result):
        self._working.remove(worker)
        if result.outcome in BROKEN:
            self._breaks += 1
            # it may break sessions because there are too many
            self._size = max(self._size - 1, 1)
            worker.inbox.put(None)
            return
        if result.outcome == Outcome.SENT:
            self._breaks = 0
        if worker.count >= MESSAGES_PER_SESSION:
            worker.inbox.put(None)
        else:
            self._idle.append(worker)


class _Worker(threading.Thread):
    """One session and the thread that uses it."""

    def __init__(self, session, results):
        super().__init__(name="smtp-session", daemon=True)
        self.inbox = queue.SimpleQueue()
        self.count = 0
        self._session = session
        self._results = results
        # else small commands wait for the server's delayed acknowledgement, 40 ms a message
        session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.start()

    def run(self):
        while (envelope := self.inbox.get()) is not None:
            self.count += 1
            self._results.put((self, transmit(self._session, envelope)))
        hang_up(self._session)
