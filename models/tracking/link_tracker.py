from odoo import api, fields, models

from ..response.mailing_trace_event import BY_PEOPLE


class LinkTracker(models.Model):
    """How many people clicked a tracking URL.

    Odoo's own ``count`` is stored, and everybody who clicks would wait for who clicked before.
    """

    _inherit = "link.tracker"

    people_count = fields.Integer(
        "Clicks",
        compute="_compute_people_count",
        groups="mass_mailing.group_mass_mailing_user",
        help="How many people clicked it, each once per message, as everywhere in the statistics; "
        "without tests, machines and staff.",
    )

    @api.depends_context("uid")
    def _compute_people_count(self):
        """One statement for all: a message has one line per URL."""
        counts = dict(
            self.env["mailing.trace.event"]._read_group(
                BY_PEOPLE & fields.Domain("link_id", "in", self._origin.ids),
                ["link_id"],
                ["__count"],
            )
        )
        for link in self:
            link.people_count = counts.get(link._origin, 0)

    def write(self, vals):
        if any(self.mapped("is_tracking_url")):
            self.env.registry.clear_cache()  # where its clicks lead
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
