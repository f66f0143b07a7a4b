from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

EVENT_TYPES = [
    ("sent", "Sent"),  # the mail server has taken the message
    ("opened", "Opened"),  # the open pixel was fetched, or something that implies it
    ("clicked", "Clicked"),  # a tracking URL was followed; one line per URL
    ("replied", "Replied"),  # an answer came through the mail gateway
    ("opted_out", "Opted Out"),  # on the opt-out page, or by one click in the mail program
    ("opted_in", "Opted In"),  # taken back on the opt-out page
    ("bounced", "Bounced"),  # the message came back through the mail gateway, hard or soft
]
# The first is the one after which an address is given up.
BOUNCE_TYPES = [("hard", "Hard"), ("soft", "Soft")]
# The lines that tell what recipients did; figures, lists and resending go by these alone.
BY_PEOPLE = Domain("is_test", "=", False)


class MailingTraceEvent(models.Model):
    """One line of the campaign log: one thing that happened to one message.

    Lines are only ever added, ``sent`` when a result is settled, the others by the verbs of
    ``response/mailing_trace``. Opting out and in may be logged again and again, all else stands
    at most once per message, a click once per URL. A line survives the message, the mass email,
    the campaign and the target it tells of.
    """

    _name = "mailing.trace.event"
    _description = "Campaign Log"
    _order = "event_datetime DESC, id DESC"
    _rec_name = "event_type"
    _log_access = False

    event_type = fields.Selection(EVENT_TYPES, "Action", required=True, readonly=True)
    event_datetime = fields.Datetime("Date", required=True, readonly=True)
    campaign_id = fields.Many2one("utm.campaign", ondelete="set null", readonly=True)
    mailing_id = fields.Many2one(
        "mailing.mailing", "Mass Email", ondelete="set null", readonly=True, index="btree_not_null"
    )
    trace_id = fields.Many2one("mailing.trace", "Message", ondelete="set null", readonly=True)
    contact_id = fields.Many2one(
        "mailing.contact", "Target", ondelete="set null", readonly=True, index="btree_not_null"
    )
    target_type = fields.Selection(related="contact_id.target_type")
    email = fields.Char("E-mail Address", readonly=True)
    link_id = fields.Many2one(
        "link.tracker",
        "Tracking URL",
        ondelete="set null",
        readonly=True,
        index="btree_not_null",
    )
    bounce_type = fields.Selection(BOUNCE_TYPES, "Bounce", readonly=True)
    is_test = fields.Boolean("Test", readonly=True)

    # also the index by which PostgreSQL finds the lines of a deleted message
    _once_per_message = models.UniqueIndex(
        "(trace_id, event_type, COALESCE(link_id, 0),"
        " (CASE WHEN event_type IN ('opted_out', 'opted_in') THEN id ELSE 0 END))"
        " WHERE trace_id IS NOT NULL"
    )
    _campaign_idx = models.Index("(campaign_id, event_type, event_datetime DESC)")

    # ------------------------------------------------------------
    # Who did what
    # ------------------------------------------------------------

    @api.model
    def _who(self, scope, did, did_not=(), every=False):
        """Return who did some things and did not do others, as a domain of ``mailing.contact``.

        The log is read once, however many things are asked for. Nobody but those it tells of can
        have left something undone: who did not open is who was sent to and has no line of opening.

        :param Domain scope: the lines that are looked at: of a campaign, of mass emails, of a time
        :param did: domains of lines, such as ``Domain("event_type", "=", "clicked")``; she has a
            line of one of them at least
        :param did_not: domains of lines; she has none of any of them
        :param every: she has a line of each that she ``did``
        """
        did, did_not = [*map(Domain, did)], [*map(Domain, did_not)]
        lines = Domain(scope) & BY_PEOPLE & Domain("contact_id", "!=", False)
        query = self._search(lines & Domain.OR(did + did_not))
        has_done = [self._has_line(query, domain) for domain in did]
        has_not_done = [SQL("NOT %s", self._has_line(query, domain)) for domain in did_not]
        query.groupby = self._field_to_sql(query.table, "contact_id", query)
        joined = SQL(" AND " if every else " OR ").join(has_done or [SQL("FALSE")])
        query.having = SQL(" AND ").join([SQL("(%s)", joined), *has_not_done])
        return Domain("id", "in", SQL("(%s)", query.select(query.groupby)))

    @api.model
    def _has_line(self, query, domain):
        """SQL aggregate: one of the lines of a group is of a domain."""
        condition = domain.optimize_full(self)._to_sql(self, query.table, query)
        return SQL("COALESCE(BOOL_OR(%s), FALSE)", condition)
