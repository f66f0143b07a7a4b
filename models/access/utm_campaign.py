from odoo import api, models

# Odoo's own figures of a campaign's messages.
RATIOS = ("received_ratio", "opened_ratio", "replied_ratio", "bounced_ratio")


class UtmCampaign(models.Model):
    """Whose campaigns somebody sees: her own, her team's, or all (``security/access_groups.xml``).

    Every employee reads of a campaign what other apps need: its name, type and dates. Its mass
    emails, messages, log, tracking URLs and figures are for her whose it is, and only she changes
    it. One without mass emails is everybody's of Email Marketing, as in Odoo.
    """

    _inherit = "utm.campaign"

    def _in_reach(self):
        """Return those whose mass emails, log and figures this user may see.

        Figures that are counted for speed without record rules ask this first.
        """
        marketing = "mass_mailing.group_mass_mailing_user"
        if self.env.su or not self.env.user.has_group(marketing):
            return self
        return self._filtered_access("write")

    @api.depends_context("uid")
    def _compute_statistics(self):
        result = super(UtmCampaign, self._in_reach())._compute_statistics()
        (self - self._in_reach()).update(dict.fromkeys(RATIOS, 0))
        return result

    @api.depends_context("uid")
    def _compute_clicks_count(self):
        result = super()._compute_clicks_count()
        (self - self._in_reach()).click_count = 0
        return result
