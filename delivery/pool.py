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
# Sessions opened side by side: more look like an attack, and each needs what the caller opens it
# with, a connection to a database maybe.
OPENED_AT_ONCE = 5
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

    Where there is no session, one is opened in the caller's thread, and when that fails, so does
    the delivery. Further ones are opened side by side, each in its own; when one fails, the pool
    goes on with those there are.

    When the server is busy, all sessions rest, and half of them are used from then on; as long as
    it takes what it gets, more are used again. A session that the server ends after it took
    messages, for it may allow so many per session, is replaced without further ado.

    :param open_session: opens an SMTP session, ready for MAIL; called in any thread
    :param size: sessions at most; they are opened as messages come
    :param probe: use one session until the server has taken a first message
    :param first: a session that the caller has opened already; the pool ends it, too
    :param side_by_side: else sessions are opened one after the other, in the caller's thread
    """

    def __init__(
        self,
        open_session: Callable[[], smtplib.SMTP],
        size: int,
        probe: bool = False,
        first: smtplib.SMTP | None = None,
        side_by_side: bool = True,
    ):
        self._open_session = open_session
        self._size = self._allowed = max(size, 1)
        self._probing = probe
        self._side_by_side = side_by_side
        self._results = queue.SimpleQueue()
        self._envelopes = iter(())
        self._is_more = False
        # taken before there was a session for them, or back from one that ended
        self._at_hand = collections.deque()
        self._idle = []
        self._opening = set()
        if first:
            self._open_here(lambda: first)
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
        for worker in (*self._idle, *self._opening):
            self._dismiss(worker)
        self._idle, self._opening = [], set()
        leave_at = time.monotonic() + FAREWELL_SECONDS
        for worker in self._leaving:
            worker.join(max(leave_at - time.monotonic(), 0))
            # one whose server does not even greet ends by itself
            if worker.is_open:
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
        return self._is_more or self._at_hand or any(worker.next for worker in self._idle)

    def _has_room(self):
        is_free = len(self._working) + len(self._ready) < self._limit()
        return is_free and self._may_go_on() and self._rest_left() <= 0

    def _open_count(self):
        return len(self._working) + len(self._ready) + len(self._idle)

    def _may_open(self):
        # those that are being opened are waited for where there is no other
        most = OPENED_AT_ONCE if self._open_count() else 1
        is_free = self._open_count() + len(self._opening) < self._limit()
        return self._has_room() and is_free and len(self._opening) < most

    def _prepare(self, look_at):
        """Have sessions ready that were idle, each with its next envelope, and open more."""
        # those that have offered one already go first
        self._idle.sort(key=lambda worker: worker.next is not None)
        while self._has_room() and time.monotonic() < look_at:
            if not self._idle and not self._open():
                break
            if self._idle:  # else it is being opened
                # when taking one raises, the session is still among the idle ones
                worker = self._idle[-1]
                worker.next = worker.next or self._take()
                if worker.next is None:
                    break
                self._ready.append(self._idle.pop())

    def _take(self):
        """Take the next envelope; None when there is none."""
        return self._at_hand.popleft() if self._has_at_hand(1) else None

    def _has_at_hand(self, count):
        """Take so many envelopes ahead; tell whether there are so many."""
        while self._is_more and len(self._at_hand) < count:
            envelope = next(self._envelopes, None)
            self._is_more = envelope is not None
            if self._is_more:
                self._at_hand.append(envelope)
        return len(self._at_hand) >= count

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
        """Open a session, or begin to; return whether it did."""
        if not (self._may_open() and self._has_at_hand(len(self._opening) + 1)):
            return False
        if self._side_by_side and self._open_count():
            worker = Worker(self._open_session, self._results)
            self._opening.add(worker)
            worker.start()
            return True
        # opening takes long
        if self._ready or self._unwritten or not self._results.empty():
            return False
        try:
            self._open_here(self._open_session)
            return True
        except (OSError, smtplib.SMTPException):
            if not self._open_count():
                raise
            self._be_content()
            return False

    def _open_here(self, open_session):
        worker = Worker(open_session, self._results)
        worker.open()
        worker.start()
        self._idle.append(worker)

    def _take_in(self, worker, error):
        """A session was opened, or could not be."""
        self._opening.discard(worker)
        if error:
            self._be_content()
        else:
            self._idle.append(worker)

    def _be_content(self):
        """The server wants no more sessions: go on with those there are, and for long."""
        there_are = self._open_count() + len(self._opening)
        self._allowed = max(min(self._allowed, there_are), 1)
        self._sent_in_a_row = -MESSAGES_PER_SESSION

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
        self._unwritten += [result for _worker, result in batch if isinstance(result, Result)]
        return batch

    def _seconds_until(self, look_at):
        """Return how long to wait for a result: to the next moment at which something is due."""
        now = time.monotonic()
        if now < self._cut_off_at:
            look_at = min(look_at, self._cut_off_at)
        if not self._working and (now < self._rest_until or not self._opening):
            look_at = min(look_at, self._rest_until)
        # messages that wait for sessions being opened need no others
        is_to_open = self._is_more or len(self._at_hand) > len(self._opening)
        if (is_to_open and self._may_open()) or (
            self._idle and self._has_more() and self._has_room()
        ):
            look_at = now
        return max(look_at - now, 0)

    def _take_back(self, batch):
        """Judge by results whose session goes on; what belongs to one trouble counts once."""
        was_resting = self._rest_left() > 0
        opened = [each for each in batch if not isinstance(each[1], Result)]
        for worker, result in batch:
            if not isinstance(result, Result):
                continue
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
        for worker, error in opened:
            self._take_in(worker, error)
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
            self._at_hand.append(worker.next)
        worker.inbox.put(None)
        self._leaving = [each for each in self._leaving if each.is_alive()] + [worker]
