import threading

from .turns import is_own_session, notice_broken_connections


class Settling:
    """One settle of what a run has acknowledged, beside its sending.

    In a thread and a database session of its own, so that no mail server waits for PostgreSQL's
    disk. Where there is one session only, as in tests, it is done at once.

    :param acks: ``mailing.journal.ack`` in the environment of the run
    :param run_key: the run in the journal
    :param after: id of the acknowledgement that was settled last
    :param count: how many results are settled, for the caller
    """

    def __init__(self, acks, run_key, after, count):
        self._acks = acks
        self._arguments = run_key, after
        self._thread = threading.Thread(target=self._run, name="mass-email-settle", daemon=True)
        self._last_ack = self._error = None
        self.count = count

    def begin(self):
        if is_own_session(self._acks.env.cr):
            self._thread.start()
        else:
            self._settle(self._acks)

    def is_over(self):
        return not self._thread.is_alive()

    def wait(self):
        """Return the id of the last acknowledgement that is settled by now.

        :raise Exception: whatever went wrong; what it was to settle is still in the journal
        """
        if self._thread.ident:
            self._thread.join()
        if self._error:
            raise self._error
        return self._last_ack

    def _run(self):
        try:
            with self._acks.env.registry.cursor() as cr:
                notice_broken_connections(cr)
                self._settle(self._acks.with_env(self._acks.env(cr=cr)))
        except Exception as error:
            self._error = error

    def _settle(self, acks):
        try:
            self._last_ack = acks._settle(*self._arguments)
        except BaseException as error:
            self._error = error
