from odoo import models
from odoo.fields import Domain

from ..response.mailing_trace_event import BY_PEOPLE


class UtmCampaign(models.Model):
    """A campaign's clicks; and its name stands in the addresses its tracking URLs lead to."""

    _inherit = "utm.campaign"

    def _compute_clicks_count(self):
        """Odoo's figure for its own links, and people for tracking URLs, each once per URL."""
        result = super()._compute_clicks_count()
        with_urls = Domain("campaign_id", "in", self.ids)
        raw = (
            self.env["link.tracker.click"]
            .sudo()
            ._read_group(
                with_urls & Domain("link_id.is_tracking_url", "=", True),
                ["campaign_id"],
                ["__count"],
            )
        )
        people = (
            self.env["mailing.trace.event"]
            .sudo()
            ._read_group(
                with_urls & BY_PEOPLE & Domain("event_type", "=", "clicked"),
                ["campaign_id"],
                ["__count"],
            )
        )
        raw, people = dict(raw), dict(people)
        for campaign in self:
            campaign.click_count += people.get(campaign, 0) - raw.get(campaign, 0)
        return result

    def write(self, vals):
        if {"name", "title"} & vals.keys():
            self.env.registry.clear_cache()
        return super().write(vals)
