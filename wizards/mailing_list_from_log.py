from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ..models.response.mailing_trace_event import BY_PEOPLE


class MailingListFromLog(models.TransientModel):
    """Make a target list of those a campaign's log tells something of."""

    _name = "mailing.list.from.log"
    _description = "Create Target List from Campaign Log"

    campaign_id = fields.Many2one("utm.campaign", required=True, readonly=True)
    name = fields.Char("Target List", required=True)
    include_type_ids = fields.Many2many(
        "ir.model.fields.selection",
        "mailing_list_from_log_include_rel",
        string="Including",
        required=True,
        domain=lambda self: self._event_type_domain(),
        help="Targets with one of these actions in the log.",
    )
    exclude_type_ids = fields.Many2many(
        "ir.model.fields.selection",
        "mailing_list_from_log_exclude_rel",
        string="Excluding",
        domain=lambda self: self._event_type_domain(),
        default=lambda self: self._event_type("opted_out"),
        help="Targets with one of these actions in the log are left out.",
    )
    link_ids = fields.Many2many(
        "link.tracker",
        string="Tracking URLs",
        domain="[('campaign_id', '=', campaign_id), ('is_tracking_url', '=', True)]",
        help="Of those who clicked, only those who clicked one of these.",
    )
    mailing_ids = fields.Many2many(
        "mailing.mailing",
        string="Mass Emails",
        domain="[('campaign_id', '=', campaign_id), ('delivery_mode', '=', 'portions')]",
        help="Only what the log tells of these mass emails; of all when empty.",
    )
    contact_count = fields.Integer("Targets Found", compute="_compute_contact_count")

    @api.model
    def _event_type_domain(self):
        field = self.env["ir.model.fields"]._get("mailing.trace.event", "event_type")
        return [("field_id", "=", field.id)]

    @api.model
    def _event_type(self, value):
        return self.env["ir.model.fields.selection"].search(
            [*self._event_type_domain(), ("value", "=", value)]
        )

    @api.model
    def default_get(self, fields):
        """Preset what the log panel shows: the action type and the lines that are selected."""
        values = super().default_get(fields)
        if self.env.context.get("active_model") == "mailing.trace.event":
            events = self.env["mailing.trace.event"].browse(self.env.context.get("active_ids"))
            if len(events.campaign_id) != 1:
                raise UserError(self.env._("Select log lines of one campaign."))
            types = self.env["ir.model.fields.selection"].concat(
                *(self._event_type(value) for value in set(events.mapped("event_type")))
            )
            values.update(
                campaign_id=events.campaign_id.id,
                include_type_ids=[Command.set(types.ids)],
                link_ids=[Command.set(events.link_id.ids)],
                mailing_ids=[Command.set(events.mailing_id.ids)],
            )
        return values

    @api.depends("campaign_id", "include_type_ids", "exclude_type_ids", "link_ids", "mailing_ids")
    def _compute_contact_count(self):
        for wizard in self:
            wizard.contact_count = self.env["mailing.contact"].search_count(
                wizard._contact_domain()
            )

    def _contact_domain(self):
        included = self._event_domain(self.include_type_ids)
        if self.link_ids:
            included &= Domain("event_type", "!=", "clicked") | Domain(
                "link_id", "in", self.link_ids.ids
            )
        domain = Domain("event_ids", "any", included)
        if self.exclude_type_ids:
            excluded = self._event_domain(self.exclude_type_ids)
            domain &= Domain("event_ids", "not any", excluded)
        return domain

    def _event_domain(self, types):
        domain = Domain("campaign_id", "=", self.campaign_id.id) & BY_PEOPLE
        if self.mailing_ids:
            domain &= Domain("mailing_id", "in", self.mailing_ids.ids)
        return domain & Domain("event_type", "in", types.mapped("value"))

    def action_create(self):
        """Create the list and open it."""
        self.ensure_one()
        if not self.include_type_ids:
            raise UserError(self.env._("Choose at least one action to include."))
        if not self.contact_count:
            raise UserError(self.env._("Nobody in the log fits, so there is nothing to list."))
        target_list = self.env["mailing.list"].create({"name": self.name})
        target_list._add_contacts(self._contact_domain())
        return {
            "type": "ir.actions.act_window",
            "res_model": "mailing.list",
            "res_id": target_list.id,
            "views": [(False, "form")],
        }
