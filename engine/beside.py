import threading
from contextlib import suppress

from .turns import is_own_session, notice_broken_connections


class Beside:
    """Work of a run on the database beside its sending: in a thread and a session of its own.

    So mail servers do not wait for PostgreSQL. Where no further thread or session is to be had,
    or all share one session, as in tests, it is done when its result is asked for.

    :param env: of the run
    :param work: called once, with an environment
    """

    def __init__(self, env, work):
        self._env = env
        self._work = work
        self._thread = None
        self._is_begun = False  # once it has its session
        self._result = self._error = None

    def begin(self):
        if is_own_session(self._env.cr):
            thread = threading.Thread(target=self._run, name="mass-email", daemon=True)
            with suppress(RuntimeError):
                thread.start()
                self._thread = thread

    @property
    def is_under_way(self):
        return self._thread is not None and self._thread.is_alive()

    def wait(self):
        """Wait until nothing is done beside the sending any more."""
        if self._thread:
            self._thread.join()

    def result(self):
        """Return what the work returned; raise what it raised."""
        self.wait()
        if not self._is_begun:
            return self._work(self._env)
        if self._error:
            raise self._error
        return self._result

    def _run(self):
        try:
            with self._env.registry.cursor() as cr:
                notice_broken_connections(cr)
                self._is_begun = True
                self._result = self._work(self._env(cr=cr))
        except BaseException as error:
            self._error = error
