from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL, is_html_empty

from .utm_campaign import MASS_EMAIL_TYPES

# What the traces of a mass email add up to: members = queued + cancelled, and
# queued = sent + failed + unknown + waiting.
COUNT_FIELDS = [
    "member_count",
    "cancelled_count",
    "queued_count",
    "sent_count",
    "failed_count",
    "unknown_count",
    "in_doubt_count",  # of the unknown ones, those a user has not decided on
    "waiting_count",
]
UNKNOWN = ["in_doubt", "left"]


class MailingMailing(models.Model):
    """A mass email: a mailing that goes out in hourly portions (``delivery_mode`` portions).

    * ``draft``: being written; never sent;
    * ``in_queue``, shown as Pending: waits for its start date; set by the user
      (``action_set_pending``);
    * ``sending``, In Process: every member of its target lists has a row in the queue; set by the
      queue build;
    * ``done``, Complete: nobody waits any more; set by the delivery.

    While its campaign is Inactive it stays where it is. Mailings of delivery mode ``standard``
    are Odoo's own and are left alone.
    """

    _inherit = "mailing.mailing"

    delivery_mode = fields.Selection(
        [("standard", "Standard"), ("portions", "Hourly Portions")],
        default="standard",
        required=True,
        copy=True,
    )
    excluding_list_ids = fields.Many2many(
        "mailing.list",
        "mailing_mailing_excluding_list_rel",
        string="Excluding Target Lists",
        help="Their members are not mailed, nor is anybody with the same e-mail address.",
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        "Email Template",
        domain=[("model", "=", "mailing.contact")],
        help="Its subject, body and attachments are copied into the mass email.",
    )
    opt_out_entirely = fields.Boolean(
        help="Who opts out of this mass email is never mailed again by any. Otherwise the "
        "recipient leaves its target lists only.",
    )
    delivery_issue = fields.Char(
        readonly=True, copy=False, help="Why this mass email does not go out right now."
    )
    member_count = fields.Integer("Members", compute="_compute_counts")
    cancelled_count = fields.Integer("Not Mailed", compute="_compute_counts")
    queued_count = fields.Integer("In Queue", compute="_compute_counts")
    sent_count = fields.Integer("Delivered to Server", compute="_compute_counts")
    failed_count = fields.Integer("Not Deliverable", compute="_compute_counts")
    unknown_count = fields.Integer("Unknown", compute="_compute_counts")
    in_doubt_count = fields.Integer("Unknown, Undecided", compute="_compute_counts")
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts")

    @api.depends("mailing_trace_ids.trace_status")
    def _compute_counts(self):
        """Count the traces by outcome, in one statement for all mass emails."""
        self.env["mailing.trace"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT mass_mailing_id,
                       COUNT(*) AS member_count,
                       COUNT(*) FILTER (WHERE trace_status = 'cancel') AS cancelled_count,
                       COUNT(*) FILTER (WHERE trace_status != 'cancel') AS queued_count,
                       COUNT(*) FILTER (WHERE trace_status NOT IN
                           ('cancel', 'error', 'outgoing', 'process')) AS sent_count,
                       COUNT(*) FILTER (WHERE trace_status = 'error'
                           AND NOT COALESCE(failure_type, '') = ANY(%(unknown)s)) AS failed_count,
                       COUNT(*) FILTER (WHERE trace_status = 'error'
                           AND failure_type = ANY(%(unknown)s)) AS unknown_count,
                       COUNT(*) FILTER (WHERE trace_status = 'error'
                           AND failure_type = 'in_doubt') AS in_doubt_count,
                       COUNT(*) FILTER (WHERE trace_status IN
                           ('outgoing', 'process')) AS waiting_count
                  FROM mailing_trace
                 WHERE mass_mailing_id = ANY(%(mailings)s) AND token IS NOT NULL
                 GROUP BY mass_mailing_id
                """,
                mailings=list(self.ids),
                unknown=UNKNOWN,
            )
        )
        counts = {row.pop("mass_mailing_id"): row for row in self.env.cr.dictfetchall()}
        for mailing in self:
            mailing.update(counts.get(mailing.id) or dict.fromkeys(COUNT_FIELDS, 0))
            handled = mailing.queued_count - mailing.waiting_count
            mailing.progress = 100 * handled / mailing.queued_count if mailing.queued_count else 0

    @api.constrains("delivery_mode", "campaign_id")
    def _check_campaign_sends_mass_emails(self):
        for mailing in self.filtered(lambda mailing: mailing.delivery_mode == "portions"):
            if mailing.campaign_id and mailing.campaign_id.campaign_type not in MASS_EMAIL_TYPES:
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

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        campaign = self.env["utm.campaign"].browse(values.get("campaign_id"))
        if values.get("delivery_mode") == "portions":
            values.pop("contact_list_ids", None)
            defaults = self._campaign_defaults(campaign)
            values.update({name: value for name, value in defaults.items() if name in fields})
        return values

    @api.model
    def _campaign_defaults(self, campaign):
        """What a new mass email takes over from its campaign; its own from then on."""
        return {
            "contact_list_ids": [Command.set(campaign.target_list_ids.ids)],
            "excluding_list_ids": [Command.set(campaign.excluding_list_ids.ids)],
            "schedule_type": "scheduled",
        }

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("delivery_mode") == "portions":
                campaign = self.env["utm.campaign"].browse(vals.get("campaign_id"))
                template = self.env["mail.template"].browse(vals.get("mail_template_id"))
                for name, value in (
                    self._campaign_defaults(campaign) | self._template_content(template)
                ).items():
                    vals.setdefault(name, value)
                self._use_simple_body(vals)
        mailings = super().create(vals_list)
        for mailing, vals in zip(mailings, vals_list, strict=True):
            if vals.get("mail_template_id"):
                mailing._copy_template_attachments()
        return mailings

    def write(self, vals):
        if set(self.mapped("delivery_mode")) == {"portions"}:
            self._use_simple_body(vals)
        result = super().write(vals)
        if vals.get("mail_template_id"):
            for mailing in self:
                mailing._copy_template_attachments()
        return result

    @api.model
    def _use_simple_body(self, vals):
        """A body written without the drag-and-drop editor is sent as it was written."""
        if "body_arch" in vals:
            vals.setdefault("body_html", vals["body_arch"])

    @api.model
    def _template_content(self, template):
        if not template:
            return {}
        return {"subject": template.subject, "body_arch": template.body_html}

    @api.onchange("mail_template_id")
    def _onchange_mail_template_id(self):
        self.update(self._template_content(self.mail_template_id))

    def _copy_template_attachments(self):
        self.ensure_one()
        for attachment in self.mail_template_id.attachment_ids:
            copy = attachment.copy({"res_model": self._name, "res_id": self.id})
            self.attachment_ids = [Command.link(copy.id)]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sending(self):
        if self.filtered(lambda m: m.delivery_mode == "portions" and m.state == "sending"):
            raise UserError(
                self.env._(
                    "A mass email that is being sent cannot be deleted. Set its campaign to "
                    "Inactive to stop it."
                )
            )

    def unlink(self):
        """Delete mass emails, but keep what recipients' links lead to.

        Raw SQL: the delivered messages are only detached, however many there are.
        """
        self.env["mailing.trace"].flush_model(["mass_mailing_id", "sent_datetime"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_trace SET mass_mailing_id = NULL
                 WHERE mass_mailing_id = ANY(%s) AND token IS NOT NULL
                   AND portion_datetime IS NOT NULL
                """,
                list(self.ids),
            )
        )
        self.env["mailing.trace"].invalidate_model(["mass_mailing_id"])
        return super().unlink()

    # ------------------------------------------------------------
    # Status
    # ------------------------------------------------------------

    def action_set_pending(self):
        """Put mass emails in line for their start date."""
        if not all(self.mapped("schedule_date")):
            raise UserError(self.env._("Set the start date first."))
        return self.action_put_in_queue()

    def _check_ready(self):
        """Raise in the user's words what is missing before this mass email can be sent."""
        self.ensure_one()
        if not self.contact_list_ids:
            raise UserError(self.env._("Choose at least one target list first."))
        if is_html_empty(self.body_html):
            raise UserError(self.env._("Choose an email template or write a body first."))
        self._check_placeholders()

    def action_put_in_queue(self):
        portions = self.filtered(lambda mailing: mailing.delivery_mode == "portions")
        standard = self - portions
        if standard:
            super(MailingMailing, standard).action_put_in_queue()
        if portions:
            for mailing in portions:
                mailing._check_ready()
            portions.write(
                {
                    "state": "in_queue",
                    "delivery_issue": False,
                    "retry_datetime": False,
                    "retry_delay": 0,
                }
            )
            portions._trigger_delivery()
        return True

    def action_retry_failed(self):
        portions = self.filtered(lambda mailing: mailing.delivery_mode == "portions")
        if portions:
            portions._retry_failed()
        standard = self - portions
        return super(MailingMailing, standard).action_retry_failed() if standard else True

    def _retry_failed(self):
        """Put messages that failed for certain back in the queue; not those in doubt."""
        self.mailing_trace_ids.filtered(
            lambda trace: trace.failure_type not in UNKNOWN
        ).action_send_again()

    def _in_doubt(self):
        return self.mailing_trace_ids.filtered(lambda trace: trace.failure_type == "in_doubt")

    def action_send_unknown_again(self):
        """Send again what may or may not have been delivered."""
        self._in_doubt().action_send_again()

    def action_leave_unknown(self):
        """Let what may or may not have been delivered be."""
        self._in_doubt().action_leave()

    def action_back_to_draft(self):
        """Take a mass email out of line while nothing of it was queued."""
        self.filtered(lambda mailing: mailing.state == "in_queue").state = "draft"

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

    def _get_view_id_of_mass_email(self):
        return self.env.ref("mass_mailing_campaign.mailing_mailing_view_form_mass_email").id

    def get_formview_id(self, access_uid=None):
        if self.delivery_mode == "portions":
            return self._get_view_id_of_mass_email()
        return super().get_formview_id(access_uid=access_uid)

    # ------------------------------------------------------------
    # Standard delivery keeps off
    # ------------------------------------------------------------

    @api.model
    def _process_mass_mailing_queue(self):
        mailings = self.with_context(mass_mailing_queue_of_standard=True)
        return super(MailingMailing, mailings)._process_mass_mailing_queue()

    @api.model
    def _search(self, domain, *args, **kwargs):
        if self.env.context.get("mass_mailing_queue_of_standard"):
            # Complete mass emails are left in for their 24-hour report
            standard = Domain("delivery_mode", "=", "standard") | Domain("state", "=", "done")
            domain = Domain(domain) & standard
        return super()._search(domain, *args, **kwargs)
