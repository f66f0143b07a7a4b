from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command


class MailingListFromLog(models.TransientModel):
    """Target lists of log lines that a user ticks: the form begins with what these tell."""

    _inherit = "mailing.list.from.log"

    @api.model
    def default_get(self, fields):
        """Preset what the selected log lines tell."""
        values = super().default_get(fields)
        if self.env.context.get("active_model") == "mailing.trace.event":
            values.update(self._told_by(self._selected_lines()))
        return values

    @api.model
    def _selected_lines(self):
        """Return the domain of what is selected: the search's, when that is all it finds."""
        context = self.env.context
        if context.get("is_domain_selected"):
            return context["active_domain"]
        return [("id", "in", context.get("active_ids") or [])]

    @api.model
    def _told_by(self, lines):
        names = ["campaign_id", "event_type", "link_id", "bounce_type", "mailing_id"]
        [told] = self.env["mailing.trace.event"]._read_group(
            lines,
            aggregates=[f"{name}:array_agg_distinct" for name in names],
        )
        campaigns, types, links, bounces, mailings = (
            [value for value in values or [] if value] for values in told
        )
        if None in (told[-1] or ()):
            mailings = []  # some are of deleted ones, or of leads
        if len(campaigns) != 1:
            raise UserError(self.env._("Select log lines of one campaign."))
        return {
            "campaign_id": campaigns[0],
            "scope": "ticked",
            "ticked_lines": repr(lines),
            "did_ids": [Command.set(self._options("event_type", types).ids)],
            # who selects opt-outs means them
            "did_not_ids": [
                Command.set(self._options("event_type", {"opted_out"} - set(types)).ids)
            ],
            "did_link_ids": [Command.set(links)],
            "did_bounce_ids": [Command.set(self._options("bounce_type", bounces).ids)],
            "mailing_ids": [Command.set(mailings)],
        }
