from odoo import api, fields, models
from odoo.tools import SQL

from ..mass_email.mailing_mailing import UNKNOWN

# What the traces of a mass email add up to: members = queued + cancelled, and
# queued = sent + failed + unknown + waiting.
COUNT_FIELDS = [
    "member_count",
    "cancelled_count",
    "queued_count",
    "sent_count",
    "failed_count",
    "unknown_count",
    "in_doubt_count",  # of the unknown ones, those a user has not decided on
    "waiting_count",
]


class MailingMailing(models.Model):
    """What the messages of a mass email add up to."""

    _inherit = "mailing.mailing"

    member_count = fields.Integer("Members", compute="_compute_counts")
    cancelled_count = fields.Integer("Not Mailed", compute="_compute_counts")
    queued_count = fields.Integer("In Queue", compute="_compute_counts")
    sent_count = fields.Integer("Delivered to Server", compute="_compute_counts")
    failed_count = fields.Integer("Not Deliverable", compute="_compute_counts")
    unknown_count = fields.Integer("Unknown", compute="_compute_counts")
    in_doubt_count = fields.Integer("Unknown, Undecided", compute="_compute_counts")
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts")

    @api.depends("mailing_trace_ids.trace_status")
    def _compute_counts(self):
        """Count the traces by outcome, in one statement for all mass emails."""
        self.env["mailing.trace"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT mass_mailing_id,
                       COUNT(*) AS member_count,
                       COUNT(*) FILTER (WHERE trace_status = 'cancel') AS cancelled_count,
                       COUNT(*) FILTER (WHERE trace_status != 'cancel') AS queued_count,
                       COUNT(*) FILTER (WHERE trace_status NOT IN
                           ('cancel', 'error', 'outgoing', 'process')) AS sent_count,
                       COUNT(*) FILTER (WHERE trace_status = 'error'
                           AND NOT COALESCE(failure_type, '') = ANY(%(unknown)s)) AS failed_count,
                       COUNT(*) FILTER (WHERE trace_status = 'error'
                           AND failure_type = ANY(%(unknown)s)) AS unknown_count,
                       COUNT(*) FILTER (WHERE trace_status = 'error'
                           AND failure_type = 'in_doubt') AS in_doubt_count,
                       COUNT(*) FILTER (WHERE trace_status IN
                           ('outgoing', 'process')) AS waiting_count
                  FROM mailing_trace
                 WHERE mass_mailing_id = ANY(%(mailings)s) AND token IS NOT NULL
                 GROUP BY mass_mailing_id
                """,
                mailings=self.ids,
                unknown=UNKNOWN,
            )
        )
        counts = {row.pop("mass_mailing_id"): row for row in self.env.cr.dictfetchall()}
        for mailing in self:
            mailing.update(counts.get(mailing.id) or dict.fromkeys(COUNT_FIELDS, 0))
            handled = mailing.queued_count - mailing.waiting_count
            mailing.progress = 100 * handled / mailing.queued_count if mailing.queued_count else 0
