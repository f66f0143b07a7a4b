from collections import Counter, defaultdict

from odoo import api, fields, models

from ..message.mailing_trace import standing_of


def progress_of(standings):
    """Return how many percent of who is mailed have been, by a Counter of standings."""
    queued = standings.total() - standings["not_mailed"]
    waiting = standings["waiting"] + standings["on_wire"]
    return 100 * (queued - waiting) / queued if queued else 0


class MailingMailing(models.Model):
    """What the messages of a mass email add up to, and what people did with them.

    Members = queued + not mailed; queued = sent + failed + unknown + waiting.
    """

    _name = "mailing.mailing"
    _inherit = ["mailing.mailing", "mailing.people.mixin"]
    _log_field = "mailing_id"

    member_count = fields.Integer("Members", compute="_compute_counts")
    cancelled_count = fields.Integer("Not Mailed", compute="_compute_counts")
    queued_count = fields.Integer("In Queue", compute="_compute_counts")
    sent_count = fields.Integer("Messages Sent", compute="_compute_counts")
    failed_count = fields.Integer("Messages Failed", compute="_compute_counts")
    unknown_count = fields.Integer("Unknown", compute="_compute_counts")
    in_doubt_count = fields.Integer("Unknown, Undecided", compute="_compute_counts")
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts")

    @api.depends("mailing_trace_ids.trace_status", "mailing_trace_ids.failure_type")
    def _compute_counts(self):
        """Count the messages by how they stand, in one statement for all mass emails."""
        standings = self._count_standings()
        for mailing in self:
            counts = standings[mailing._origin.id]
            mailing.member_count = counts.total()
            mailing.cancelled_count = counts["not_mailed"]
            mailing.queued_count = counts.total() - counts["not_mailed"]
            mailing.sent_count = counts["taken"]
            mailing.failed_count = counts["failed"]
            mailing.unknown_count = counts["undecided"] + counts["left"]
            mailing.in_doubt_count = counts["undecided"]
            mailing.waiting_count = counts["waiting"] + counts["on_wire"]
            mailing.progress = progress_of(counts)

    def _count_standings(self):
        """Return ``{mass email id: Counter of standings}``."""
        groups = (
            self.env["mailing.trace"]
            .sudo()
            ._read_group(
                [("mass_mailing_id", "in", self.ids), ("token", "!=", False)],
                ["mass_mailing_id", "trace_status", "failure_type"],
                ["__count"],
            )
        )
        standings = defaultdict(Counter)
        for mailing, trace_status, failure_type, count in groups:
            standings[mailing.id][standing_of(trace_status, failure_type)] += count
        return standings

    def _compute_statistics(self):
        """Odoo's figures, in its list of all mailings, are for mass emails those of the log."""
        result = super()._compute_statistics()
        for mailing in self._mass_emails():
            figures = mailing.sudo()
            for name in ("sent", "opened", "clicked", "replied", "bounced"):
                mailing[name] = figures[f"{name}_people_count"]
            for name in ("opened", "replied", "bounced"):
                mailing[f"{name}_ratio"] = round(100 * figures[f"{name}_share"], 2)
        return result

    def _compute_clicks_ratio(self):
        """Odoo counts clicks on its own links."""
        result = super()._compute_clicks_ratio()
        for mailing in self._mass_emails():
            mailing.clicks_ratio = round(100 * mailing.sudo().clicked_share, 2)
        return result

    def _prepare_statistics_email_values(self):
        """Odoo's report of the day after has our figures, and says nothing of openings untold."""
        values = super()._prepare_statistics_email_values()
        if self.delivery_mode != "portions":
            return values
        counts = self.env["mailing.trace.event"]._count_people("mailing_id", self.ids)[self.id]
        labels, columns = self._log_labels("event_type"), []
        for name in ("opened", "clicked", "replied"):
            if (share := self._share(counts, name)) is not None:
                subtitle = f"{labels[name].upper()} ({counts[name]})"
                columns.append({"value": f"{share:.1%}", "col_subtitle": subtitle})
        engagement, benefits = values["kpi_data"]
        for number in range(3):
            engagement[f"kpi_col{number + 1}"] = dict(*columns[number : number + 1])
        engagement["kpi_fullname"] = self.env._("Engagement on %s Emails Sent", counts["sent"])
        benefits["kpi_fullname"] = self.env._("Business Benefits on %s Emails Sent", counts["sent"])
        return values

    @api.depends("open_tracking", "campaign_id.campaign_type")
    def _compute_are_openings_tracked(self):
        """By now they may not be tracked any more."""
        for mailing in self:
            is_tracked = mailing._tells_openings() or mailing.opened_people_count
            mailing.are_openings_tracked = bool(is_tracked)
