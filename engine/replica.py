"""What screens read from a replica of the database, where Odoo has one (``db_replica_host``)."""

import functools

from odoo import api


def read_from_replica(method):
    """Let a model's method that screens call read a replica, as ``api.readonly`` does.

    A replica is a moment behind: records that it does not know yet were saved just now, and are
    read where they were saved.
    """

    @functools.wraps(method)
    def read(self, *args, **kwargs):
        if self.env.cr.readonly and self.exists() != self:
            with self.env.registry.cursor() as cr:
                return method(self.with_env(self.env(cr=cr)), *args, **kwargs)
        return method(self, *args, **kwargs)

    return api.readonly(read)
