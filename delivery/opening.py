import threading
from collections.abc import Callable

from .transport import Conversation


class Opening:
    """Sessions that are being opened side by side, each in a thread of its own for so long.

    :param open_session: opens an SMTP session, ready for MAIL
    :param wake: called in their threads when there is one to take
    """

    def __init__(self, open_session, wake: Callable[[], None]):
        self._open_session = open_session
        self._wake = wake
        self._threads = set()
        self._opened = []  # (thread, conversation, or why there is none)
        self._lock = threading.Lock()
        self._is_given_up = False

    def __len__(self):
        return len(self._threads)

    def begin(self) -> None:
        """Begin to open one.

        :raise OSError: the system has no thread to spare
        """
        thread = threading.Thread(target=self._open, name="smtp-session", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise OSError(str(error)) from error
        self._threads.add(thread)

    def take(self) -> list[Conversation | Exception]:
        """Return those that were opened since, or why they were not."""
        with self._lock:
            opened, self._opened = self._opened, []
        for thread, _each in opened:
            thread.join()
            self._threads.discard(thread)
        return [each for _thread, each in opened]

    def give_up(self) -> None:
        """Close whatever will be opened yet."""
        with self._lock:
            self._is_given_up = True
        for each in self.take():
            if isinstance(each, Conversation):
                each.close()
        self._threads.clear()

    def _open(self):
        try:
            opened = Conversation(self._open_session())
        except Exception as error:
            opened = error
        with self._lock:
            if self._is_given_up:
                if isinstance(opened, Conversation):
                    opened.close()
                return
            self._opened.append((threading.current_thread(), opened))
        self._wake()
