from odoo import api, fields, models

from ...engine.troubles import explained


class MailingTrace(models.Model):
    """A message as the record it was meant for shows it: how it stands, and why not."""

    _inherit = "mailing.trace"

    event_ids = fields.One2many("mailing.trace.event", "trace_id", "Log Lines", readonly=True)
    why_not = fields.Char(compute="_compute_why_not")
    last_sign_datetime = fields.Datetime(
        "Last Sign of Life",
        compute="_compute_last_sign_datetime",
        help="When it was last opened, clicked or answered.",
    )

    @api.depends_context("lang")
    @api.depends(
        "trace_status",
        "failure_type",
        "failure_reason",
        "smtp_reply",
        "excluding_list_id.name",
        "same_address_contact_id.name",
    )
    def _compute_why_not(self):
        labels = dict(self._fields["failure_type"]._description_selection(self.env))
        for trace in self:
            came_back = trace.trace_status == "bounce"
            if not (came_back or trace.standing not in ("waiting", "on_wire", "taken")):
                trace.why_not = False
                continue
            words = [
                self.env._("Came back") if came_back else labels.get(trace.failure_type),
                trace._who_stands_in_the_way()
                or explained(self.env, trace.failure_reason or trace.smtp_reply or ""),
            ]
            trace.why_not = ": ".join(" ".join(part.split()) for part in words if part)

    def _who_stands_in_the_way(self):
        return {
            "excluded": self.excluding_list_id.name,
            "mail_dup": self.same_address_contact_id.display_name,
        }.get(self.failure_type)

    @api.depends("mass_mailing_id.name", "mass_mailing_id.subject")
    def _compute_display_name(self):
        result = super()._compute_display_name()
        for trace in self.filtered(lambda each: each.mass_mailing_id.delivery_mode == "portions"):
            trace.display_name = trace.mass_mailing_id.display_name
        return result

    @api.depends("open_datetime", "links_click_datetime", "reply_datetime")
    def _compute_last_sign_datetime(self):
        for trace in self:
            signs = (trace.open_datetime, trace.links_click_datetime, trace.reply_datetime)
            trace.last_sign_datetime = max(filter(None, signs), default=False)

    def action_view_log_lines(self):
        """Open all log lines of a record, those of tests, too."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_trace_event_action"
        )
        contact_ids = self.env.context.get("log_contact_ids", [])
        return action | {"domain": [("contact_id", "in", contact_ids)]}
