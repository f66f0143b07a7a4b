import math
import time

from .envelope import Envelope
from .reply import Outcome, Result

# Seconds in which further results may join the first: one statement writes down all that came.
GATHER_SECONDS = 0.001
# What part of their time on the wire large messages may wait for others, which leaves a busy server
# half of the sessions, and seconds at most: what is not written down is in doubt when we die.
_SHARE, _MOST_SECONDS = 1 / 2, 0.01
# How much of what is known of that time one message changes.
_WEIGHT = 1 / 8


class Gathering:
    """How long results that came wait for further ones.

    A session whose result waits sends nothing, so it is short. But a server that is busy with large
    messages, one after the other, has those of other sessions meanwhile: waiting for a part of
    their time on the wire costs nothing there. It is told by that time, which is at least twice
    what it was when there was little to do; with a server far away it is always the same.
    """

    def __init__(self):
        self._begun_at = {}  # of those with a tail, by their identity
        self._shortest = math.inf
        self._usual = 0.0

    @property
    def seconds(self) -> float:
        is_busy = self._usual > 2 * self._shortest
        seconds = _SHARE * self._usual if is_busy else 0.0
        return min(max(seconds, GATHER_SECONDS), _MOST_SECONDS)

    def begin(self, envelope: Envelope) -> None:
        """An envelope goes out."""
        if envelope.tail:
            self._begun_at[id(envelope)] = time.monotonic()

    def end(self, envelope: Envelope, result: Result) -> None:
        """Its result has come."""
        begun_at = self._begun_at.pop(id(envelope), None)
        # what was refused may not have been on the wire as a whole
        if begun_at is not None and result.outcome is Outcome.SENT:
            seconds = time.monotonic() - begun_at
            self._shortest = min(self._shortest, seconds)
            self._usual += _WEIGHT * (seconds - self._usual)
