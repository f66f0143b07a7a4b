from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..status.mailing_mailing import NO_TROUBLE


class MailingMailing(models.Model):
    """A mass email: a mailing that goes out in hourly portions (``delivery_mode`` portions).

    Its ``state``, and what every screen shows of it (``mass_email_status``):

    * ``draft``, Draft: being written; never sent;
    * ``in_queue``, Pending: waits for its start date; set by the user (``action_set_pending``),
      who may take it back (``action_back_to_draft``);
    * ``sending``, In Process: every member of its target lists has a row in the queue; set by the
      queue build, with the first of several parts where there are many (``is_queue_partial``), and
      nothing goes out before the last;
    * ``done``, Complete: nobody waits any more; set by the delivery, or by a user who ends it
      (``action_end``). Messages that are to be sent again bring it back to ``sending``.

    Pending or in process it is shown as *Paused* while a user has it wait (``action_pause``), and
    as *Failed* while somebody must change something before it can go out: the letter, its sender,
    the mail server or the criterion of an excluding list (``remedy``; set by ``_stop_for_now``,
    cleared by the next success or ``action_try_now``). Whatever else holds it up leaves its status
    alone, its campaign being Inactive or archived included, and is told (``_why_waiting``).

    Mailings of delivery mode ``standard`` are Odoo's own and are left alone.
    """

    _inherit = "mailing.mailing"

    delivery_mode = fields.Selection(
        [("standard", "Standard"), ("portions", "Hourly Portions")],
        default="standard",
        required=True,
    )
    opt_out_entirely = fields.Boolean(
        help="Who opts out of this mass email is never mailed again by any. Otherwise the "
        "recipient leaves its target lists only.",
    )

    def _mass_emails(self):
        """Return those of these mailings that are mass emails."""
        return self.filtered(lambda mailing: mailing.delivery_mode == "portions")

    @api.constrains("delivery_mode", "campaign_id")
    def _check_campaign_sends_mass_emails(self):
        for mailing in self._mass_emails():
            if mailing.campaign_id and not mailing.campaign_id.sends_mass_emails:
                raise ValidationError(
                    self.env._(
                        "Campaign “%s” is not of a type that mass emails can be sent for. "
                        "Choose Email, Newsletter or Informational Email.",
                        mailing.campaign_id.title,
                    )
                )

    # ------------------------------------------------------------
    # Writing a mass email
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("delivery_mode") == "portions" and vals.get("schedule_date"):
                vals.setdefault("schedule_type", "scheduled")
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su and not vals.keys().isdisjoint(("delivery_mode", "campaign_id")):
            self._check_stays_in_campaign()
        if vals.get("schedule_date") and self == self._mass_emails():
            vals = {"schedule_type": "scheduled", **vals}
        result = super().write(vals)
        if not vals.keys().isdisjoint(("schedule_date", "active")):
            self._wake_lanes()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sending(self):
        traces = self.env["mailing.trace"]
        if any(mailing._is_being_sent() or any(traces._unfinished(mailing)) for mailing in self):
            raise UserError(
                self.env._(
                    "A mass email that is being sent cannot be deleted. End it first; what is on "
                    "its way to the mail server then takes up to half a minute."
                )
            )

    def unlink(self):
        """Delete mass emails, but keep what recipients' links lead to.

        Raw SQL: the delivered messages are only detached, however many there are. One that a
        server refused may have been delivered by an attempt before, that was in doubt.
        """
        traces = self.env["mailing.trace"]
        traces._check_may_be_detached(Domain("mass_mailing_id", "in", self.ids))
        traces.flush_model(["mass_mailing_id", "message_id", "portion_datetime", "token"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_trace SET mass_mailing_id = NULL
                 WHERE mass_mailing_id = ANY(%s) AND token IS NOT NULL
                   AND (portion_datetime IS NOT NULL OR message_id IS NOT NULL)
                """,
                self.ids,
            )
        )
        traces.invalidate_model(["mass_mailing_id"])
        return super().unlink()

    def _check_stays_in_campaign(self):
        """Who must not be mailed hangs on the campaign and on the way of sending.

        So do the log and the figures once it was sent, and who may see them.
        """
        mass_emails = self._mass_emails()
        if any(mass_emails.mapped("is_under_way")):
            raise UserError(
                self.env._("A mass email that is pending or in process stays in its campaign.")
            )
        if any(mailing.state == "done" for mailing in mass_emails):
            raise UserError(
                self.env._("A mass email that was sent stays in its campaign, as its log does.")
            )

    # ------------------------------------------------------------
    # Status
    # ------------------------------------------------------------

    def action_set_pending(self):
        """Put mass emails in line for their start date; without one they start now."""
        self._start_now()
        result = self.action_put_in_queue()
        for mailing in self.filtered(lambda mailing: mailing._may_be_filled()):
            if not mailing._reaches_anybody():
                return mailing._warn_of_nobody()
        return result

    def _start_now(self):
        """Have these mass emails start now where their user gave no start date."""
        without = self._mass_emails().filtered(lambda mailing: not mailing.schedule_date)
        without.write({"schedule_type": "now", "schedule_date": fields.Datetime.now()})

    def _warn_of_nobody(self):
        """It is pending, and its user learns that somebody has to be added until then."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "title": self.env._("Pending, but nobody would get it yet"),
                "message": self._why_nobody(),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _check_ready(self):
        """Raise in the user's words what must be mended before this mass email can be sent."""
        self._refuse(self._preflight())

    def _may_be_filled(self):
        """Tell whether its target lists may have other members by the time it is sent."""
        starts_later = bool(self.schedule_date) and self.schedule_date > fields.Datetime.now()
        return starts_later or bool(self._synced(self.contact_list_ids))

    def action_put_in_queue(self):
        """Put drafts in line; what is under way, unknown to the screen, is tried again."""
        mass_emails = self._mass_emails()
        if standard := self - mass_emails:
            super(MailingMailing, standard).action_put_in_queue()
        mass_emails._check_not_sent()
        if drafts := mass_emails.filtered(lambda mailing: mailing.state == "draft"):
            for mailing in drafts:
                mailing._check_ready()
            drafts._move_to("in_queue", is_ended=False, is_paused=False, **NO_TROUBLE)
            drafts._wake_lanes()
        if under_way := mass_emails - drafts:
            under_way.action_try_now()
        return True

    def _check_not_sent(self):
        """What was sent does not begin anew, for whoever joined its lists since."""
        if sent := self.filtered(lambda mailing: mailing.state == "done"):
            raise UserError(
                self.env._("“%s” was sent. To send it again, duplicate it.", sent[0].display_name)
            )

    def action_retry_failed(self):
        mass_emails = self._mass_emails()
        if mass_emails:
            mass_emails._retry_failed()
        standard = self - mass_emails
        return super(MailingMailing, standard).action_retry_failed() if standard else True

    def _retry_failed(self):
        """Put messages that failed for certain back in the queue; not those in doubt."""
        self.check_access("write")
        self.env["mailing.trace"]._send_again(self._messages("failed"))

    def action_send_unknown_again(self):
        """Send again what may or may not have been delivered."""
        self.check_access("write")
        self.env["mailing.trace"]._send_again(self._messages("undecided"))

    def action_leave_unknown(self):
        """Let what may or may not have been delivered be."""
        self.check_access("write")
        self.env["mailing.trace"]._leave(self._messages("undecided"))

    def _messages(self, standing):
        """Domain of the messages of these mass emails that stand in some way."""
        return Domain("mass_mailing_id", "in", self.ids) & Domain("standing", "=", standing)

    def _is_being_sent(self):
        return self.delivery_mode == "portions" and self.state == "sending"

    def action_back_to_draft(self):
        """Take a mass email out of line while nothing of it was queued."""
        for mailing in self.filtered(lambda mailing: mailing.state == "in_queue"):
            values = {"schedule_date": False} if mailing.schedule_type == "now" else {}
            mailing._move_to("draft", is_paused=False, **NO_TROUBLE, **values)

    def action_pause(self):
        """Stop sending, within about a second; what was sent stays sent."""
        under_way = self.filtered("is_under_way")  # unless the screen is old
        under_way.write({"is_paused": True, "paused_by_id": self.env.uid})

    def action_resume(self):
        """Go on sending."""
        self.write({"is_paused": False, "paused_by_id": False})
        self._wake_lanes()

    def action_send_test(self):
        """Open the wizard that sends this mass email to some people now."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send Test"),
            "res_model": "mailing.send.test",
            "view_mode": "form",
            "target": "new",
            "context": {"default_mailing_id": self.id},
        }

    def action_view_members(self):
        """List the members with what becomes of each."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_trace_action_members"
        )
        return action | {"domain": [("mass_mailing_id", "=", self.id)]}

    # ------------------------------------------------------------
    # Standard delivery keeps off
    # ------------------------------------------------------------

    @api.model
    def _process_mass_mailing_queue(self):
        # it searches in there, and asks nobody
        mailings = self.with_context(mass_mailing_queue_of_standard=True)
        return super(MailingMailing, mailings)._process_mass_mailing_queue()

    @api.model
    def _search(self, domain, *args, **kwargs):
        if self.env.context.get("mass_mailing_queue_of_standard"):
            # Complete mass emails are left in for their 24-hour report
            standard = Domain("delivery_mode", "=", "standard") | Domain("state", "=", "done")
            domain = Domain(domain) & standard
        return super()._search(domain, *args, **kwargs)
