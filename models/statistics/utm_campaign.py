from collections import Counter, defaultdict

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_amount

from ...engine.replica import read_from_replica
from .mailing_mailing import progress_of
from .mailing_people_mixin import MARKETERS

# Campaigns whose mass emails or pages nobody tracks have other figures.
FIGURES_BY_TYPE = {
    "web": ("opted_in", "leads", "revenue"),
    "television": ("leads", "revenue"),
    "radio": ("leads", "revenue"),
    "mail": ("opted_in", "leads", "revenue"),
}


class UtmCampaign(models.Model):
    """What came of a campaign: its people, leads and revenue, and how far its sending is."""

    _name = "utm.campaign"
    _inherit = ["utm.campaign", "mailing.people.mixin"]
    _log_field = "campaign_id"

    is_sending = fields.Boolean(compute="_compute_progress", groups=MARKETERS)
    progress = fields.Float(
        compute="_compute_progress",
        groups=MARKETERS,
        help="How much of the mass emails that are in process has been sent.",
    )

    @api.depends("mass_email_ids.state", "mass_email_ids.mailing_trace_ids.trace_status")
    @api.depends_context("uid")
    def _compute_progress(self):
        """Only what is being sent is counted: of the rest there may be millions."""
        mailings = self.env["mailing.mailing"].sudo()
        in_process = mailings.search(
            [
                ("campaign_id", "in", self._in_reach().ids),
                ("delivery_mode", "=", "portions"),
                ("state", "=", "sending"),
            ]
        )
        counts = defaultdict(Counter)
        standings = in_process._count_standings() if in_process else {}
        for mailing in in_process:
            counts[mailing.campaign_id.id] += standings[mailing.id]
        for campaign in self:
            campaign.is_sending = campaign._origin.id in counts
            campaign.progress = progress_of(counts[campaign._origin.id])

    @api.depends("campaign_type", "mass_email_ids.open_tracking", "mass_email_ids.active")
    def _compute_are_openings_tracked(self):
        mailings = self.env["mailing.mailing"].sudo().with_context(active_test=False)
        in_campaigns = Domain("campaign_id", "in", self.ids)
        tracked = in_campaigns & Domain("open_tracking", "=", True)
        tracked &= Domain("delivery_mode", "=", "portions")
        tracking = {group[0].id for group in mailings._read_group(tracked, ["campaign_id"])}
        # by now they may not be tracked any more
        others = Domain("campaign_id", "in", list(set(self.ids) - tracking))
        opened = others & Domain("event_type", "=", "opened")
        log = self.env["mailing.trace.event"].sudo()
        tracking |= {group[0].id for group in log._read_group(opened, ["campaign_id"])}
        for campaign in self:
            is_tracked = campaign._origin.id in tracking and not campaign._is_informational()
            campaign.are_openings_tracked = is_tracked

    # ------------------------------------------------------------
    # On the form
    # ------------------------------------------------------------

    @read_from_replica
    def get_figures(self, with_machines=False):
        figures = super().get_figures(with_machines)
        sells = self.env.user.has_group("sales_team.group_sale_salesman")
        if sells and not self._is_informational():
            figures += [self._leads(), self._revenue()]
        return figures

    def _figure_names(self):
        names = super()._figure_names()
        wanted = FIGURES_BY_TYPE.get(self.campaign_type)
        return [name for name in names if name in wanted] if wanted else names

    def _is_informational(self):
        return self.campaign_type == "informational"

    def _leads(self):
        is_lead = self.use_leads
        return {
            "name": "leads",
            "label": self.env._("Leads") if is_lead else self.env._("Opportunities"),
            "count": self.crm_lead_count,
            "share": None,
            "note": False,
        }

    def _revenue(self):
        """Of the opportunities that are won, in the currency of the budget."""
        currency = self.budget_currency_id or self.env.company.currency_id
        today = fields.Date.context_today(self)
        revenue = sum(
            (company or self.env.company).currency_id._convert(
                amount, currency, company or self.env.company, today
            )
            for company, amount in self.env["crm.lead"]
            .with_context(active_test=False)
            ._read_group(self._won(), ["company_id"], ["expected_revenue:sum"])
        )
        note = False
        if self.budget > 0:
            percent = round(100 * (revenue - self.budget) / self.budget)
            note = self.env._(
                "Budget %(budget)s, return %(percent)s%%",
                budget=format_amount(self.env, self.budget, currency, trailing_zeroes=False),
                percent=percent,
            )
        return {
            "name": "revenue",
            "label": self.env._("Revenue"),
            "count": revenue,
            "formatted": format_amount(self.env, revenue, currency, trailing_zeroes=False),
            "share": None,
            "note": note,
        }

    def _won(self):
        return [("campaign_id", "=", self.id), ("won_status", "=", "won")]

    def action_view_figure(self, name, with_machines=False):
        if name not in ("leads", "revenue"):
            return super().action_view_figure(name, with_machines)
        self.ensure_one()
        self.check_access("read")
        self.env["crm.lead"].check_access("read")
        if name == "leads":
            return self.action_redirect_to_leads_opportunities()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm.crm_lead_opportunities")
        label = self.env._("Revenue")
        context = {"active_test": False, "create": False}
        return (
            action
            | {"name": label, "display_name": label, "domain": self._won()}
            | {"context": context}
        )
