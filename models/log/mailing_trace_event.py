from odoo import api, fields, models
from odoo.tools import groupby

from ..response.mailing_trace_event import MADE_BY


class MailingTraceEvent(models.Model):
    """A line of the log as a marketer reads it: what happened in words, and what it is about."""

    _inherit = "mailing.trace.event"

    details = fields.Char("Data", compute="_compute_details")
    mark = fields.Selection(
        [("test", "Test"), *MADE_BY],
        compute="_compute_mark",
        help="A line that counts nowhere: of a test, a machine or the staff.",
    )

    # how many lines of each type has a campaign, of which mass emails? Read in the index alone
    _campaign_idx = models.Index(
        "(campaign_id, event_type, event_datetime DESC, id DESC)"
        " INCLUDE (made_by, is_test, mailing_id)"
    )
    # the newest lines of a campaign, of whatever type
    _newest_idx = models.Index("(campaign_id, event_datetime DESC, id DESC)")

    @api.depends("is_test", "made_by")
    def _compute_mark(self):
        for line in self:
            line.mark = "test" if line.is_test else line.made_by

    @api.depends_context("uid", "lang")
    def _compute_details(self):
        """One look at each table, however many lines there are.

        A line names its mass email and its tracking URL wherever they belong by now.
        """
        opt_outs = self._told_opt_outs()
        leads = self._readable_leads()
        bounces = dict(self._fields["bounce_type"]._description_selection(self.env))
        for line in self:
            link, mailing = line.link_id.sudo(), line.mailing_id.sudo()
            match line.event_type:
                case "clicked":
                    words = [link.display_name]
                case "bounced" | "complained":
                    words = [bounces.get(line.bounce_type), line.words]
                case "opted_out":
                    words = opt_outs.get(line.trace_id, [mailing.display_name])
                case "lead_created":
                    words = [leads.get(line.id)]
                case _:
                    words = [mailing.display_name]
            line.details = ": ".join(" ".join(word.split()) for word in words if word) or False

    def _told_opt_outs(self):
        """Return what was left by messages and why: ``{message: words}``.

        Who has come back since has left nothing any more.
        """
        traces = self.filtered(lambda line: line.event_type == "opted_out").trace_id
        if not traces:
            return {}
        memory = self.env["mailing.opt.out"].sudo().search([("trace_id", "in", traces.ids)])
        entries = self.env["mail.blacklist"].sudo()
        entries = entries.search([("opt_out_trace_id", "in", traces.ids)])
        told = {
            entry.opt_out_trace_id: [self.env._("All mass emails"), entry.opt_out_reason_id.name]
            for entry in entries
        }
        for trace, opt_outs in groupby(memory, lambda opt_out: opt_out.trace_id):
            opt_outs = memory.concat(*opt_outs)
            lists = ", ".join(opt_outs.list_id.mapped("name"))
            whole = told.get(trace, [lists])[0]
            reason = opt_outs.reason_id[:1].name
            told[trace] = [whole, reason, *filter(None, opt_outs[:1].mapped("feedback"))]
        return told

    def _readable_leads(self):
        """Return the names of the leads that this user may read: ``{line id: name}``."""
        if not self._has_field_access(self._fields["lead_id"], "read"):
            return {}
        leads = self.lead_id._filtered_access("read")
        return {line.id: line.lead_id.name for line in self if line.lead_id in leads}

    def action_open(self):
        """Open what this line tells of: lead, tracking URL, message, mass email or target."""
        self.ensure_one()
        self.check_access("read")
        record = self._subject()
        if not record:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {"message": self.env._("What this line tells of was deleted.")},
            }
        action = record.get_formview_action()
        if record._name in ("mailing.mailing", "crm.lead"):
            return action  # a whole form
        form_ref = {
            "mailing.trace": "mass_mailing.mailing_trace_view_form",
            "link.tracker": "mass_mailing_campaign.link_tracker_view_form_tracking_url",
        }.get(record._name)
        return action | {
            "name": self.env._("Message")
            if record._name == "mailing.trace"
            else record.display_name,
            "views": [(form_ref and self.env.ref(form_ref).id, "form")],
            "target": "new",
        }

    def _subject(self):
        if self.id in self._readable_leads():
            return self.lead_id
        link = self.link_id if self.event_type == "clicked" else self.link_id.browse()
        for record in (link, self.trace_id, self.mailing_id, self.contact_id):
            if record._filtered_access("read"):
                return record
        return None
