from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.limits import RECIPIENT_DOMAIN
from ...engine.turns import make_unlogged
from .mailing_portion_count import BY_DOMAIN


class MailingPortionDomain(models.Model):
    """How many places of its hourly portion a recipient domain uses at most.

    Kept as ``mailing.portion.count`` is, where recipient domains have a portion; when they were
    counted is kept there. Counted anew, too, before it is said that nobody can be mailed.
    """

    _name = "mailing.portion.domain"
    _description = "Hourly Portion: Places Used by a Recipient Domain"
    _rec_name = "domain"
    _log_access = False

    domain = fields.Char(required=True, readonly=True)
    count = fields.Integer("Places Used at Most", required=True, readonly=True)

    _domain_uniq = models.UniqueIndex("(domain)")

    def init(self):
        # as is where it stands when they were counted: a crash empties both
        make_unlogged(self.env.cr, self._table)

    @api.model
    def _keep(self, limits, is_old=False):
        """Count, unless that was done a moment ago.

        :param is_old: whether what is kept will not do
        :return: whether it was counted now
        """
        counts = self.env["mailing.portion.count"]
        if not is_old and counts._kept([BY_DOMAIN]):
            return False
        self.env.cr.execute("DELETE FROM mailing_portion_domain")
        self.env.cr.execute(
            SQL(
                "INSERT INTO mailing_portion_domain (domain, count)"
                " SELECT domain, count FROM (%s) used",
                limits.used_by_domain(),
            )
        )
        counts._keep([BY_DOMAIN], [0])
        return True

    @api.model
    def _used(self, limits):
        """SQL query of what is kept, as ``Limits.used_by_domain`` has it."""
        return SQL(
            "SELECT domain, count, count >= %s AS is_full FROM mailing_portion_domain",
            limits.domain_portion.size,
        )

    @api.model
    def _add(self, limits, addresses):
        """Messages to these addresses were claimed."""
        if not limits.domain_portion:
            # by the time there is one, what is kept would be too low
            return self.env["mailing.portion.count"]._forget([BY_DOMAIN])
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_portion_domain AS kept (domain, count)
                SELECT %s, COUNT(*) FROM unnest(%s::text[]) email GROUP BY 1
                    ON CONFLICT (domain) DO UPDATE SET count = kept.count + EXCLUDED.count
                """,
                RECIPIENT_DOMAIN,
                list(addresses),
            )
        )
        return None
