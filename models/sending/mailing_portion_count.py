from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.turns import make_unlogged

# A kept count is counted anew after a while, for places that were freed.
KEPT_FOR = timedelta(minutes=1)
# The keys of the count over all mail servers, and of those by recipient domain, which are kept in
# ``mailing.portion.domain``.
OVERALL, BY_DOMAIN = 0, -1


class MailingPortionCount(models.Model):
    """How many places of the hourly portion are used at most, over everything and by mail server.

    Kept by whoever has the turn to claim, so that not every claim counts what left within the
    hour: each adds what it claims. Places that are freed are not subtracted; so a count may be
    too high, never too low, and where it leaves too little it is counted anew.
    """

    _name = "mailing.portion.count"
    _description = "Hourly Portion: Places Used"
    _rec_name = "server"
    _log_access = False

    server = fields.Integer(
        required=True,
        readonly=True,
        help="Mail server; 0: over everything, -1: see recipient domains.",
    )
    count = fields.Integer("Places Used at Most", required=True, readonly=True)
    counted_datetime = fields.Datetime(required=True, readonly=True)

    _server_uniq = models.UniqueIndex("(server)")

    def init(self):
        # who finds none counts
        make_unlogged(self.env.cr, self._table)

    @api.model
    def _servers(self, mail_server):
        """Return the keys of the counts that matter for a mail server, overall first."""
        return [OVERALL, *mail_server.ids]

    @api.model
    def _kept(self, servers):
        """Return the counts of some keys; None: to be counted."""
        now = fields.Datetime.now()
        counts = dict(
            self.env.execute_query(
                SQL(
                    "SELECT server, count FROM mailing_portion_count"
                    " WHERE server = ANY(%s) AND counted_datetime BETWEEN %s AND %s",
                    servers,
                    now - KEPT_FOR,
                    now,
                )
            )
        )
        return [counts[each] for each in servers] if len(counts) == len(servers) else None

    @api.model
    def _keep(self, servers, counts):
        """Keep what was counted."""
        for server, count in zip(servers, counts, strict=False):
            self.env.cr.execute(
                SQL(
                    "INSERT INTO mailing_portion_count (server, count, counted_datetime)"
                    " VALUES (%s, %s, %s) ON CONFLICT (server) DO UPDATE"
                    " SET count = EXCLUDED.count, counted_datetime = EXCLUDED.counted_datetime",
                    server,
                    count,
                    fields.Datetime.now(),
                )
            )

    @api.model
    def _add(self, mail_server, count):
        """So many more were claimed to leave through a mail server."""
        self.env.cr.execute(
            SQL(
                "UPDATE mailing_portion_count SET count = count + %s WHERE server = ANY(%s)",
                count,
                self._servers(mail_server),
            )
        )

    @api.model
    def _forget(self, servers=None):
        """Places were taken without a claim: the next claim counts.

        :param servers: keys; None for all
        """
        self.env.cr.execute(
            SQL(
                "DELETE FROM mailing_portion_count WHERE %s",
                SQL("TRUE") if servers is None else SQL("server = ANY(%s)", servers),
            )
        )
