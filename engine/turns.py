"""Database work that must not meet other work of its kind, or is done again when it did.

Cursors are REPEATABLE READ: what is decided on others' rows must be decided in a transaction that
began after theirs ended.
"""

# Turns are taken across transactions.
# pylint: disable=invalid-commit
import functools
from contextlib import contextmanager

from psycopg2.errors import (
    DeadlockDetected,
    DuplicatePreparedStatement,
    ForeignKeyViolation,
    InvalidSqlStatementName,
    SerializationFailure,
    UniqueViolation,
)

from odoo.exceptions import ConcurrencyError, UserError
from odoo.service.model import retrying
from odoo.sql_db import Cursor
from odoo.tools import SQL

# Advisory lock that claims take turns on; any number nobody else uses.
CLAIM_LOCK = 0x6D6D63
# First half of the advisory locks that runs hold while they live; the other is the run's id.
RUN_LOCK = 0x6D6D72
# A turn takes well under a second; who waits longer waits for somebody in trouble.
TURN_TIMEOUT = "60s"
# Who met so many others at once may as well take a pause, which is Odoo's affair.
TRIES_AT_ONCE = 3


@contextmanager
def turn_to_claim(env):
    """Let one database session at a time count what is left and claim from it.

    The lock belongs to the session, not to a transaction: the transaction must begin after the
    lock is granted, or its snapshot would miss what the previous holder claimed. Begins and ends
    with a commit, which empties the caches of the ORM, too.

    :raise UserError: the database is reached through a pooler that mixes sessions
    :raise psycopg2.errors.LockNotAvailable: whose turn it is does not end it
    """
    cr = env.cr
    cr.commit()
    cr.execute(SQL("SELECT set_config('lock_timeout', %s, TRUE)", TURN_TIMEOUT))
    cr.execute(SQL("SELECT pg_advisory_lock(%s)", CLAIM_LOCK))
    cr.commit()
    try:
        yield
        cr.commit()
    except Exception:
        cr.rollback()
        raise
    finally:
        cr.execute(SQL("SELECT pg_advisory_unlock(%s)", CLAIM_LOCK))
        (is_ours,) = cr.fetchone()
        cr.commit()
    if not is_ours:
        raise _mixed_sessions(env)


@contextmanager
def prepared_statements(env):
    """What is prepared in a database session is still there later.

    :raise UserError: the database is reached through a pooler that mixes sessions
    """
    try:
        yield
    except (DuplicatePreparedStatement, InvalidSqlStatementName) as error:
        raise _mixed_sessions(env) from error


def _mixed_sessions(env):
    return UserError(
        env._(
            "Odoo reaches its database through a pooler that mixes sessions (pgbouncer in "
            "transaction mode). Mass emails need a session that stays: connect Odoo to "
            "PostgreSQL directly, or set the pooler to session mode."
        )
    )


def is_own_session(cr):
    """Tell whether a cursor has its database session for itself; those of tests share one."""
    return isinstance(cr, Cursor)


@contextmanager
def autocommitted(cr):
    """Have each statement committed by itself; what the transaction did before is rolled back.

    Such a statement sees what others have committed (READ COMMITTED), so that two that write the
    same row follow each other without an error.
    """
    if not is_own_session(cr):
        yield
        return
    cr.rollback()
    cr._cnx.autocommit = True
    try:
        yield
    finally:
        if not cr._cnx.closed:
            cr._cnx.autocommit = False


def make_unlogged(cr, table):
    """Have PostgreSQL write no log of a table, and leave it alone where it does not already.

    An upgrade has what it changes for itself until it is through, and a run of another server
    writes here after every few messages.
    """
    cr.execute("SELECT relpersistence FROM pg_class WHERE oid = %s::regclass", [table])
    if cr.fetchone() != ("u",):
        cr.execute(SQL("ALTER TABLE %s SET UNLOGGED", SQL.identifier(table)))


def make_durable(cr):
    """Have the commit of this transaction wait for the disk, whatever the server's default.

    A claim or a result that PostgreSQL forgets in a crash is a message sent twice.
    """
    cr.execute(
        "SELECT set_config('synchronous_commit', 'on', TRUE)"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )


def notice_broken_connections(cr):
    """Have PostgreSQL find out within a minute or so that the host of this session is gone."""
    cr.execute(
        "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10;"
        " SET tcp_keepalives_count = 3; SET tcp_user_timeout = '60s'"
    )


def retried(method):
    """Run a model's method again while others change the same rows; committed on return.

    The method must be safe to repeat from the start of its transaction. Keys are checked against
    the state of now, while its transaction sees that of its beginning: so what others deleted or
    inserted meanwhile looks like an error.
    """

    @functools.wraps(method)
    def retry(self, *args, **kwargs):
        def attempt():
            try:
                return method(self, *args, **kwargs)
            except (ForeignKeyViolation, UniqueViolation) as error:
                raise ConcurrencyError(str(error)) from error

        return retrying(attempt, self.env)

    return retry


def again_at_once(env, work):
    """Do a request's work once more, without delay, when it met that of another.

    Odoo does so, too, but sleeps up to two seconds before: for nothing, as PostgreSQL had it wait
    until the other had ended. And what looks like an error, see ``retried``, Odoo takes for one.

    :param work: callable without arguments, safe to repeat from the start of its transaction
    """
    for _attempt in range(TRIES_AT_ONCE):
        try:
            result = work()
            env.flush_all()
            return result
        except (DeadlockDetected, ForeignKeyViolation, SerializationFailure, UniqueViolation):
            env.cr.rollback()
            env.transaction.reset()
            env.registry.reset_changes()
    return work()
