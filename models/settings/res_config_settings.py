from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.limits import SendingHours
from .ir_config_parameter import PREFIX, SETTINGS, largest

# Numbers of which 0 is none: no limit, or kept for ever.
MAY_BE_NONE = (
    "mass_email_domain_portion_size",
    "mass_email_run_size",
    "mass_email_retention_months",
)


class ResConfigSettings(models.TransientModel):
    """Settings > Email Marketing > Mass Emails."""

    _inherit = "res.config.settings"

    mass_email_portion_size = fields.Integer(
        "Hourly Portion",
        config_parameter="mass_mailing_campaign.portion_size",
        default=SETTINGS["portion_size"],
        help="The most e-mails that mass emails send in any 60 minutes, tests included.",
    )
    mass_email_domain_portion_size = fields.Integer(
        "Hourly Portion per Recipient Domain",
        config_parameter="mass_mailing_campaign.domain_portion_size",
        help="The most e-mails that mass emails send to the addresses of one domain in any "
        "60 minutes. 0: no limit.",
    )
    mass_email_run_size = fields.Integer(
        "Portion per Run",
        config_parameter="mass_mailing_campaign.run_size",
        help="The most e-mails that one run of the scheduled action sends. 0: no limit.",
    )
    mass_email_calendar_id = fields.Many2one(
        "resource.calendar",
        "Sending Hours",
        config_parameter="mass_mailing_campaign.calendar_id",
        help="Mass emails go out in these hours only, in the time zone of the working schedule. "
        "Empty: at any time.",
    )
    mass_email_smtp_sessions = fields.Integer(
        "SMTP Sessions",
        config_parameter="mass_mailing_campaign.smtp_sessions",
        default=SETTINGS["smtp_sessions"],
        help="How many SMTP sessions mass emails use at the same time, at most.",
    )
    mass_email_lanes = fields.Integer(
        "Lanes",
        config_parameter="mass_mailing_campaign.lanes",
        default=SETTINGS["lanes"],
        help="How many scheduled actions send at the same time, each with its own SMTP sessions. "
        "Each takes a cron worker of some Odoo server on this database.",
    )
    mass_email_max_attempts = fields.Integer(
        "Attempts",
        config_parameter="mass_mailing_campaign.max_attempts",
        default=SETTINGS["max_attempts"],
        help="How often a message is offered to a mail server that defers it, before it fails.",
    )
    mass_email_recent_days = fields.Integer(
        "Written To Lately",
        config_parameter="mass_mailing_campaign.recent_days",
        default=SETTINGS["recent_days"],
        help="Before a mass email is sent, its form tells how many of its recipients were written "
        "to by another in so many days.",
    )
    mass_email_dead_after_bounces = fields.Integer(
        "Dead Addresses: Messages",
        config_parameter="mass_mailing_campaign.dead_after_bounces",
        default=SETTINGS["dead_after_bounces"],
        help="An address is dead after so many messages in a row that came back for now, mailbox "
        "full or the like. One that does not exist is dead at once.",
    )
    mass_email_dead_after_days = fields.Integer(
        "Dead Addresses: Days",
        config_parameter="mass_mailing_campaign.dead_after_days",
        default=SETTINGS["dead_after_days"],
        help="And not before so many days after the first of them.",
    )
    mass_email_verp = fields.Boolean(
        "Bounces by Address",
        config_parameter="mass_mailing_campaign.verp",
        help="Each message has a bounce address of its own (VERP), by which its bounce is known "
        "though nothing of the message comes back. The bounce mailbox must take such addresses, "
        "like bounce+123-abc@example.com.",
    )
    mass_email_open_tracking = fields.Boolean(
        "Open Tracking",
        config_parameter="mass_mailing_campaign.open_tracking",
        help="Add an invisible image to mass emails that tells when they are opened.",
    )
    mass_email_keep_hits = fields.Boolean(
        "Keep Every Opening and Click",
        config_parameter="mass_mailing_campaign.keep_hits",
        help="With time, IP address and mail program, not only the first of each recipient.",
    )
    mass_email_retention_months = fields.Integer(
        "Delete Traces of People: Months",
        config_parameter="mass_mailing_campaign.retention_months",
        help="After so many months IP addresses, mail programs, single openings and clicks, and "
        "what people wrote when they opted out are deleted. Figures stay. 0: they are kept.",
    )
    mass_email_public_url = fields.Char(
        "Public Address",
        config_parameter="mass_mailing_campaign.public_url",
        help="Where recipients reach this server, when that is not the address you work at. "
        "Links that are delivered lead to where they led before.",
    )
    mass_email_opt_out_mandatory = fields.Boolean(
        "Mandatory Opt-Out Link",
        help="Append an opt-out link to mass emails that have none.",
    )
    mass_email_opt_in_required = fields.Boolean(
        "Opt-In Required on New Lists",
        config_parameter="mass_mailing_campaign.opt_in_required",
        help="On new target lists, members whom others add start opted out.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """The database would refuse what is too large, in its own words."""
        for vals in vals_list:
            for name, value in vals.items():
                if name in self._fields and self._is_mass_email_number(name):
                    self._refuse_too_large(name, value)
        return super().create(vals_list)

    def _is_mass_email_number(self, name):
        return name.startswith("mass_email_") and self._fields[name].type == "integer"

    def _refuse_too_large(self, name, value):
        most = largest(name.removeprefix("mass_email_"))
        if value > most:
            label = self._fields[name].get_description(self.env, ["string"])["string"]
            raise ValidationError(
                self.env._("“%(label)s” cannot be more than %(most)s.", label=label, most=most)
            )

    @api.constrains(
        "mass_email_portion_size",
        "mass_email_domain_portion_size",
        "mass_email_run_size",
        "mass_email_smtp_sessions",
        "mass_email_lanes",
        "mass_email_max_attempts",
        "mass_email_recent_days",
        "mass_email_dead_after_bounces",
        "mass_email_dead_after_days",
        "mass_email_retention_months",
    )
    def _check_mass_email_limits(self):
        """Refuse what makes no sense, by the name that the field has on the screen."""
        for settings in self:
            for name, field in self._fields.items():
                if not self._is_mass_email_number(name):
                    continue
                self._refuse_too_large(name, settings[name])
                least = 0 if name in MAY_BE_NONE else 1
                if settings[name] >= least:
                    continue
                label = field.get_description(self.env, ["string"])["string"]
                raise ValidationError(
                    self.env._(
                        "“%(label)s” cannot be less than %(least)s.", label=label, least=least
                    )
                )

    @api.constrains("mass_email_calendar_id")
    def _check_mass_email_hours(self):
        for settings in self.filtered("mass_email_calendar_id"):
            calendar = settings.mass_email_calendar_id
            calendar._check_is_no_flexible()
            if words := SendingHours(self.env, calendar).why_never_open():
                raise ValidationError(words)

    @api.model
    def get_values(self):
        # the screen asks for what is, the parameter for what is not
        is_optional = self.env["ir.config_parameter"]._mass_email_setting("opt_out_optional")
        return super().get_values() | {"mass_email_opt_out_mandatory": not is_optional}

    def action_view_scheduled_action(self):
        """Open the scheduled action that sends, or its lanes."""
        lanes = self.env["ir.cron"]._lanes()
        action = self.env["ir.actions.act_window"]._for_xml_id("base.ir_cron_act")
        if len(lanes) == 1:
            return action | {"res_id": lanes.id, "views": [(False, "form")], "context": {}}
        return action | {"domain": [("id", "in", lanes.ids)], "context": {"active_test": False}}

    def set_values(self):
        result = super().set_values()
        self.env["ir.config_parameter"].set_param(
            PREFIX + "opt_out_optional", not self.mass_email_opt_out_mandatory
        )
        self.env["ir.cron"]._restore_lanes()
        self.env["ir.cron"]._set_lane_count(self.mass_email_lanes)
        # more may leave now, or earlier
        self.env["ir.cron"]._wake_lanes()
        return result
