import collections
import math
import smtplib
import time
from collections.abc import Callable, Iterable, Iterator

from .allowance import Allowance
from .envelope import Envelope
from .gathering import Gathering
from .opening import Opening
from .reply import Outcome, Result
from .transport import Conversation
from .wire import Wire

# Seconds after which the caller gets control back at the latest.
LOOK_SECONDS = 0.5
# A server may limit the messages of one session; a fresh one in time is cheaper than a refusal.
MESSAGES_PER_SESSION = 1000
# Sessions opened side by side: more look like an attack, and each needs what the caller opens it
# with, a connection to a database maybe.
OPENED_AT_ONCE = 5
# Seconds in which sessions may still be opened and servers say goodbye when all is over.
FAREWELL_SECONDS = 3.0


class Batch(list):
    """Results that came together, and which messages may go next.

    :ivar list begun: keys of envelopes whose content goes out when the caller comes back
    """

    def __init__(self, results=(), begun=()):
        super().__init__(results)
        self.begun = list(begun)


class Pool:
    """Several SMTP sessions, each with the content of one message on the wire at a time.

    All are used in the caller's thread, while it waits for results. The content of a message goes
    out only after the caller was told that it is *begun*, together with the result of the one
    before in its session, and has come back for more, that is, has written both down: of a process
    killed at any moment at most one message per session is in doubt, and it is known which. Behind
    the content the next message may be offered already (see ``Conversation``).

    Where there is no session, one is opened in the caller's thread, and when that fails, so does
    the delivery. Further ones are opened side by side, each in a thread of its own for so long;
    when one fails, the pool goes on with those there are.

    How many are used depends on what the server makes of the messages (see ``Allowance``). A
    session that the server ends after it took messages, for it may allow so many per session, is
    replaced without further ado.

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
        self._side_by_side = side_by_side
        self._idle = [Conversation(first)] if first else []
        self._ready = []  # those that may go on as soon as the caller comes back
        self._working = {}  # with the envelopes that are on the wire
        self._allowance = Allowance(size, probe)
        self._wire = Wire()
        self._gathering = Gathering()
        self._opening = Opening(open_session, self._wire.wake)
        self._envelopes = iter(())
        self._is_more = False
        # taken before there was a session for them, or back from one that ended
        self._at_hand = collections.deque()
        self._unwritten = []  # results that the caller does not know yet
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
            batch = Batch(self._unwritten, [each.next.key for each in self._ready])
            self._unwritten = []
            yield batch
            self._go_on()
            self._wait(look_at)

    def stop_within(self, seconds: float) -> None:
        """Take no envelope any more, and cut off what is on the wire after so many seconds.

        To be called between two batches; once more only to shorten the time.
        """
        self._is_stopped = True
        self._cut_off_at = min(self._cut_off_at, time.monotonic() + seconds)

    @property
    def is_outage(self) -> bool:
        """Whether the server failed so often in a row that nothing more is tried."""
        return self._allowance.is_outage

    def close(self, seconds: float = 5.0) -> list[Result]:
        """End all sessions; nothing is on the wire any more.

        :param seconds: time for what is still on the wire
        :return: the results that the caller does not know yet
        """
        self.stop_within(seconds)
        while any(map(self._wire.is_at, self._working)):
            self._wait(time.monotonic() + LOOK_SECONDS)
        late, self._unwritten = self._unwritten, []
        leave_at = time.monotonic() + FAREWELL_SECONDS
        # when an error ended the delivery, some were about to go on
        self._idle += self._ready
        self._ready = []
        self._dismiss_idle()
        while self._opening and time.monotonic() < leave_at:
            self._wire.wait(leave_at)
            self._take_in(self._opening.take())
            self._dismiss_idle()
        self._opening.give_up()
        self._wire.close(leave_at)
        late += [each.abandon(envelope) for each, envelope in self._working.items()]
        self._working.clear()
        return late

    def _may_go_on(self):
        return not self._is_stopped and not self.is_outage

    def _has_more(self):
        return self._is_more or self._at_hand or any(each.next for each in self._idle)

    def _has_room(self):
        is_free = len(self._working) + len(self._ready) < self._allowance.limit
        return is_free and self._may_go_on() and not self._allowance.is_rest

    def _open_count(self):
        return len(self._working) + len(self._ready) + len(self._idle)

    def _may_open(self):
        # those that are being opened are waited for where there is no other
        most = OPENED_AT_ONCE if self._open_count() else 1
        is_free = self._open_count() + len(self._opening) < self._allowance.limit
        return self._has_room() and is_free and len(self._opening) < most

    def _prepare(self, look_at):
        """Have sessions ready that were idle, each with its next envelope, and open more."""
        # those that have offered one already go first
        self._idle.sort(key=lambda each: each.next is not None)
        while self._has_room() and time.monotonic() < look_at:
            if not self._idle and not self._open():
                break
            if self._idle:  # else it is being opened; when taking raises, it is idle still
                conversation = self._idle[-1]
                conversation.next = conversation.next or self._take()
                if conversation.next is None:
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

    def _take_successor(self, conversation):
        """Take the envelope that is offered behind the next one of a session."""
        is_last = conversation.count + 1 >= MESSAGES_PER_SESSION
        return self._take() if conversation.is_pipelined and not is_last else None

    def _go_on(self):
        """Send what is begun, unless the caller has stopped the pool meanwhile."""
        if not self._may_go_on():
            self._idle += self._ready
            self._ready.clear()
        while self._ready:
            # the server is busy with one message while the next is composed
            successor = self._take_successor(self._ready[0])
            conversation = self._ready.pop(0)
            envelope, conversation.next = conversation.next, successor
            conversation.count += 1
            conversation.result = None
            self._working[conversation] = envelope
            self._gathering.begin(envelope)
            self._wire.transmit(conversation, envelope, successor)

    def _open(self):
        """Open a session, or begin to; return whether it did."""
        if not (self._may_open() and self._has_at_hand(len(self._opening) + 1)):
            return False
        is_aside = self._side_by_side and self._open_count() > 0
        # opening here takes long
        if not is_aside and (self._ready or self._unwritten):
            return False
        try:
            if is_aside:
                self._opening.begin()
            else:
                self._idle.append(Conversation(self._open_session()))
            return True
        except (OSError, smtplib.SMTPException):
            if not self._open_count():
                raise
            self._be_content()
            return False

    def _take_in(self, opened):
        """Sessions were opened, or could not be."""
        conversations = [each for each in opened if isinstance(each, Conversation)]
        self._idle += conversations
        if len(conversations) < len(opened):
            self._be_content()

    def _be_content(self):
        self._allowance.be_content(self._open_count() + len(self._opening))

    def _wait(self, look_at):
        """Wait for results and opened sessions, and take them back; none when nothing came."""
        if time.monotonic() >= self._cut_off_at:
            for conversation in self._working:
                conversation.cut_off()
        done = self._wire.wait(self._wait_until(look_at))
        gathered_at = time.monotonic() + self._gathering.seconds
        while done and len(done) < len(self._working) and time.monotonic() < gathered_at:
            done += self._wire.wait(gathered_at)
        for conversation in done:
            self._unwritten.append(conversation.result)
            self._gathering.end(self._working.pop(conversation), conversation.result)
        self._take_back(done)
        self._take_in(self._opening.take())
        self._dismiss_waiting()

    def _wait_until(self, look_at):
        """Return how long to wait for a result: to the next moment at which something is due."""
        now = time.monotonic()
        if now < self._cut_off_at:
            look_at = min(look_at, self._cut_off_at)
        if not self._working and (self._allowance.is_rest or not self._opening):
            look_at = min(look_at, self._allowance.rest_until)
        # messages that wait for sessions being opened need no others
        is_to_open = self._is_more or len(self._at_hand) > len(self._opening)
        is_to_go_on = self._idle and self._has_more() and self._has_room()
        return now if is_to_go_on or (is_to_open and self._may_open()) else look_at

    def _take_back(self, done):
        """Learn from the results, and see which sessions go on."""
        # a session that ended after it took messages: that was all the server takes over one
        results = [(each.result.outcome, each.has_sent and each.is_over) for each in done]
        self._allowance.learn(results, is_cut_off=self._cut_off_at < math.inf)
        for conversation in done:
            conversation.has_sent |= conversation.result.outcome is Outcome.SENT
            if conversation.is_over or conversation.count >= MESSAGES_PER_SESSION:
                self._dismiss(conversation)
            else:
                self._idle.append(conversation)

    def _dismiss_waiting(self):
        """What others could send does not wait in a session that is not used for now."""
        waiting = [each for each in self._idle if each.next]
        for conversation in waiting[max(self._allowance.limit - len(self._working), 0) :]:
            self._idle.remove(conversation)
            self._dismiss(conversation)

    def _dismiss_idle(self):
        while self._idle:
            self._dismiss(self._idle.pop())

    def _dismiss(self, conversation):
        if conversation.next:
            self._at_hand.append(conversation.next)
            conversation.next = None
        self._wire.dismiss(conversation)
