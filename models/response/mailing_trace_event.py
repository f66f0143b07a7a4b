from odoo import fields, models

EVENT_TYPES = [
    ("sent", "Sent"),
    ("opened", "Opened"),
    ("clicked", "Clicked"),
    ("opted_out", "Opted Out"),
    ("opted_in", "Opted In"),
    ("bounced", "Bounced"),
]


class MailingTraceEvent(models.Model):
    """One line of the campaign log: one thing that happened to one message.

    Lines are only ever added, by ``mailing.trace._log_event``:

    * ``sent``: the mail server has taken the message (settle of a portion, test send);
    * ``opened``: the open pixel was fetched, or the recipient replied;
    * ``clicked``: a tracking URL was followed, one line per URL;
    * ``opted_out`` / ``opted_in``: on the opt-out page or by one click in the mail program;
    * ``bounced``: the message came back through the mail gateway, hard or soft.

    Sent, opened, bounced and each click stand at most once per message. A line survives the
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
    bounce_type = fields.Selection([("hard", "Hard"), ("soft", "Soft")], "Bounce", readonly=True)
    is_test = fields.Boolean("Test", readonly=True)

    # also the index by which PostgreSQL finds the lines of a deleted message
    _once_per_message = models.UniqueIndex(
        "(trace_id, event_type, COALESCE(link_id, 0),"
        " (CASE WHEN event_type IN ('opted_out', 'opted_in') THEN id ELSE 0 END))"
        " WHERE trace_id IS NOT NULL"
    )
    _campaign_idx = models.Index("(campaign_id, event_type, event_datetime DESC)")
