from odoo import api, models
from odoo.fields import Command


class MailingMailing(models.Model):
    """What a mass email takes over from its campaign; its own from then on."""

    _inherit = "mailing.mailing"

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        campaign = self.env["utm.campaign"].browse(values.get("campaign_id"))
        if values.get("delivery_mode") == "portions":
            defaults = self._campaign_defaults(campaign)
            if "default_contact_list_ids" in self.env.context:
                defaults.pop("contact_list_ids")  # begun on a target list
            else:
                values.pop("contact_list_ids", None)
            values.update({name: value for name, value in defaults.items() if name in fields})
        return values

    @api.model
    def _campaign_defaults(self, campaign):
        return {
            "contact_list_ids": [Command.set(campaign.target_list_ids.ids)],
            "excluding_list_ids": [Command.set(campaign.excluding_list_ids.ids)],
        }

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("delivery_mode") == "portions":
                campaign = self.env["utm.campaign"].browse(vals.get("campaign_id"))
                for name, value in self._campaign_defaults(campaign).items():
                    vals.setdefault(name, value)
        return super().create(vals_list)

    def write(self, vals):
        result = super().write(vals)
        if vals.get("campaign_id") and "excluding_list_ids" not in vals:
            self._take_over_lists()
        return result

    @api.onchange("campaign_id")
    def _onchange_campaign_lists(self):
        self._take_over_lists()

    def _take_over_lists(self):
        """Exclude whom the campaign excludes; mail its lists where no others are chosen."""
        for mailing in self._mass_emails().filtered(lambda each: each.state == "draft"):
            campaign = mailing.campaign_id
            mailing.excluding_list_ids |= campaign.excluding_list_ids
            if not mailing.contact_list_ids:
                mailing.contact_list_ids = campaign.target_list_ids
