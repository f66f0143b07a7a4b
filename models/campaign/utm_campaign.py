from odoo import api, fields, models
from odoo.exceptions import ValidationError

# The types a mass email can be sent for.
MASS_EMAIL_TYPES = ("email", "newsletter", "informational")


class UtmCampaign(models.Model):
    """A campaign: its type and status, its lists, tracking URLs, mass emails and log."""

    _inherit = "utm.campaign"

    campaign_type = fields.Selection(
        [
            ("email", "Email"),
            ("newsletter", "Newsletter"),
            ("informational", "Informational Email"),
            ("web", "Web"),
            ("television", "Television"),
            ("radio", "Radio"),
            ("mail", "Mail"),
        ],
        string="Type",
        default="email",
        required=True,
        help="Mass emails belong to campaigns of type Email, Newsletter or Informational Email. "
        "An informational email carries no opt-out link and no tracking, and goes out to targets "
        "that opted out of a list.",
    )
    campaign_status = fields.Selection(
        [
            ("planning", "Planning"),
            ("active", "Active"),
            ("inactive", "Inactive"),
            ("complete", "Complete"),
        ],
        string="Status",
        default="planning",
        required=True,
        help="While a campaign is Inactive, none of its mass emails is queued or sent.",
    )
    date_start = fields.Date("Start Date")
    date_end = fields.Date("End Date")
    team_id = fields.Many2one("crm.team", "Team", index="btree_not_null")
    sends_mass_emails = fields.Boolean(compute="_compute_sends_mass_emails")
    target_list_ids = fields.Many2many(
        "mailing.list",
        "utm_campaign_target_list_rel",
        string="Target Lists",
        copy=False,
        groups="mass_mailing.group_mass_mailing_user",
        help="The lists a new mass email of this campaign starts with.",
    )
    excluding_list_ids = fields.Many2many(
        "mailing.list",
        "utm_campaign_excluding_list_rel",
        string="Excluding Target Lists",
        context={"active_test": False},  # an archived list excludes as before
        copy=False,
        groups="mass_mailing.group_mass_mailing_user",
        help="Their members are not mailed, nor is anybody with the same e-mail address.",
    )
    tracking_url_ids = fields.One2many(
        "link.tracker",
        "campaign_id",
        domain=[("is_tracking_url", "=", True)],
        string="Tracking URLs",
        groups="mass_mailing.group_mass_mailing_user",
    )
    mass_email_ids = fields.One2many(
        "mailing.mailing",
        "campaign_id",
        domain=[("delivery_mode", "=", "portions")],
        string="Mass Emails",
        groups="mass_mailing.group_mass_mailing_user",
    )
    mass_email_count = fields.Integer(
        compute="_compute_mass_email_count", groups="mass_mailing.group_mass_mailing_user"
    )
    # Odoo's own form counts mailings for whoever opens it, with or without Email Marketing
    mailing_mail_count = fields.Integer(compute_sudo=True)
    ab_testing_mailings_count = fields.Integer(compute_sudo=True)

    _dates_in_order = models.Constraint(
        "CHECK (date_end >= date_start)", "A campaign cannot end before it starts."
    )

    @api.depends("campaign_type")
    def _compute_sends_mass_emails(self):
        for campaign in self:
            campaign.sends_mass_emails = campaign.campaign_type in MASS_EMAIL_TYPES

    @api.depends("mass_email_ids")
    def _compute_mass_email_count(self):
        for campaign in self:
            campaign.mass_email_count = len(campaign.mass_email_ids)

    def write(self, vals):
        new_type = vals.get("campaign_type")
        if new_type:
            with_archived = self.sudo().with_context(active_test=False)
            locked = with_archived.filtered(
                lambda campaign: campaign.campaign_type != new_type and campaign.mass_email_ids
            )
            if locked:
                raise ValidationError(
                    self.env._(
                        "The type of campaign “%s” cannot change any more: it has mass emails.",
                        locked[0].title,
                    )
                )
        result = super().write(vals)
        if "campaign_status" in vals:
            self.sudo().mass_email_ids._wake_lanes()
        return result

    def copy_data(self, default=None):
        copies = [dict(values, campaign_status="planning") for values in super().copy_data(default)]
        for name in ("target_list_ids", "excluding_list_ids"):
            # an employee without Email Marketing copies what she sees
            if self._has_field_access(self._fields[name], "read"):
                for campaign, values in zip(self, copies, strict=True):
                    values[name] = campaign[name].ids
        return copies

    def action_add_mass_email(self):
        """Open a new mass email of this campaign."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_mailing_action_mass_email"
        )
        context = {"default_campaign_id": self.id, "default_delivery_mode": "portions"}
        return action | {"context": context}

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
        if not self._are_openings_tracked():
            context["openings_are_not_tracked"] = True
        return action | {"domain": [("campaign_id", "=", self.id)], "context": context}

    def _are_openings_tracked(self):
        """Tell whether the log of this campaign may have openings."""
        self.ensure_one()
        mass_emails = self.sudo().with_context(active_test=False).mass_email_ids
        opened = [("campaign_id", "=", self.id), ("event_type", "=", "opened")]
        return any(mass_emails.mapped("open_tracking")) or bool(
            self.env["mailing.trace.event"].search_count(opened, limit=1)
        )
