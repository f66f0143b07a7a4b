import logging
import smtplib
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError

_logger = logging.getLogger(__name__)

# The status as every screen has it. A standard mailing keeps Odoo's own words.
STATUSES = [
    ("draft", "Draft"),
    ("in_queue", "In Queue"),
    ("pending", "Pending"),
    ("sending", "Sending"),
    ("in_process", "In Process"),
    ("paused", "Paused"),
    ("failed", "Failed"),
    ("done", "Sent"),
    ("complete", "Complete"),
]
STATUS_BY_STATE = {
    "draft": "draft",
    "in_queue": "pending",
    "sending": "in_process",
    "done": "complete",
}
# What somebody must change where trying again is in vain, in the words of the screen.
REMEDIES = [
    ("letter", "The letter cannot be filled in. Correct its subject, preview or body."),
    (
        "sender",
        "The mail server refuses this letter or its sender. Have it allow them, or choose "
        "another sender or mail server.",
    ),
    ("server", "An administrator must put the outgoing mail server right."),
    ("criterion", "Mend or delete the criterion, or take its list off the daily sync."),
]
# Nothing stops it.
NO_TROUBLE = {"delivery_issue": False, "remedy": False, "retry_datetime": False, "retry_delay": 0}
# What tells of the sending, beside the state.
TOLD_BY_SENDING = {*NO_TROUBLE, "is_ended", "is_queue_partial", "mass_email_status"}
# A mass email in trouble is tried again after a minute, and after twice as long each further time.
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)


class MailingMailing(models.Model):
    """The status of a mass email in one set of words, who moves it, and what stops it.

    A mass email that is stopped is tried again after a growing delay, so that nobody is lost. It
    has *failed* when trying again is in vain until somebody changes something: ``remedy``.
    """

    _inherit = "mailing.mailing"

    mass_email_status = fields.Selection(
        STATUSES,
        compute="_compute_mass_email_status",
        store=True,
        tracking=True,
        group_expand="_in_order_of_life",
        help="How it stands in the words of its kind: of mass emails, or of Odoo's own mailings.",
    )
    delivery_issue = fields.Char(
        readonly=True, copy=False, help="Why this mass email does not go out right now."
    )
    remedy = fields.Selection(
        REMEDIES,
        "What to Do",
        readonly=True,
        copy=False,
        help="What somebody must change before this mass email can go out.",
    )
    retry_datetime = fields.Datetime("Next Attempt", readonly=True, copy=False)
    retry_delay = fields.Integer("Minutes to Next Attempt", readonly=True, copy=False)

    @api.depends("delivery_mode", "state", "is_paused", "remedy")
    def _compute_mass_email_status(self):
        for mailing in self:
            # another addon may have states of its own
            status = mailing.state in dict(STATUSES) and mailing.state
            if mailing.delivery_mode == "portions":
                status = STATUS_BY_STATE[mailing.state]
                if mailing.is_under_way and mailing.is_paused:
                    status = "paused"
                elif mailing.is_under_way and mailing.remedy:
                    status = "failed"
            mailing.mass_email_status = status

    @api.model
    def _in_order_of_life(self, present, _domain):
        """Columns of cards; a status of no card has none."""
        return [status for status, _label in STATUSES if status in present]

    def _mail_track(self, tracked_fields, initial_values):
        """The chatter tells one status, in the words of its kind."""
        silent = "state" if self.delivery_mode == "portions" else "mass_email_status"
        told = {name: field for name, field in tracked_fields.items() if name != silent}
        return super()._mail_track(told, initial_values)

    # ------------------------------------------------------------
    # From one state to another
    # ------------------------------------------------------------

    def _move_to(self, state, **values):
        """Bring mass emails to another state, as buttons and the delivery do, and nobody else."""
        self._tell(state=state, **values)

    def _tell(self, **values):
        """Write how the sending stands, as buttons and the delivery do, and nobody else."""
        self.check_access("write")
        self.sudo().write(values)

    @api.model_create_multi
    def create(self, vals_list):
        mailings = super().create(vals_list)
        if not self.env.su:
            for mailing, vals in zip(mailings, vals_list, strict=True):
                if mailing._mass_emails():
                    mailing._check_not_told(name for name in vals if vals[name])
                    if mailing._starts("draft", mailing.state):
                        mailing._check_and_wake()
        return mailings

    def write(self, vals):
        """A card that is moved, an import or a program goes by no button.

        What becomes a mass email begins as a draft.
        """
        if self.env.su:
            return super().write(vals)
        self._check_not_told(vals)
        starting = self.browse()
        if not vals.keys().isdisjoint(("state", "delivery_mode")):
            for mailing in self:
                if vals.get("delivery_mode", mailing.delivery_mode) == "portions":
                    before = mailing.state if mailing._mass_emails() else "draft"
                    if mailing._starts(before, vals.get("state", mailing.state)):
                        starting += mailing
        if not starting:
            return super().write(vals)
        with self.env.cr.savepoint():  # whoever catches the refusal has changed nothing
            result = super().write(vals)
            starting._check_and_wake()
        return result

    def _starts(self, before, after):
        """Tell whether somebody puts this mass email in line; raise if she may not move it so."""
        if (before, after) == ("draft", "in_queue"):
            return True
        if before != after and (before, after) != ("in_queue", "draft"):
            if before == "done":
                self._check_not_sent()
            raise self._not_by_hand()
        return False

    def _check_and_wake(self):
        for mailing in self:
            mailing._check_ready()
        self._wake_lanes()

    def _check_not_told(self, names):
        """Raise when somebody writes what is told by the sending."""
        if not TOLD_BY_SENDING.isdisjoint(names):
            raise self[:1]._not_by_hand()

    def _not_by_hand(self):
        return UserError(
            self.env._(
                "The status of “%s” follows its sending. Use its buttons: Set Pending, Pause, End.",
                self.display_name,
            )
        )

    # ------------------------------------------------------------
    # Trouble
    # ------------------------------------------------------------

    def _stop_for_now(self, issue, remedy=None, is_first=False):
        """Show what stops this mass email, and let it wait: longer each time it happens again.

        :param remedy: what somebody must change, where trying again is in vain; it has failed then
        """
        delay = FIRST_RETRY
        if self.retry_delay and not is_first:
            delay = min(2 * timedelta(minutes=self.retry_delay), LONGEST_RETRY)
        self._write_now(
            delivery_issue=issue,
            remedy=remedy,
            retry_delay=delay // timedelta(minutes=1),
            retry_datetime=fields.Datetime.now() + delay,
        )
        _logger.warning("Mass email %s waits %s: %s", self.id, delay, issue)

    @api.model
    def _remedy_of(self, error):
        """Return what somebody must change after an error; None where trying again may do."""
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return "server" if error.smtp_code >= 500 else None
        if isinstance(error, (OSError, psycopg2.Error, ConcurrencyError)):
            return None
        # no server is set up or allowed; else it is whatever a template may raise
        return "server" if isinstance(error, UserError) else "letter"

    def action_try_now(self):
        """Do not wait any longer for what stopped these mass emails."""
        self._tell(remedy=False, retry_datetime=False, retry_delay=0)
        self.env["mailing.trace"]._end_setback_delays(self)
        self._wake_lanes()
