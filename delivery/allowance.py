import math
import time

from .reply import Outcome

# After so many messages sent in a row a pool that was cut down uses one session more.
MESSAGES_TO_GROW = 20
# After so many more the server is asked again for sessions that it did not want.
MESSAGES_TO_ASK_AGAIN = 1000
# So many sessions broken, or rests taken, in a row without a message sent in between are an outage.
BREAKS_OF_AN_OUTAGE = 3
RESTS_OF_AN_OUTAGE = 7
# Seconds of the first rest; each further one in a row is twice as long.
FIRST_REST = 0.25


class Allowance:
    """How many sessions a server lets us use, by what it makes of the messages.

    When it is busy, all rest, and half of them are used from then on; as long as it takes what it
    gets, more are used again.

    :param size: sessions at most
    :param probe: one until the server has taken a first message
    :ivar float rest_until: until when all rest
    """

    def __init__(self, size: int, probe: bool):
        self._size = self._allowed = max(size, 1)
        self._probing = probe
        self._sent_in_a_row = 0
        self._breaks = 0
        self._rests = 0
        self.rest_until = -math.inf

    @property
    def limit(self) -> int:
        """Sessions that may be used now."""
        return 1 if self._probing else self._allowed

    @property
    def is_rest(self) -> bool:
        return time.monotonic() < self.rest_until

    @property
    def is_outage(self) -> bool:
        """Whether the server failed so often in a row that nothing more is tried."""
        return self._breaks >= BREAKS_OF_AN_OUTAGE or self._rests >= RESTS_OF_AN_OUTAGE

    def learn(self, results: list[tuple[Outcome, bool]], is_cut_off: bool) -> None:
        """Judge by results that came together; what belongs to one trouble counts once.

        :param results: the outcome, and whether its session is spent: the server took messages over
            it, and then ended it
        :param is_cut_off: it may be us who broke sessions
        """
        was_rest = self.is_rest
        for outcome, is_spent in results:
            if outcome is Outcome.SENT:
                self._grow()
            elif outcome is Outcome.BUSY:
                if not is_spent and not was_rest:
                    was_rest = True
                    self._rest()
            elif outcome is Outcome.UNKNOWN or (outcome is Outcome.NOT_SENT and not is_spent):
                self._count_break(is_cut_off)

    def be_content(self, count: int) -> None:
        """The server wants no more sessions: go on with those there are, and for long."""
        self._allowed = max(min(self._allowed, count), 1)
        self._sent_in_a_row = -MESSAGES_TO_ASK_AGAIN

    def _grow(self):
        self._breaks = self._rests = 0
        self._probing = False
        self._sent_in_a_row += 1
        if self._sent_in_a_row >= MESSAGES_TO_GROW:
            self._sent_in_a_row = 0
            self._allowed = min(self._allowed + 1, self._size)

    def _count_break(self, is_cut_off):
        if not is_cut_off:
            self._breaks += 1
            # it may break sessions because there are too many
            self._shrink(self._allowed - 1)

    def _rest(self):
        self.rest_until = time.monotonic() + FIRST_REST * 2**self._rests
        self._rests += 1
        self._shrink(self._allowed // 2)

    def _shrink(self, allowed):
        self._allowed = max(allowed, 1)
        self._sent_in_a_row = min(self._sent_in_a_row, 0)
