from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain

# The types a mass email can be sent for.
MASS_EMAIL_TYPES = ("email", "newsletter", "informational")


class UtmCampaign(models.Model):
    """A campaign: its type and status, its lists, tracking URLs, mass emails and log.

    Its status is the one that is shown, whatever the type: Odoo's stages (New, Schedule, Design,
    Sent) stay in the database for other modules, and stand on no screen beside it. A user sets it,
    on the form or by moving the card; only *Inactive* has an effect, it holds back mass emails, as
    archiving the campaign does.
    """

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
        group_expand=True,
        help="While a campaign is Inactive or archived, none of its mass emails is queued or sent.",
    )
    date_start = fields.Date("Start Date")
    date_end = fields.Date("End Date")
    team_id = fields.Many2one("crm.team", index="btree_not_null")
    description = fields.Text(help="For colleagues; recipients do not see it.")
    budget = fields.Monetary(currency_field="budget_currency_id")
    budget_currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    sends_mass_emails = fields.Boolean(compute="_compute_sends_mass_emails")
    is_type_locked = fields.Boolean(
        compute="_compute_is_type_locked",
        compute_sudo=True,
        help="It has mass emails, archived ones included, or a log of deleted ones, tests aside.",
    )
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
        context={"default_is_tracking_url": True},
        string="Tracking URLs",
        groups="mass_mailing.group_mass_mailing_user",
    )
    mass_email_ids = fields.One2many(
        "mailing.mailing",
        "campaign_id",
        domain=[("delivery_mode", "=", "portions")],
        context={"default_delivery_mode": "portions"},
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
    _budget_not_negative = models.Constraint(
        "CHECK (budget >= 0)", "A budget cannot be less than nothing."
    )

    @api.depends("campaign_type")
    def _compute_sends_mass_emails(self):
        for campaign in self:
            campaign.sends_mass_emails = campaign.campaign_type in MASS_EMAIL_TYPES

    @api.depends("mass_email_ids")
    def _compute_is_type_locked(self):
        """Opt-out links go by the type, those of mass emails that were deleted, too.

        Those of tests do not, once their draft is deleted.
        """
        of_letters = Domain("is_test", "=", False) & Domain("event_type", "!=", "lead_created")
        lines = self.env["mailing.trace.event"]
        for campaign in self:
            its_lines = Domain("campaign_id", "=", campaign._origin.id) & of_letters
            campaign.is_type_locked = not campaign.is_bare and bool(
                campaign._origin._all_mass_emails() or lines.search_count(its_lines, limit=1)
            )

    @api.depends("mass_email_ids")
    def _compute_mass_email_count(self):
        """Whoever may see them, as Odoo counts all mailings: what is left are Odoo's own."""
        counts = dict(
            self.env["mailing.mailing"]
            .sudo()
            ._read_group(
                [("campaign_id", "in", self.ids), ("delivery_mode", "=", "portions")],
                ["campaign_id"],
                ["__count"],
            )
        )
        for campaign in self:
            campaign.mass_email_count = counts.get(campaign._origin, 0)

    def _compute_mailing_sms_count(self):
        """Of SMS Marketing, where that is installed: it counts for whoever opens the form, too."""
        return super(UtmCampaign, self.sudo())._compute_mailing_sms_count()

    def write(self, vals):
        new_type = vals.get("campaign_type")
        if new_type:
            locked = self.filtered(
                lambda campaign: campaign.campaign_type != new_type and campaign.is_type_locked
            )
            if locked:
                raise ValidationError(
                    self.env._(
                        "The type of campaign “%s” cannot change any more: it has "
                        "mass emails, or had some.",
                        locked[0].title,
                    )
                )
        changed = self.sudo() if "excluding_list_ids" in vals else self.browse()
        excluding = {campaign: campaign.excluding_list_ids for campaign in changed}
        result = super().write(vals)
        for campaign, lists in excluding.items():
            campaign._exclude_from_mass_emails(campaign.excluding_list_ids - lists)
        if not vals.keys().isdisjoint(("campaign_status", "active")):
            self.sudo().mass_email_ids._wake_lanes()
        return result

    def _all_mass_emails(self):
        """Return the mass emails, archived ones included, whoever asks."""
        return self.sudo().with_context(active_test=False).mass_email_ids

    def _exclude_from_mass_emails(self, lists):
        """Whom a campaign excludes later, its mass emails exclude; complete ones may go on."""
        if lists:
            commands = [Command.link(each.id) for each in lists]
            self._all_mass_emails().write({"excluding_list_ids": commands})

    @api.ondelete(at_uninstall=False)
    def _unlink_except_under_way(self):
        """A campaign that holds back its mass emails must not let them go by being deleted."""
        if under_way := self._all_mass_emails().filtered("is_under_way"):
            raise UserError(
                self.env._(
                    "Mass email “%s” of this campaign is pending or in process. Take it back to "
                    "draft or end it before you delete the campaign.",
                    under_way[0].display_name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_but_remember(self):
        """Nobody knows who opened an informational email, nor when its campaign is gone."""
        informational = self.filtered(lambda each: each.campaign_type == "informational")
        informational._all_mass_emails().open_tracking = False

    @api.ondelete(at_uninstall=False)
    def _unlink_except_large(self):
        self.env["mailing.trace"]._check_may_be_detached(Domain("campaign_id", "in", self.ids))

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """No button is louder than the one in the panel that adds a mass email."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "form":
            for button in arch.xpath("//header/button"):
                classes = button.get("class", "").split()
                if "oe_highlight" in classes:
                    classes[classes.index("oe_highlight")] = "btn-secondary"
                    button.set("class", " ".join(classes))
        return arch, view

    def copy_data(self, default=None):
        copies = [dict(values, campaign_status="planning") for values in super().copy_data(default)]
        for name in ("target_list_ids", "excluding_list_ids"):
            # an employee without Email Marketing copies what she sees
            if name not in (default or {}) and self._has_field_access(self._fields[name], "read"):
                for campaign, values in zip(self, copies, strict=True):
                    values[name] = campaign[name].ids
        return copies
