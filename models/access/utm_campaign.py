from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# Odoo's own figures of a campaign's messages.
RATIOS = ("received_ratio", "opened_ratio", "replied_ratio", "bounced_ratio")

OF_MASS_EMAILS = Domain("delivery_mode", "=", "portions") & Domain("campaign_id", "!=", False)


class UtmCampaign(models.Model):
    """Whose campaigns somebody sees: her own, her team's, or all (``security/access_groups.xml``).

    Every employee reads of a campaign what other apps need: its name, type and dates, and the names
    of its mass emails, which are sources of leads (``utm.source``). Its mass emails, messages, log,
    tracking URLs and figures are for her whose it is, and only she changes it. One that never had
    mass emails is every employee's to change, as in Odoo.
    """

    _inherit = "utm.campaign"

    is_bare = fields.Boolean(
        compute="_compute_is_bare",
        search="_search_is_bare",
        compute_sudo=True,
        groups="mass_mailing.group_mass_mailing_user",
        help="It has no mass emails, archived ones included, and no log of deleted ones.",
    )

    is_out_of_reach = fields.Boolean(
        compute="_compute_is_out_of_reach",
        help="It is somebody else's, and so are its mass emails, log and figures.",
    )
    is_read_only = fields.Boolean(
        compute="_compute_is_out_of_reach", help="Only whose it is changes it."
    )

    @api.depends("user_id", "team_id", "campaign_type")
    @api.depends_context("uid")
    def _compute_is_out_of_reach(self):
        """Of one that everybody may change, too: a mass email of hers could not be saved in it."""
        out_of_reach = self._origin - self._origin._in_reach()
        may_be = self.env["ir.rule"]._compute_domain("mailing.mailing", "create")
        mailings = self.env["mailing.mailing"].sudo()
        for campaign in self:
            values = {"delivery_mode": "portions", "campaign_id": campaign._origin.id}
            is_others = campaign._origin and not mailings.new(values).filtered_domain(may_be)
            campaign.is_read_only = campaign._origin in out_of_reach
            campaign.is_out_of_reach = campaign.is_read_only or bool(
                is_others and campaign.sends_mass_emails
            )

    @api.depends("mass_email_ids")
    def _compute_is_bare(self):
        """Not by ``mass_email_ids``: the cache would show them to who may not see them."""
        bare = self.sudo().with_context(active_test=False)
        bare = bare.search(Domain("id", "in", self.ids) & Domain("is_bare", "=", True))
        used = {*self.ids} - {*bare.ids}
        for campaign in self:
            campaign.is_bare = campaign._origin.id not in used

    @api.model
    def _search_is_bare(self, operator, values):
        if operator != "in":
            return NotImplemented
        mailings = self.env["mailing.mailing"].sudo().with_context(active_test=False)
        used = mailings._search(OF_MASS_EMAILS)
        is_bare = Domain("id", "not in", used.subselect("campaign_id"))
        self.env["mailing.trace.event"].flush_model(["campaign_id", "event_type"])
        is_bare &= Domain.custom(to_sql=self._sql_without_log)
        return Domain.OR(is_bare if value else ~is_bare for value in values)

    @api.model
    def _sql_without_log(self, model, alias, query):
        """SQL condition: no mass email has left lines in the log; one look in an index.

        A lead leaves its line with whatever campaign it came of.
        """
        return SQL(
            "NOT EXISTS (SELECT FROM mailing_trace_event line WHERE line.campaign_id = %s"
            " AND line.event_type != 'lead_created')",
            model._field_to_sql(alias, "id", query),
        )

    def _in_reach(self):
        """Return those whose mass emails, log and figures this user may see.

        Figures that are counted for speed without record rules ask this first.
        """
        return self._filtered_access("write")

    @api.depends_context("uid")
    def _compute_statistics(self):
        in_reach = self._in_reach()
        result = super(UtmCampaign, in_reach)._compute_statistics()
        (self - in_reach).update(dict.fromkeys(RATIOS, 0))
        return result

    @api.depends_context("uid")
    def _compute_clicks_count(self):
        result = super()._compute_clicks_count()
        (self - self._in_reach()).click_count = 0
        return result
