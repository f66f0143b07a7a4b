from odoo import fields, models
from odoo.tools import SQL


class MailingMessageReport(models.Model):
    """A row is one message of a mass email, be it mailed or not; what came of it is 0 or 1.

    So sums are people, each once per message, as everywhere: without tests, machines and staff.
    What came of it is looked up in the log for the rows that are asked for, and not at all where
    only messages are counted.
    """

    _name = "mailing.message.report"
    _inherit = ["mailing.safe.export.mixin"]
    _description = "Mass Email Analysis"
    _auto = False
    _order = "id DESC"
    _rec_name = "mailing_id"

    mailing_id = fields.Many2one("mailing.mailing", "Mass Email", readonly=True)
    campaign_id = fields.Many2one("utm.campaign", readonly=True)
    user_id = fields.Many2one("res.users", "Responsible", readonly=True)
    contact_id = fields.Many2one("mailing.contact", "Target", readonly=True)
    target_type = fields.Selection(
        lambda self: self.env["mailing.contact"]._fields["target_type"].selection, readonly=True
    )
    list_id = fields.Many2one("mailing.list", "Target List", readonly=True)
    trace_status = fields.Selection(
        lambda self: self.env["mailing.trace"]._fields["trace_status"].selection,
        "Status",
        readonly=True,
    )
    failure_type = fields.Selection(
        lambda self: self.env["mailing.trace"]._fields["failure_type"].selection,
        "Reason",
        readonly=True,
    )
    domain = fields.Char("Mail Domain", readonly=True)
    start_datetime = fields.Datetime("Start", readonly=True, help="Of the mass email.")
    sent_datetime = fields.Datetime("Sent On", readonly=True)
    opened_datetime = fields.Datetime("Opened On", readonly=True)
    clicked_datetime = fields.Datetime("Clicked On", readonly=True)
    is_mailed = fields.Integer("In Queue", readonly=True)
    sent = fields.Integer(readonly=True)
    sent_tracked = fields.Integer("Sent, Openings Tracked", readonly=True)
    opened = fields.Integer(readonly=True)
    clicked = fields.Integer(readonly=True)
    replied = fields.Integer(readonly=True)
    opted_out = fields.Integer(readonly=True)
    bounced = fields.Integer(readonly=True)
    bounced_for_good = fields.Integer(readonly=True)
    complained = fields.Integer(readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT trace.id, trace.mass_mailing_id AS mailing_id, mailing.campaign_id,
                   mailing.user_id, contact.id AS contact_id, contact.target_type,
                   trace.target_list_id AS list_id, trace.trace_status, trace.failure_type,
                   LOWER(SPLIT_PART(trace.email, '@', 2)) AS domain,
                   mailing.schedule_date AS start_datetime, trace.sent_datetime,
                   log.opened_datetime, log.clicked_datetime,
                   (trace.trace_status != 'cancel')::integer AS is_mailed,
                   log.sent,
                   CASE WHEN log.sent = 0 THEN 0
                        WHEN %s THEN 1
                        ELSE EXISTS (
                            SELECT FROM mailing_trace_event line
                             WHERE line.mailing_id = mailing.id AND line.event_type = 'opened'
                               AND line.made_by IS NULL AND line.is_test IS NOT TRUE)::integer
                   END AS sent_tracked,
                   log.opened, log.clicked, log.replied, log.opted_out, log.bounced,
                   log.bounced_for_good, log.complained
              FROM mailing_trace trace
              JOIN mailing_mailing mailing ON mailing.id = trace.mass_mailing_id
              LEFT JOIN mailing_contact contact ON contact.id = trace.res_id
              LEFT JOIN LATERAL (
                SELECT (COUNT(*) FILTER (WHERE event_type = 'sent') > 0)::integer AS sent,
                       (COUNT(*) FILTER (WHERE event_type = 'opened') > 0)::integer AS opened,
                       (COUNT(*) FILTER (WHERE event_type = 'clicked') > 0)::integer AS clicked,
                       (COUNT(*) FILTER (WHERE event_type = 'replied') > 0)::integer AS replied,
                       (COUNT(*) FILTER (WHERE event_type = 'opted_out') > 0)::integer
                       AS opted_out,
                       (COUNT(*) FILTER (WHERE event_type = 'bounced') > 0)::integer AS bounced,
                       (COUNT(*) FILTER (WHERE bounce_type = 'final') > 0)::integer
                       AS bounced_for_good,
                       (COUNT(*) FILTER (WHERE event_type = 'complained') > 0)::integer
                       AS complained,
                       MIN(event_datetime) FILTER (WHERE event_type = 'opened')
                       AS opened_datetime,
                       MIN(event_datetime) FILTER (WHERE event_type = 'clicked')
                       AS clicked_datetime
                  FROM mailing_trace_event line
                 WHERE line.trace_id = trace.id AND line.made_by IS NULL
              ) log ON TRUE
             WHERE trace.token IS NOT NULL AND trace.is_test_trace IS NOT TRUE
            """,
            self.env["mailing.mailing"]._tells_openings_sql(SQL("mailing")),
        )
