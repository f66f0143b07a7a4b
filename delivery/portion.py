from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Portion:
    """How many messages may leave in any 60 minutes.

    :ivar int size: messages per rolling hour
    :ivar timedelta window: the hour, and a second more: moments are stored without fractions of a
        second, so a window of exactly an hour could be short by one second
    """

    size: int
    window: timedelta = timedelta(hours=1, seconds=1)

    def window_start(self, now: datetime) -> datetime:
        """Messages that left after this moment count against the portion."""
        return now - self.window

    def left(self, used: int) -> int:
        """Return how many more may leave when ``used`` left within the window."""
        return max(self.size - used, 0)

    def frees_at(self, oldest: datetime) -> datetime:
        """Return when the place taken at ``oldest`` is free again."""
        return oldest + self.window
