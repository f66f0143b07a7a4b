import collections
import contextlib
import math
import queue
import smtplib
import time
from collections.abc import Callable, Iterable, Iterator

from .envelope import Envelope
from .reply import Outcome, Result
from .worker import Worker

# Seconds after which the caller gets control back at the latest.
LOOK_SECONDS = 0.5
# A server may limit the messages of one session; a fresh one in time is cheaper than a refusal.
MESSAGES_PER_SESSION = 1000
# After so many messages sent in a row a pool that was cut down uses one session more.
MESSAGES_TO_GROW = 20
# So many sessions broken, or rests taken, in a row without a message sent in between are an outage.
BREAKS_OF_AN_OUTAGE = 3
RESTS_OF_AN_OUTAGE = 7
# Seconds a server may take to say goodbye.
FAREWELL_SECONDS = 3.0
# Seconds in which further results may join the first: one statement writes down all that came.
GATHER_SECONDS = 0.001
# Seconds of the first rest; each further one in a row is twice as long.
FIRST_REST = 0.25


class Batch(list):
    """Results that came together, and which messages may go next.

    :ivar list begun: keys of envelopes whose content goes out when the caller comes back
    """

    def __init__(self, results=(), begun=()):
        super().__init__(results)
        self.begun = list(begun)


class Pool:
    """Several SMTP sessions in threads, each with the content of one message on the wire at a time.

    Sessions are used by one thread each; the threads touch nothing but their session. The content
    of a message goes out only after the caller was told that it is *begun*, together with the
    result of the one before in its session, and has come back for more, that is, has written both
    down: of a process killed at any moment at most one message per session is in doubt, and it is
    known which. Behind the content the next message may be offered already (see ``Conversation``).

    When the server is busy, all sessions rest, and half of them are used from then on; as long as
    it takes what it gets, more are used again. A session that the server ends after it took
    messages, for it may allow so many per session, is replaced without further ado.

    :param open_session: opens an SMTP session, ready for MAIL; called in the caller's thread
    :param size: sessions at most; they are opened as messages come
    :param probe: use one session until the server has taken a first message
    :param first: a session that the caller has opened already; the pool ends it, too
    """

    def __init__(
        self,
        open_session: Callable[[], smtplib.SMTP],
        size: int,
        probe: bool = False,
        first: smtplib.SMTP | None = None,
    ):
        self._open_session = open_session
        self._size = self._allowed = max(size, 1)
        self._probing = probe
        self._results = queue.SimpleQueue()
        self._envelopes = iter(())
        self._is_more = False
        self._returned = collections.deque()  # of sessions that ended before they came to them
        self._idle = [Worker(first, self._results)] if first else []
        self._ready = []  # those that may go on as soon as the caller comes back
        self._working = set()
        self._unwritten = []  # results that the caller does not know yet
        self._leaving = []
        self._sent_in_a_row = 0
        self._breaks = 0
        self._rests = 0
        self._rest_until = 0.0
        self._is_stopped = False
        self._cut_off_at = math.inf

    def deliver(self, envelopes: Iterable[Envelope]) -> Iterator[Batch]:
        """Send envelopes; yield results in batches as they come.

        :param envelopes: taken one by one, in the caller's thread, for sessions that are or will
            soon be free
        :return: an iterator of batches, every ``LOOK_SECONDS`` at least, empty ones when nothing
            came; it ends early, with envelopes not taken, or taken and not sent, in an outage or
            when stopped
        :raise OSError, smtplib.SMTPException: there is no session and none can be opened
        """
        self._envelopes = iter(envelopes)
        self._is_more = True
        while True:
            look_at = time.monotonic() + LOOK_SECONDS
            self._prepare(look_at)
            is_over = not (self._may_go_on() and self._has_more())
            if is_over and not (self._ready or self._working or self._unwritten):
                return
            results, self._unwritten = self._unwritten, []
            yield Batch(results, [worker.next.key for worker in self._ready])
            self._go_on()
            self._take_back(self._wait(look_at))

    def stop_within(self, seconds: float) -> None:
        """Take no envelope any more, and cut off what is on the wire after so many seconds.

        To be called between two batches; once more only to shorten the time.
        """
        self._is_stopped = True
        self._cut_off_at = min(self._cut_off_at, time.monotonic() + seconds)

    @property
    def is_outage(self) -> bool:
        """Whether the server failed so often in a row that nothing more is tried."""
        return self._breaks >= BREAKS_OF_AN_OUTAGE or self._rests >= RESTS_OF_AN_OUTAGE

    def close(self, seconds: float = 5.0) -> list[Result]:
        """End all sessions; nothing is on the wire any more.

        :param seconds: time for what is still on the wire
        :return: the results that the caller does not know yet
        """
        self.stop_within(seconds)
        while self._working:
            self._take_back(self._wait(time.monotonic() + LOOK_SECONDS))
        late, self._unwritten = self._unwritten, []
        # when an error ended the delivery, some were about to go on
        self._idle += self._ready
        self._ready = []
        while self._idle:
            self._dismiss(self._idle.pop())
        for worker in self._leaving:
            worker.join(FAREWELL_SECONDS)
            worker.cut_off()
            worker.join()
        return late

    def _may_go_on(self):
        return not self._is_stopped and not self.is_outage

    def _rest_left(self):
        return self._rest_until - time.monotonic()

    def _limit(self):
        return 1 if self._probing else self._allowed

    def _has_more(self):
        return self._is_more or self._returned or any(worker.next for worker in self._idle)

    def _has_room(self):
        is_free = len(self._working) + len(self._ready) < self._limit()
        return is_free and self._may_go_on() and self._rest_left() <= 0

    def _prepare(self, look_at):
        """Have sessions ready that were idle, or opened now, each with its next envelope."""
        # those that have offered one already go first
        self._idle.sort(key=lambda worker: worker.next is not None)
        while self._has_room() and time.monotonic() < look_at:
            if not self._idle and not self._open():
                break
            # when taking one raises, the session is still among the idle ones
            worker = self._idle[-1]
            worker.next = worker.next or self._take()
            if worker.next is None:
                break
            self._ready.append(self._idle.pop())

    def _take(self):
        """Take the next envelope; None when there is none."""
        if self._returned:
            return self._returned.popleft()
        envelope = next(self._envelopes, None) if self._is_more else None
        self._is_more = envelope is not None
        return envelope

    def _take_successor(self, worker):
        """Take the envelope that is offered behind the next one of a session."""
        is_last = worker.count + 1 >= MESSAGES_PER_SESSION
        return self._take() if worker.is_pipelined and not is_last else None

    def _go_on(self):
        """Send what is begun, unless the caller has stopped the pool meanwhile."""
        if self._may_go_on():
            successors = [self._take_successor(worker) for worker in self._ready]
            for worker, successor in zip(self._ready, successors, strict=True):
                self._working.add(worker)
                worker.send_next(successor)
        else:
            self._idle += self._ready
        self._ready = []

    def _open(self):
        """Open a session, unless others wait or the server wants no more of them."""
        # opening takes long
        if self._ready or self._unwritten or not self._results.empty():
            return False
        try:
            self._idle.append(Worker(self._open_session(), self._results))
            return True
        except (OSError, smtplib.SMTPException):
            if not self._working:
                raise
            # go on with those there are, and for long
            self._allowed = len(self._working)
            self._sent_in_a_row = -MESSAGES_PER_SESSION
            return False

    def _wait(self, look_at):
        """Wait for a result, take along what has come meanwhile; nothing when none came."""
        if time.monotonic() >= self._cut_off_at:
            for worker in self._working:
                worker.cut_off()
        batch = []
        with contextlib.suppress(queue.Empty):
            batch.append(self._results.get(timeout=self._seconds_until(look_at)))
            if len(self._working) > 1:
                time.sleep(GATHER_SECONDS)
            while True:
                batch.append(self._results.get_nowait())
        self._working.difference_update(worker for worker, _result in batch)
        self._unwritten += [result for _worker, result in batch]
        return batch

    def _seconds_until(self, look_at):
        """Return how long to wait for a result: to the next moment at which something is due."""
        now = time.monotonic()
        if now < self._cut_off_at:
            look_at = min(look_at, self._cut_off_at)
        if not self._working:
            look_at = min(look_at, self._rest_until)
        if self._has_room() and self._has_more():
            look_at = now
        return max(look_at - now, 0)

    def _take_back(self, batch):
        """Judge by results whose session goes on; what belongs to one trouble counts once."""
        was_resting = self._rest_left() > 0
        for worker, result in batch:
            # that was all the server takes over one session
            is_spent = worker.has_sent and worker.is_broken
            if result.outcome is Outcome.SENT:
                worker.has_sent = True
                self._grow()
            elif result.outcome is Outcome.BUSY:
                if not is_spent and not was_resting:
                    was_resting = True
                    self._rest()
            elif result.outcome is Outcome.UNKNOWN or (
                result.outcome is Outcome.NOT_SENT and not is_spent
            ):
                self._count_break()
            if worker.is_broken or worker.count >= MESSAGES_PER_SESSION:
                self._dismiss(worker)
            else:
                self._idle.append(worker)
        # what others could send does not wait in a session that is not used for now
        waiting = [worker for worker in self._idle if worker.next]
        for worker in waiting[max(self._limit() - len(self._working), 0) :]:
            self._idle.remove(worker)
            self._dismiss(worker)

    def _grow(self):
        self._breaks = self._rests = 0
        self._probing = False
        self._sent_in_a_row += 1
        if self._sent_in_a_row >= MESSAGES_TO_GROW:
            self._sent_in_a_row = 0
            self._allowed = min(self._allowed + 1, self._size)

    def _shrink(self, allowed):
        self._allowed = max(allowed, 1)
        self._sent_in_a_row = min(self._sent_in_a_row, 0)

    def _count_break(self):
        if self._cut_off_at == math.inf:  # else it may be us who cut it off
            self._breaks += 1
            # it may break sessions because there are too many
            self._shrink(self._allowed - 1)

    def _rest(self):
        self._rest_until = time.monotonic() + FIRST_REST * 2**self._rests
        self._rests += 1
        self._shrink(self._allowed // 2)

    def _dismiss(self, worker):
        if worker.next:
            self._returned.append(worker.next)
        worker.inbox.put(None)
        self._leaving = [each for each in self._leaving if each.is_alive()] + [worker]
