import logging

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

EVENT_TYPES = [
    ("sent", "Sent"),  # the mail server has taken the message
    ("opened", "Opened"),  # the open pixel was fetched, or something that implies it
    ("clicked", "Clicked"),  # a tracking URL was followed; one line per URL
    ("replied", "Replied"),  # an answer came through the mail gateway
    ("opted_out", "Opted Out"),  # on the opt-out page, or by one click in the mail program
    ("opted_in", "Opted In"),  # taken back on the opt-out page
    ("bounced", "Bounced"),  # the message came back through the mail gateway
    ("complained", "Complained"),  # the recipient calls it spam, as her provider reports
    ("lead_created", "Lead Created"),  # a lead came into being with the campaign
]
# The first is the one after which an address is given up.
BOUNCE_TYPES = [
    ("final", "For Good"),  # this address itself will never do
    ("temporary", "For Now"),  # it did not do this time
    ("policy", "Content or Policy"),  # the letter, its sender or the sending server will not do
]
# Who opened or clicked, where it was not the recipient.
MADE_BY = [
    ("machine", "Machine"),  # see delivery/robots
    ("staff", "Staff"),  # another who is logged in as an internal user
]
# The lines that tell what recipients did; figures, lists and resending go by these alone.
BY_PEOPLE = Domain("is_test", "=", False) & Domain("made_by", "=", False)


class MailingTraceEvent(models.Model):
    """One line of the campaign log: one thing that happened to one message.

    Lines are only ever added: ``sent`` when a result is settled, or something comes back without
    one, ``lead_created`` with a lead, the others by the verbs of ``response/mailing_trace``,
    ``opt_out`` and ``tracking``; only there a hit may turn out to be a machine's, and a bounce to
    be one for good. Opting out and in may be logged again and again, all else stands at most once
    per message, a click once per URL; and once more each by a machine and by the staff, which
    counts nowhere. A line survives the message, the mass email, the campaign and the target it
    tells of.
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
        "mailing.mailing", "Mass Email", ondelete="set null", readonly=True
    )
    trace_id = fields.Many2one("mailing.trace", "Message", ondelete="set null", readonly=True)
    contact_id = fields.Many2one(
        "mailing.contact", "Target", ondelete="set null", readonly=True, index="btree_not_null"
    )
    target_type = fields.Selection(related="contact_id.target_type")
    email = fields.Char(readonly=True)
    link_id = fields.Many2one(
        "link.tracker",
        "Tracking URL",
        ondelete="set null",
        readonly=True,
        index="btree_not_null",
    )
    lead_id = fields.Many2one(
        "crm.lead",
        ondelete="set null",
        readonly=True,
        index="btree_not_null",
        groups="sales_team.group_sale_salesman",
    )
    bounce_type = fields.Selection(BOUNCE_TYPES, "Bounce", readonly=True)
    words = fields.Char("Mail Server Says", readonly=True)
    made_by = fields.Selection(
        MADE_BY, readonly=True, help="Who opened or clicked, where it was not the recipient."
    )
    is_test = fields.Boolean("Test", readonly=True)

    # also the index by which PostgreSQL finds the lines of a deleted message
    _once_per_message = models.UniqueIndex(
        "(trace_id, event_type, COALESCE(link_id, 0), COALESCE(made_by, ''),"
        " (CASE WHEN event_type IN ('opted_out', 'opted_in') THEN id ELSE 0 END))"
        " WHERE trace_id IS NOT NULL"
    )
    # which messages of a mass email came back for what it says?
    _policy_idx = models.Index("(mailing_id) WHERE bounce_type = 'policy'")

    def _after_event(self, event_type):
        """Something happened to messages, and these lines tell of it: override it to act on it.

        Called once per happening, in its transaction, right after the lines are written: with
        thousands of them for ``sent``, of one run, and with one for what a recipient does. What is
        known already is not told again. An override is quick, and never raises.

        :param event_type: one of ``EVENT_TYPES``, the same for all lines
        """
        self._trigger_automations()

    def _trigger_automations(self):
        """Have Odoo's automation rules see the lines, which are written by SQL.

        A rule "when a line is created" makes its module patch ``create``: without such a rule this
        looks up nothing. A rule that fails is no reason to forget an opt-out or a result.
        """
        if not hasattr(self.create, "origin") or "base.automation" not in self.env:
            return
        automations = self.env["base.automation"]._get_actions(
            self, ["on_create", "on_create_or_write"]
        )
        for automation in automations.with_context(old_values=None):
            try:
                with self.env.cr.savepoint():
                    lines = self.with_env(automation.env)
                    automation._process(automation._filter_post(lines, feedback=True))
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception:
                _logger.exception("Automation rule %s on the campaign log failed", automation.id)

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

    @api.model
    def _log_leads(self, leads):
        """Log leads that came into being with a campaign.

        Raw SQL: one statement, for an import may bring thousands, and whoever makes a lead needs
        no rights here. The target is that of the lead, or of the customer it is about.
        """
        leads = leads.sudo().filtered("campaign_id")
        if not leads:
            return
        leads.flush_recordset(["campaign_id", "email_normalized", "partner_id"])
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_trace_event (
                    event_type, event_datetime, campaign_id, lead_id, contact_id, email, is_test)
                SELECT 'lead_created', %s, lead.campaign_id, lead.id, target.id,
                       lead.email_normalized, FALSE
                  FROM crm_lead lead
                  LEFT JOIN LATERAL (
                    SELECT contact.id FROM mailing_contact contact
                     WHERE contact.lead_id = lead.id OR contact.partner_id = lead.partner_id
                     ORDER BY contact.lead_id
                     LIMIT 1
                  ) target ON TRUE
                 WHERE lead.id = ANY(%s)
                 ORDER BY lead.id
                """,
                fields.Datetime.now(),
                leads.ids,
            )
        )
        self.invalidate_model()
