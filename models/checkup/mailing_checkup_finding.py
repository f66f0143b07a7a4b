# A check-up waits for other machines, and no transaction is open meanwhile.
# pylint: disable=invalid-commit
import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...delivery.reply import describe
from ...engine.turns import autocommitted
from .dns_records import DnsCheck
from .incoming import BounceAddressCheck, IncomingServerCheck
from .mail_server import MailServerCheck
from .public_address import PublicAddressCheck
from .queue import PortionCheck, WaitingCheck
from .scheduled_action import ScheduledActionCheck, WorkersCheck

_logger = logging.getLogger(__name__)

# What is looked at, in the order in which it is shown.
CHECKS = (
    MailServerCheck,
    ScheduledActionCheck,
    WorkersCheck,
    WaitingCheck,
    PortionCheck,
    PublicAddressCheck,
    BounceAddressCheck,
    IncomingServerCheck,
    DnsCheck,
)
# Those that need no other machine.
CHEAP_CHECKS = [check for check in CHECKS if not check.asks_others]
CHEAP_TOPICS = [check.topic for check in CHEAP_CHECKS]
TOPICS = [
    ("mail_server", "Outgoing Mail Server"),
    ("scheduled_action", "Scheduled Action"),
    ("workers", "Cron Workers"),
    ("waiting", "What Waits"),
    ("portion", "Hourly Portion"),
    ("public_address", "Public Address"),
    ("opt_out", "Opt-Out Links"),
    ("bounce_address", "Bounce Address"),
    ("incoming_server", "Incoming Mail Server"),
    ("dns", "DNS Records"),
]
GRADES = [
    ("bad", "To Be Mended"),
    ("warning", "Worth a Look"),
    ("unchecked", "Not Checked"),
    ("good", "Good"),
]
# Buttons that mend: those that open a screen are for who may change what it shows.
MENDS = [
    ("switch_on", "Switch It On"),
    ("run_now", "Run It Now"),
    ("restore", "Bring It Back"),
    ("open_mail_servers", "Open the Mail Servers"),
    ("open_incoming_servers", "Open the Incoming Servers"),
    ("open_alias_domains", "Open the Alias Domains"),
    ("open_settings", "Open the Settings"),
    ("open_waiting", "Open the Mass Emails"),
]
WINDOWS = {
    "open_mail_servers": "base.action_ir_mail_server_list",
    "open_incoming_servers": "mail.action_email_server_tree",
    "open_alias_domains": "mail.mail_alias_domain_action",
    "open_settings": "mass_mailing.action_mass_mailing_configuration",
    "open_waiting": "mass_mailing_campaign.mailing_mailing_action_under_way",
}


class MailingCheckupFinding(models.Model):
    """One line of the delivery check-up, as it was last found.

    All lines are made anew by each check-up: when a user opens it, by a scheduled action some times
    a day, and, of what needs no other machine, after a line was mended.
    """

    _name = "mailing.checkup.finding"
    _description = "Delivery Check-Up"
    _order = "sequence, id"
    _rec_name = "topic"

    topic = fields.Selection(TOPICS, required=True, readonly=True)
    grade = fields.Selection(GRADES, "Result", required=True, readonly=True)
    sequence = fields.Integer(readonly=True)
    words = fields.Char("Finding", required=True, readonly=True)
    remedy = fields.Char(readonly=True)
    mend = fields.Selection(MENDS, readonly=True)
    is_mend_allowed = fields.Boolean(compute="_compute_is_mend_allowed")

    @api.depends("mend")
    @api.depends_context("uid")
    def _compute_is_mend_allowed(self):
        is_admin = self.env.user.has_group("base.group_system")
        for finding in self:
            opens_settings = finding.mend in WINDOWS and finding.mend != "open_waiting"
            finding.is_mend_allowed = bool(finding.mend) and (is_admin or not opens_settings)

    # ------------------------------------------------------------
    # Looking
    # ------------------------------------------------------------

    @api.model
    def action_check_up(self):
        """Look at everything and show it."""
        self.check_access("read")
        self._check_up()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_checkup_finding_action"
        )

    @api.model
    def _cron_check_up(self):
        """Look at everything, so that the campaigns' red dot tells of it."""
        self._check_up()

    @api.model
    def get_alert(self):
        """Return how many things stop mass emails; None for who cannot mend them.

        What needs no other machine is looked at now, the rest is as it was last found.
        """
        if not self.has_access("read"):
            return None
        findings = self.sudo()
        bad = [finding for finding in findings._look(CHEAP_CHECKS) if finding.grade == "bad"]
        others = [("grade", "=", "bad"), ("topic", "not in", CHEAP_TOPICS)]
        return len(bad) + findings.search_count(others)

    @api.model
    def _check_up(self):
        """Look at everything, and keep what is found."""
        self.env.cr.commit()  # no transaction is open while other machines are waited for
        with self.env.registry.cursor() as cr, autocommitted(cr):
            found = self.with_env(self.env(cr=cr)).sudo()._look(CHECKS)
        self._keep(found, [topic for topic, _name in TOPICS])

    @api.model
    def _look(self, checks):
        return [finding for check in checks for finding in self._found_by(check(self.env))]

    @api.model
    def _found_by(self, check):
        """Return what a check finds; one that fails itself hides none of the others."""
        try:
            return list(check.findings())
        except psycopg2.Error:
            raise  # nothing else can be asked in this transaction
        except Exception as error:
            _logger.exception("The check-up of %s failed", check.topic)
            words = self.env._("This could not be looked at: %s", describe(error))
            return [check.unchecked(words, self.env._("See the log of the Odoo server."))]

    @api.model
    def _keep(self, found, topics):
        """Have what was found take the place of what was found of these topics before."""
        self.sudo().search([("topic", "in", topics)]).unlink()
        grades = [grade for grade, _name in GRADES]
        order = [topic for topic, _name in TOPICS]
        self.sudo().create(
            [
                finding._asdict()
                | {"sequence": 100 * grades.index(finding.grade) + order.index(finding.topic)}
                for finding in found
            ]
        )

    @api.model
    def _look_again(self):
        """Look again at what needs no other machine."""
        self._keep(self.sudo()._look(CHEAP_CHECKS), CHEAP_TOPICS)

    # ------------------------------------------------------------
    # Mending
    # ------------------------------------------------------------

    def action_mend(self):
        """Do what the button of a line says."""
        self.ensure_one()
        self.check_access("read")
        if not self.is_mend_allowed:
            raise AccessError(self.env._("Administrators can do this."))
        if self.mend in WINDOWS:
            return self.env["ir.actions.act_window"]._for_xml_id(WINDOWS[self.mend])
        crons = self.env["ir.cron"]
        if self.mend == "restore":
            crons._restore_lanes()
        elif self.mend == "switch_on":
            # Odoo lets nobody write one that is at work
            crons._lanes().filtered(lambda lane: not lane.active).active = True
        crons._wake_lanes()
        self._look_again()
        return self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_checkup_finding_action"
        )
