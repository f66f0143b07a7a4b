from dataclasses import dataclass
from datetime import datetime, timedelta

# Moments are stored without fractions of a second, so a window of exactly an hour could be short
# by one second.
WINDOW = timedelta(hours=1, seconds=1)


@dataclass(frozen=True)
class Portion:
    """How many messages may leave in any 60 minutes.

    :ivar int size: messages per rolling hour
    """

    size: int

    @staticmethod
    def window_start(now: datetime) -> datetime:
        """Messages that left after this moment count against the portion."""
        return now - WINDOW

    def left(self, used: int) -> int:
        """Return how many more may leave when ``used`` left within the window."""
        return max(self.size - used, 0)

    @staticmethod
    def frees_at(oldest: datetime) -> datetime:
        """Return when the slot taken at ``oldest`` is free again."""
        return oldest + WINDOW
