import contextlib
import os
import queue
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from .envelope import Envelope
from .transport import Outcome, Result, describe, hang_up, transmit

# A server may limit the messages of one session; a fresh one in time is cheaper than a refusal.
MESSAGES_PER_SESSION = 1000
# So many sessions broken, or rests taken, in a row without a message sent in between are an outage.
BREAKS_OF_AN_OUTAGE = 3
RESTS_OF_AN_OUTAGE = 5
# Seconds of the first rest; each further one in a row is twice as long.
FIRST_REST = 1.0
# Seconds between two looks at whether to stop, while no result comes.
LOOK_UP = 0.25


class Pool:
    """Several SMTP sessions in threads, each with one message on the wire at a time.

    Sessions are opened by the caller's thread and used by one thread each; the threads touch
    nothing but their session. A session gets its next message only after the caller has come
    back for more, that is, after the result of the previous one was written down: a process
    killed at any moment leaves at most one message per session in doubt.

    When the server is busy, all sessions rest, and half of them are used from then on.

    :param open_session: opens an SMTP session, ready for MAIL; called in the caller's thread
    :param size: sessions at most; they are opened as messages come
    :param patience: asked often: None to go on; else no envelope is taken any more, and what is
        on the wire after so many seconds is cut off
    :param probe: use one session until the server has taken a first message
    """

    def __init__(
        self,
        open_session: Callable[[], smtplib.SMTP],
        size: int,
        patience: Callable[[], float | None] = lambda: None,
        probe: bool = False,
    ):
        self._open_session = open_session
        self._size = size
        self._patience = patience
        self._probing = probe
        self._results = queue.SimpleQueue()
        self._idle = []
        self._working = set()
        self._reported = []  # those whose result the caller is writing down
        self._breaks = 0
        self._rests = 0
        self._rest_until = 0.0
        self._cut_off_at = None

    def deliver(self, envelopes: Iterable[Envelope]) -> Iterator[list[Result]]:
        """Send envelopes; yield results in batches as they come.

        :param envelopes: taken one by one, in the caller's thread, when a session is free
        :return: an iterator; it ends early, with envelopes not taken, in an outage or without
            patience
        :raise OSError, smtplib.SMTPException: there is no session and none can be opened
        """
        envelopes = iter(envelopes)
        exhausted = False
        while True:
            while not exhausted and self._goes_on():
                is_new = not self._idle
                worker = self._free_worker()
                if not worker:
                    break
                envelope = next(envelopes, None)
                if envelope is None:
                    exhausted = True
                    self._idle.append(worker)
                else:
                    self._working.add(worker)
                    worker.inbox.put(envelope)
                if is_new and not self._results.empty():
                    break  # opening takes long: first serve the sessions that wait
            is_resting = self._rest_left() > 0 and self._goes_on() and not self.is_outage
            if not self._working and (exhausted or not is_resting):
                return
            if batch := self._wait():
                yield [result for _worker, result in batch]
                self._take_back(batch)

    @property
    def is_outage(self) -> bool:
        """Whether the server failed so often in a row that nothing more is tried."""
        return self._breaks >= BREAKS_OF_AN_OUTAGE or self._rests >= RESTS_OF_AN_OUTAGE

    def close(self, patience: float = 5.0) -> list[Result]:
        """End all sessions.

        :param patience: seconds to wait for what is still on the wire
        :return: the results that came meanwhile
        """
        self._patience = lambda: patience
        # when an error ended the delivery, the last results were not written down
        self._idle += self._reported
        late = []
        while self._working:
            batch = self._wait()
            late += [result for _worker, result in batch]
            self._take_back(batch)
        for worker in self._idle:
            worker.inbox.put(None)
        for worker in self._idle:
            worker.join()
        self._idle.clear()
        return late

    def _goes_on(self):
        patience = self._patience()
        if patience is None:
            return True
        cut_off_at = time.monotonic() + patience
        self._cut_off_at = min(self._cut_off_at or cut_off_at, cut_off_at)
        return False

    def _rest_left(self):
        return self._rest_until - time.monotonic()

    def _free_worker(self):
        if self.is_outage or self._rest_left() > 0 or len(self._working) >= self._limit():
            return None
        if self._idle:
            return self._idle.pop()
        try:
            return _Worker(self._open_session(), self._results)
        except (OSError, smtplib.SMTPException):
            if not self._working:
                raise
            # the server wants no more sessions: go on with those there are
            self._size = len(self._working)
            return None

    def _limit(self):
        return 1 if self._probing else self._size

    def _wait(self):
        """Wait for a result, take along what has come meanwhile; nothing when a rest is over."""
        while True:
            try:
                batch = [self._results.get(timeout=LOOK_UP)]
            except queue.Empty:
                if not self._goes_on() and time.monotonic() >= self._cut_off_at:
                    for worker in self._working:
                        worker.cut_off()
                if not self._working and (self._rest_left() <= 0 or self._cut_off_at):
                    return []
                continue
            while not self._results.empty():
                batch.append(self._results.get())
            self._reported = [worker for worker, _result in batch]
            self._working.difference_update(self._reported)
            return batch

    def _take_back(self, batch):
        """Judge by results whose session goes on; what belongs to one trouble counts once."""
        was_resting = self._rest_left() > 0
        self._reported = []
        for worker, result in batch:
            if result.outcome is Outcome.SENT:
                self._breaks = self._rests = 0
                self._probing = False
            elif result.outcome is Outcome.BUSY:
                if not was_resting:
                    was_resting = True
                    self._rest()
            elif worker.is_broken:
                self._breaks += 1
                # it may break sessions because there are too many
                self._size = max(self._size - 1, 1)
            if worker.is_broken or worker.count >= MESSAGES_PER_SESSION:
                worker.inbox.put(None)
            else:
                self._idle.append(worker)

    def _rest(self):
        self._rest_until = time.monotonic() + FIRST_REST * 2**self._rests
        self._rests += 1
        self._size = max(self._size // 2, 1)


class _Worker(threading.Thread):
    """One session and the thread that uses it."""

    def __init__(self, session, results):
        super().__init__(name="smtp-session", daemon=True)
        self.inbox = queue.SimpleQueue()
        self.count = 0
        self._session = session
        self._results = results
        with self._socket() as raw:
            # else small commands wait for the server's delayed acknowledgement, 40 ms a message
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.start()

    @property
    def is_broken(self):
        return self._session.sock is None

    def run(self):
        while (envelope := self.inbox.get()) is not None:
            self.count += 1
            try:
                result = transmit(self._session, envelope)
            except Exception as error:
                # whatever it was, nobody knows how far the message got
                self._session.close()
                result = Result(envelope.key, Outcome.UNKNOWN, describe(error), envelope.message_id)
            self._results.put((self, result))
        hang_up(self._session)

    def cut_off(self):
        """Break the connection under the session, so that its thread comes back."""
        # it may be closed already
        with contextlib.suppress(OSError, AttributeError), self._socket() as raw:
            raw.shutdown(socket.SHUT_RDWR)

    def _socket(self):
        """The plain socket, whatever TLS library wraps it."""
        return socket.socket(fileno=os.dup(self._session.sock.fileno()))
