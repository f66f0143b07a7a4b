from odoo import api, models
from odoo.fields import Command

from ..models.response.mailing_trace_event import BOUNCE_TYPES

# What a target list is made of in two clicks: event types done and not done, and bounce types.
PRESETS = {
    "clicked": {"did": ["clicked"], "did_not": ["opted_out"]},
    "opened_not_clicked": {"did": ["opened"], "did_not": ["clicked", "opted_out"]},
    # whoever clicked or answered has opened it, be openings tracked or not
    "not_opened": {"did": ["sent"], "did_not": ["opened", "clicked", "replied", "opted_out"]},
    "bounced_for_good": {"did": ["bounced"], "bounces": [BOUNCE_TYPES[0][0]]},
}


class MailingListFromLog(models.TransientModel):
    """Target lists that are made of the log in two clicks."""

    _inherit = "mailing.list.from.log"

    @api.readonly
    @api.model
    def count_presets(self, campaign_id):
        """Return how many targets each preset finds in the log of a campaign.

        None for what asks for openings where nobody looks for them: all would seem not to open.
        """
        self.check_access("create")
        is_tracked = self.env["utm.campaign"].sudo().browse(campaign_id).are_openings_tracked
        return {
            preset: self.new(self._preset_values(campaign_id, preset)).contact_count
            if is_tracked or "opened" not in (*values["did"], *values.get("did_not", ()))
            else None
            for preset, values in PRESETS.items()
        }

    @api.model
    def create_from_preset(self, campaign_id, preset, name):
        """Make a target list of those a preset finds, and open it."""
        return self.create(
            {**self._preset_values(campaign_id, preset), "name": name}
        ).action_create()

    @api.model
    def _preset_values(self, campaign_id, preset):
        values = PRESETS[preset]
        did, did_not = values["did"], values.get("did_not", ())
        bounces = values.get("bounces", ())
        return {
            "campaign_id": campaign_id,
            "did_ids": [Command.set(self._options("event_type", did).ids)],
            "did_not_ids": [Command.set(self._options("event_type", did_not).ids)],
            "did_bounce_ids": [Command.set(self._options("bounce_type", bounces).ids)],
        }
