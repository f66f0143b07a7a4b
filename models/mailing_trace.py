from odoo import api, fields, models
from odoo.tools import SQL, email_normalize
from odoo.tools.urls import urljoin

from ..delivery.token import is_token


class MailingTrace(models.Model):
    """One member of a mass email: its place in the queue, and what became of it.

    A row with a ``token`` belongs to a mass email sent in portions. Its ``trace_status``:

    * ``outgoing``: waits in the queue; set by the queue build, and again by settle when the
      message was deferred or never left the house;
    * ``cancel``: will not be mailed, ``failure_type`` says why; set by the queue build, or by the
      claim when the reason came up while the row waited;
    * ``process``: claimed by a run that is sending it right now;
    * ``sent``: the mail server took it; set by settle;
    * ``open``, ``reply``, ``bounce``: as in standard mailings, by the same methods;
    * ``error``: settle gave up; ``failure_reason`` holds the server's words. With failure type
      ``in_doubt`` the run died or the connection broke while the message was on the wire: nobody
      knows whether it was delivered, and it is never sent again by itself. A user decides: send
      it again (``outgoing``), or leave it (failure type ``left``).
    """

    _inherit = "mailing.trace"

    token = fields.Char("Recipient Token", readonly=True, copy=False, groups="base.group_system")
    test_mailing_id = fields.Many2one(
        "mailing.mailing", "Test of", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    target_list_id = fields.Many2one("mailing.list", readonly=True)
    excluding_list_id = fields.Many2one("mailing.list", "Excluded By", readonly=True)
    same_address_contact_id = fields.Many2one(
        "mailing.contact", "Same Address As", readonly=True, ondelete="set null"
    )
    contact_id = fields.Many2one("mailing.contact", "Target", compute="_compute_contact_id")
    attempt_count = fields.Integer("Attempts", readonly=True)
    mail_server_id = fields.Many2one("ir.mail_server", readonly=True, ondelete="set null")
    claim_key = fields.Char(
        readonly=True, groups="base.group_system", help="The run of sending that claimed this row."
    )
    claim_number = fields.Integer(readonly=True, groups="base.group_system")
    smtp_reply = fields.Char("Server's Reply", readonly=True)
    retry_datetime = fields.Datetime("Next Attempt", readonly=True)
    portion_datetime = fields.Datetime(
        readonly=True,
        help="When this message took its place in the hourly portion: on its claim, then on its "
        "transmission. Empty while nothing left the house.",
    )
    failure_type = fields.Selection(
        selection_add=[
            ("excluded", "Excluded"),
            ("archived", "Archived or Deleted"),
            ("mail_refused", "Refused by the Mail Server"),
            ("in_doubt", "Unknown: Interrupted While Sending"),
            ("left", "Unknown: Left as It Is"),
        ]
    )

    _token_uniq = models.UniqueIndex("(token) WHERE token IS NOT NULL")
    _one_outcome_per_member = models.UniqueIndex(
        "(mass_mailing_id, res_id) WHERE token IS NOT NULL"
    )
    _one_copy_per_address = models.UniqueIndex(
        "(mass_mailing_id, email) WHERE token IS NOT NULL AND trace_status != 'cancel'"
    )
    _waiting_idx = models.Index(
        "(mass_mailing_id, id) WHERE token IS NOT NULL AND trace_status = 'outgoing'"
    )
    _claimed_idx = models.Index("(claim_key) WHERE claim_key IS NOT NULL")
    _portion_idx = models.Index("(portion_datetime) WHERE portion_datetime IS NOT NULL")
    _message_id_idx = models.Index("(message_id) WHERE message_id IS NOT NULL")

    @api.depends("model", "res_id")
    def _compute_contact_id(self):
        of_contacts = self.filtered(lambda trace: trace.model == "mailing.contact")
        contacts = self.env["mailing.contact"].browse(of_contacts.mapped("res_id")).exists()
        for trace in self:
            trace.contact_id = contacts.browse(trace.res_id) & contacts

    # ------------------------------------------------------------
    # Links
    # ------------------------------------------------------------

    @api.model
    def _from_token(self, token):
        """Return the message a link belongs to; empty for unknown, forged and truncated tokens."""
        return self.search([("token", "=", token)]) if is_token(token) else self.browse()

    @api.model
    def _recipient_urls(self, token, links):
        """Return the URLs that ``delivery.placeholders`` fills into one recipient's letter."""
        base_url = self.get_base_url()
        return {
            "opt-out": self._opt_out_url(token),
            "open": urljoin(base_url, f"/mailing/open/{token}.gif"),
            "view": urljoin(base_url, f"/mailing/view/{token}"),
        } | {
            f"link/{link.id}": urljoin(base_url, f"/mailing/click/{link.code}/{token}")
            for link in links
        }

    @api.model
    def _opt_out_url(self, token):
        return urljoin(self.get_base_url(), f"/mailing/opt-out/{token}")

    # ------------------------------------------------------------
    # Log
    # ------------------------------------------------------------

    def _log_event(self, event_type, link=None, bounce_type=None):
        """Add one log line per message, in one statement; a line that stands already is kept.

        Raw SQL: a portion settles thousands of rows, and two openings at the same moment must not
        conflict. Rows of standard mailings have no token and are not logged.
        """
        if not self:
            return
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_trace_event (
                    event_type, event_datetime, trace_id, campaign_id, mailing_id, contact_id,
                    email, link_id, bounce_type, is_test
                )
                SELECT %(event_type)s, %(now)s, trace.id, mailing.campaign_id, mailing.id,
                       contact.id, trace.email, %(link_id)s, %(bounce_type)s,
                       COALESCE(trace.is_test_trace, FALSE)
                  FROM mailing_trace trace
                  LEFT JOIN mailing_mailing mailing
                    ON mailing.id = COALESCE(trace.mass_mailing_id, trace.test_mailing_id)
                  LEFT JOIN mailing_contact contact ON contact.id = trace.res_id
                 WHERE trace.id = ANY(%(ids)s) AND trace.token IS NOT NULL
                 ORDER BY trace.id
                ON CONFLICT DO NOTHING
                """,
                event_type=event_type,
                now=fields.Datetime.now(),
                link_id=link.id if link else None,
                bounce_type=bounce_type,
                ids=list(self.ids),
            )
        )
        self.env["mailing.trace.event"].invalidate_model()
        self.env["utm.campaign"].invalidate_model(["recent_event_ids"])

    def set_opened(self, domain=None):
        traces = super().set_opened(domain=domain)
        if self.env["mailing.mailing"]._is_open_tracked():
            traces._log_event("opened")
        return traces

    def _click(self, code, **route_values):
        """Count and log that the recipient followed a tracking URL, shown her token."""
        clicks = self.env["link.tracker.click"].with_context(mailing_token_shown=True)
        click = clicks.add_click(code, mailing_trace_id=self.id, **route_values)
        self._log_event("clicked", link=click.link_id)

    # ------------------------------------------------------------
    # Unknown and failed messages
    # ------------------------------------------------------------

    def action_send_again(self):
        """Put messages that failed or are in doubt back in the queue: the user has decided."""
        self.check_access("write")
        traces = self.filtered(
            lambda trace: (
                trace.trace_status == "error" and trace.mass_mailing_id.delivery_mode == "portions"
            )
        )
        traces.sudo().write(
            {
                "trace_status": "outgoing",
                "failure_type": False,
                "failure_reason": False,
                "attempt_count": 0,
                "retry_datetime": False,
                "claim_key": False,
            }
        )
        mailings = traces.mass_mailing_id
        mailings.write({"state": "sending", "delivery_issue": False})
        mailings.action_try_now()

    def action_leave(self):
        """Leave messages in doubt as they are: the user has decided."""
        self.filtered(lambda trace: trace.failure_type == "in_doubt").failure_type = "left"

    # ------------------------------------------------------------
    # Opt-out
    # ------------------------------------------------------------

    def _is_opted_out(self):
        """Tell whether this message's recipient opted out by it and did not come back."""
        self.ensure_one()
        last = self.env["mailing.trace.event"].search(
            [("trace_id", "=", self.id), ("event_type", "in", ("opted_out", "opted_in"))],
            order="id DESC",
            limit=1,
        )
        return last.event_type == "opted_out"

    def _opt_out(self):
        """The recipient does not want the lists of this mass email any more.

        Where the mass email is gone, the lists are not known any more: all of the recipient's are
        meant. Where no list knows the address, it goes to the blacklist, so that adding it again
        does not bring it back.
        """
        self._set_opt_out(True)

    def _opt_in(self):
        """The recipient takes the opt-out back."""
        self._set_opt_out(False)

    def _set_opt_out(self, opt_out):
        self.ensure_one()
        if self._is_opted_out() == opt_out:
            return
        address = email_normalize(self.email)
        mailing = self.mass_mailing_id or self.test_mailing_id
        subscriptions = self.env["mailing.subscription"].search(
            [("contact_id.email_normalized", "=", address)]
        )
        lists = subscriptions.list_id
        if mailing:
            lists &= mailing.contact_list_ids
        lists._update_subscription_from_email(address, opt_out=opt_out)
        blacklist = self.env["mail.blacklist"]
        if mailing.opt_out_entirely or not (lists or self.is_test_trace):
            blacklist._add(address) if opt_out else blacklist._remove(address)
        self._log_event("opted_out" if opt_out else "opted_in")
