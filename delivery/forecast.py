from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .portion import Portion


@dataclass(frozen=True)
class Gate:
    """A portion, and what of it is taken.

    :ivar Portion portion: how many may pass within its window
    :ivar gone: (moment, count) of what passed; what left its window by now does not matter
    """

    portion: Portion
    gone: Iterable[tuple[datetime, int]] = field(default=())

    def per_hour(self) -> int:
        """Return how many pass in an hour."""
        return max(round(self.portion.size * (timedelta(hours=1) / self.portion.window)), 1)


def done_at(
    count: int, gates: Iterable[Gate], hours: Iterable[tuple[datetime, datetime]]
) -> datetime | None:
    """Tell when the last of some messages leaves, if each leaves as soon as every gate lets it.

    What a message itself takes counts for nothing: where portions matter, they are what takes time.

    :param count: how many wait, at least one
    :param hours: (start, stop) of when messages may leave, in their order
    :return: None when some are still left when the hours end
    """
    queues = [(gate.portion, deque(sorted(gate.gone))) for gate in gates]
    used = [sum(places for _moment, places in gone) for _portion, gone in queues]
    for start, stop in hours:
        moment = start
        while moment < stop:
            for number, (portion, gone) in enumerate(queues):
                while gone and portion.frees_at(gone[0][0]) <= moment:
                    used[number] -= gone.popleft()[1]
            left = [
                portion.left(places) for (portion, _gone), places in zip(queues, used, strict=True)
            ]
            going = min([count, *left])
            count -= going
            if not count:
                return moment
            for number, (_portion, gone) in enumerate(queues):
                if going:
                    gone.append((moment, going))
                used[number] += going
            moment = max(
                portion.frees_at(gone[0][0])
                for (portion, gone), places in zip(queues, used, strict=True)
                if places >= portion.size
            )
    return None
