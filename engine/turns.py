"""Database work that must not meet other work of its kind, or is done again when it did.

Cursors are REPEATABLE READ: what is decided on others' rows must be decided in a transaction that
began after theirs ended.
"""

# Turns are taken across transactions.
# pylint: disable=invalid-commit
import functools
from contextlib import contextmanager

from odoo.service.model import retrying
from odoo.tools import SQL

# Advisory lock that claims take turns on; any number nobody else uses.
CLAIM_LOCK = 0x6D6D63


@contextmanager
def turn_to_claim(env):
    """Let one database session at a time count what is left and claim from it.

    The lock belongs to the session, not to a transaction: the transaction must begin after the
    lock is granted, or its snapshot would miss what the previous holder claimed. Ends with a
    commit.
    """
    cr = env.cr
    cr.commit()
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
        cr.commit()


def retried(method):
    """Run a model's method again while others change the same rows; committed on return.

    The method must be safe to repeat from the start of its transaction.
    """

    @functools.wraps(method)
    def retry(self, *args, **kwargs):
        return retrying(lambda: method(self, *args, **kwargs), self.env)

    return retry
