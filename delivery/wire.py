import contextlib
import math
import socket
import time
from selectors import EVENT_READ, DefaultSelector

from .transport import Conversation


class Wire:
    """All open sessions: moves the bytes of each as soon as it can, in the caller's thread.

    Nothing moves while the caller is away; what comes meanwhile waits in the sockets, and no
    session's time is over before it was looked for.
    """

    def __init__(self):
        self._selector = DefaultSelector()
        self._waiting = set()  # conversations, for the server or for the line
        self._events = {}  # by conversation: what the selector looks for
        self._done = []
        self._bell, self._ring = socket.socketpair()
        self._ring.setblocking(False)
        self._selector.register(self._bell, EVENT_READ)

    def transmit(self, conversation, envelope, successor=None) -> None:
        """Begin to send an envelope."""
        self._follow(conversation, conversation.begin, conversation.transmit(envelope, successor))

    def dismiss(self, conversation) -> None:
        """Begin to end a session."""
        self._follow(conversation, conversation.begin, conversation.hang_up())

    def wait(self, until: float) -> list[Conversation]:
        """Move bytes until something was transmitted, at the latest until then or until woken.

        :return: the conversations that have a result
        """
        is_woken = False
        while not (self._done or is_woken):
            is_woken = self._move(until)
            if time.monotonic() >= until:
                break
        done, self._done = self._done, []
        return done

    def is_at(self, conversation: Conversation) -> bool:
        """Tell whether something will come of it; not so when an error interrupted that."""
        return conversation in self._waiting or conversation in self._done

    def wake(self) -> None:
        """Let :meth:`wait` return; called in any thread."""
        with contextlib.suppress(OSError):  # it is awake already, or closed
            self._ring.send(b"!")

    def close(self, until: float = 0.0) -> None:
        """End what is left, at the latest then."""
        while self._waiting and time.monotonic() < until:
            self._move(until)
        for conversation in self._waiting:
            conversation.close()
        self._waiting.clear()
        self._selector.close()
        self._bell.close()
        self._ring.close()

    def _move(self, until):
        """Move what can be moved, or wait until something can; return whether it was woken."""
        due = min([each.deadline for each in self._waiting], default=math.inf)
        looked_at = time.monotonic()
        ready = self._selector.select(max(min(until, due) - looked_at, 0))
        is_woken = False
        for key, _events in ready:
            conversation = key.data
            if conversation is None:
                is_woken = bool(self._bell.recv(4096))
            elif conversation in self._waiting:
                self._follow(conversation, conversation.go_on)
            else:
                # it says something unasked, or has closed: that is for who uses it next
                self._ignore(conversation)
        if due <= looked_at:
            self._give_up_late(looked_at, {key.data for key, _events in ready})
        return is_woken

    def _follow(self, conversation, step, *arguments):
        # one that is interrupted has come to its end
        self._waiting.discard(conversation)
        if not step(*arguments):
            self._look_for(conversation)
            self._waiting.add(conversation)
            return
        if conversation.is_over:
            self._ignore(conversation)
        if conversation.result:
            self._done.append(conversation)

    def _look_for(self, conversation):
        event = conversation.event
        known = self._events.get(conversation)
        if known is None:
            self._selector.register(conversation.fileno, event, conversation)
        elif known != event:
            self._selector.modify(conversation.fileno, event, conversation)
        self._events[conversation] = event

    def _ignore(self, conversation):
        if self._events.pop(conversation, None):
            self._selector.unregister(conversation.fileno)

    def _give_up_late(self, looked_at, heard):
        """End those whose time was over, but for those that were heard then."""
        for conversation in [*self._waiting]:
            if conversation.deadline <= looked_at and conversation not in heard:
                self._follow(conversation, conversation.go_on, TimeoutError("timed out"))
