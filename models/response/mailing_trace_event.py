from odoo import api, fields, models
from odoo.tools import SQL

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
BOUNCE_TYPES = [
    ("final", "For Good"),  # this address itself will never do
    ("temporary", "For Now"),  # it did not do this time
    ("policy", "Content or Policy"),  # the letter, its sender or the sending server will not do
]


class MailingTraceEvent(models.Model):
    """One line of the campaign log: one thing that happened to one message.

    Lines are only ever added, ``sent`` when a result is settled, ``lead_created`` with a lead, the
    others by the verbs of ``response/mailing_trace``. Opting out and in may be logged again and
    again, all else stands at most once per message, a click once per URL. A line survives the
    message, the mass email, the campaign and the target it tells of.
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
    lead_id = fields.Many2one(
        "crm.lead",
        ondelete="set null",
        readonly=True,
        index="btree_not_null",
        groups="sales_team.group_sale_salesman",
    )
    bounce_type = fields.Selection(BOUNCE_TYPES, "Bounce", readonly=True)
    words = fields.Char("Mail Server Says", readonly=True)
    is_test = fields.Boolean("Test", readonly=True)

    # also the index by which PostgreSQL finds the lines of a deleted message
    _once_per_message = models.UniqueIndex(
        "(trace_id, event_type, COALESCE(link_id, 0),"
        " (CASE WHEN event_type IN ('opted_out', 'opted_in') THEN id ELSE 0 END))"
        " WHERE trace_id IS NOT NULL"
    )
    # which messages of a mass email came back for what it says?
    _policy_idx = models.Index("(mailing_id) WHERE bounce_type = 'policy'")
    _campaign_idx = models.Index("(campaign_id, event_type, event_datetime DESC)")

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
        self.env["utm.campaign"].invalidate_model(["recent_event_ids"])
