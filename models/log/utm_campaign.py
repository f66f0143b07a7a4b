from odoo import fields, models
from odoo.fields import Domain

from ...engine.replica import read_from_replica


class UtmCampaign(models.Model):
    """The log of a campaign, as its form shows it."""

    _inherit = "utm.campaign"

    @read_from_replica
    def get_log_figures(self, with_machines=False):
        """Return how many lines of each type the log has, and whether it is growing now.

        One statement for the lines, and read in an index alone: there may be a million.

        :param with_machines: those of machines and staff, too
        :return: ``{"domain", "counts", "are_openings_tracked", "is_sending"}``; the domain is that
            of the lines, the counts are by type
        """
        self.ensure_one()
        self.check_access("read")
        domain = Domain("campaign_id", "=", self.id)
        if not with_machines:
            domain &= Domain("made_by", "=", False)
        lines = self.env["mailing.trace.event"]
        counts = dict(lines._read_group(domain, ["event_type"], ["__count"]))
        is_due = Domain("state", "=", "in_queue") & Domain(
            "schedule_date", "<=", fields.Datetime.now()
        )
        sending = Domain("campaign_id", "=", self.id) & (Domain("state", "=", "sending") | is_due)
        return {
            "domain": list(domain),
            "counts": counts,
            "are_openings_tracked": "opened" in counts or self.sudo().are_openings_tracked,
            "is_sending": bool(self.env["mailing.mailing"].search_count(sending, limit=1)),
        }

    def action_list_from_log(self):
        """Open the wizard that makes a target list from this campaign's log."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Create Target List"),
            "res_model": "mailing.list.from.log",
            "view_mode": "form",
            "target": "new",
            "context": {"default_campaign_id": self.id},
        }

    def action_view_log(self):
        """List the whole log of this campaign."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_trace_event_action"
        )
        context = {"search_default_no_machine": 1}
        if not self.sudo().are_openings_tracked:
            context["openings_are_not_tracked"] = True
        return action | {"domain": [("campaign_id", "=", self.id)], "context": context}
