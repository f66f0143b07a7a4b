"""What happens in several database sessions at once."""

# What parallel sessions see has to be committed.
# pylint: disable=invalid-commit
import threading

from odoo import SUPERUSER_ID, api, sql_db


class RealSessions:
    """Environments with a database session of their own, and deeds in threads beside them.

    Mixed into a case. What is made in them stays: the case cleans up.
    """

    def setUp(self):
        super().setUp()
        self.threads, self.errors = [], []

    def real_env(self):
        return RealEnv(self.env.cr.dbname)

    def start(self, deed, start=None):
        """Start a deed in a thread, with an environment of its own, which commits.

        :param start: barrier that it waits at
        """
        thread = threading.Thread(target=self._do, args=(deed, start))
        thread.start()
        self.threads.append(thread)
        return thread

    def _do(self, deed, start):
        try:
            with self.real_env() as env:
                if start:
                    start.wait(60)
                deed(env)
        except Exception as error:
            self.errors.append((deed.__name__, error))

    def begin(self, cr, deed):
        """Begin a deed, which waits for the session of a cursor or has ended on return."""
        thread = self.start(deed)
        while thread.is_alive():
            cr.execute(
                "SELECT FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cr.rowcount:
                return
            thread.join(0.05)

    def join(self):
        """Wait for all that was begun; none of it may have failed."""
        for thread in self.threads:
            thread.join()
        self.assertFalse(self.errors)


class RealEnv:
    """An environment with a database session of its own, committed at its end."""

    def __init__(self, dbname):
        self.cr = sql_db.db_connect(dbname).cursor()

    def __enter__(self):
        return api.Environment(self.cr, SUPERUSER_ID, {"tracking_disable": True})

    def __exit__(self, kind, *_error):
        if not kind:
            self.cr.commit()
        self.cr.close()
