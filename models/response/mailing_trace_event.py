from odoo import fields, models
from odoo.fields import Domain

EVENT_TYPES = [
    ("sent", "Sent"),  # the mail server has taken the message
    ("opened", "Opened"),  # the open pixel was fetched, or something that implies it
    ("clicked", "Clicked"),  # a tracking URL was followed; one line per URL
    ("replied", "Replied"),  # an answer came through the mail gateway
    ("opted_out", "Opted Out"),  # on the opt-out page, or by one click in the mail program
    ("opted_in", "Opted In"),  # taken back on the opt-out page
    ("bounced", "Bounced"),  # the message came back through the mail gateway, hard or soft
]
# Who opened or clicked, where it was not the recipient.
MADE_BY = [
    ("machine", "Machine"),  # see delivery/robots
    ("staff", "Staff"),  # somebody who is logged in as an internal user
]
# The lines that figures are made of.
BY_PEOPLE = Domain("is_test", "=", False) & Domain("made_by", "=", False)


class MailingTraceEvent(models.Model):
    """One line of the campaign log: one thing that happened to one message.

    Lines are only ever added, ``sent`` when a result is settled, the others by the verbs of
    ``response/mailing_trace`` and ``tracking/mailing_trace``; only there a line may turn out to be
    a machine's. Opting out and in may be logged again and again, all else stands
    at most once per message, a click once per URL; and once more each by a machine and by the
    staff, which counts nowhere. A line survives the message, the mass email,
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
    bounce_type = fields.Selection([("hard", "Hard"), ("soft", "Soft")], "Bounce", readonly=True)
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
    _campaign_idx = models.Index("(campaign_id, event_type, event_datetime DESC)")
