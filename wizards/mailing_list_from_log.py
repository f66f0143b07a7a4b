from ast import literal_eval
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..models.response.mailing_trace_event import BY_PEOPLE


class MailingListFromLog(models.TransientModel):
    """Make a target list of those a campaign's log tells something of.

    Who that is, is the rule of the log, ``mailing.trace.event._who``.
    """

    _name = "mailing.list.from.log"
    _description = "Create Target List from Campaign Log"

    # none for a mass email that has none
    campaign_id = fields.Many2one("utm.campaign", readonly=True)
    ticked_lines = fields.Char(readonly=True, help="Domain of the log lines that were selected.")
    scope = fields.Selection(
        [("campaign", "The Whole Campaign"), ("ticked", "The Selected Log Lines")],
        "Look At",
        default="campaign",
        required=True,
        help="Who did something is told by the selected lines then. Who did not is looked up in "
        "the whole log all the same.",
    )
    did_ids = fields.Many2many(
        "ir.model.fields.selection",
        "mailing_list_from_log_include_rel",
        string="They Did",
        required=True,
        domain=lambda self: self._options_domain("event_type"),
        default=lambda self: self._options("event_type", [self._looked_at()]),
        help="Targets with one of these actions in the log.",
    )
    match = fields.Selection(
        [("any", "Any of These"), ("every", "All of These")], default="any", required=True
    )
    did_link_ids = fields.Many2many(
        "link.tracker",
        "mailing_list_from_log_did_link_rel",
        context={"active_test": False},  # delivered letters have those that are deleted
        string="Clicked Any Of",
        domain="[('campaign_id', '=', campaign_id), ('is_tracking_url', '=', True)]",
        help="Only clicks of these tracking URLs count.",
    )
    did_bounce_ids = fields.Many2many(
        "ir.model.fields.selection",
        "mailing_list_from_log_did_bounce_rel",
        string="Bounced How",
        domain=lambda self: self._options_domain("bounce_type"),
        help="Only bounces of these kinds count.",
    )
    did_not_ids = fields.Many2many(
        "ir.model.fields.selection",
        "mailing_list_from_log_exclude_rel",
        string="They Did Not",
        domain=lambda self: self._options_domain("event_type"),
        default=lambda self: self._options("event_type", {"opted_out"} - {self._looked_at()}),
        help="Targets with one of these actions in the log are left out.",
    )
    did_not_link_ids = fields.Many2many(
        "link.tracker",
        "mailing_list_from_log_did_not_link_rel",
        context={"active_test": False},  # delivered letters have those that are deleted
        string="Did Not Click Any Of",
        domain="[('campaign_id', '=', campaign_id), ('is_tracking_url', '=', True)]",
        help="Only clicks of these tracking URLs count.",
    )
    did_not_bounce_ids = fields.Many2many(
        "ir.model.fields.selection",
        "mailing_list_from_log_did_not_bounce_rel",
        string="Did Not Bounce How",
        domain=lambda self: self._options_domain("bounce_type"),
        help="Only bounces of these kinds count.",
    )
    mailing_ids = fields.Many2many(
        "mailing.mailing",
        context={"active_test": False},
        string="Mass Emails",
        domain="[('campaign_id', '=', campaign_id), ('delivery_mode', '=', 'portions')]",
        help="Only what the log tells of these mass emails; of all when empty.",
    )
    date_from = fields.Date("From", help="Only what the log tells from this day on.")
    date_to = fields.Date("To", help="Only what the log tells up to this day, which counts.")
    destination = fields.Selection(
        [("new", "A New List"), ("existing", "An Existing List")],
        "Into",
        default="new",
        required=True,
    )
    name = fields.Char("Target List")
    list_id = fields.Many2one(
        "mailing.list",
        "Existing List",
        help="Who is a member already stays as she is, and who left the list stays opted out.",
    )
    contact_count = fields.Integer("Targets Found", compute="_compute_contact_count")
    # by these the form knows which fields make sense
    clicked_id = fields.Many2one("ir.model.fields.selection", compute="_compute_options")
    bounced_id = fields.Many2one("ir.model.fields.selection", compute="_compute_options")

    _dates_in_order = models.Constraint(
        "CHECK (date_to >= date_from)", "The last day cannot be before the first."
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_list(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_list(vals)
        return super().write(vals)

    def _check_list(self, vals):
        self.check_access("write")
        self.env["mailing.list"].browse(vals.get("list_id"))._check_not_deleted()

    # ------------------------------------------------------------
    # Choices
    # ------------------------------------------------------------

    @api.model
    def _options_domain(self, name):
        field = self.env["ir.model.fields"]._get("mailing.trace.event", name)
        return [("field_id", "=", field.id)]

    @api.model
    def _options(self, name, values):
        """The values of a selection of the log, as records for tags."""
        return self.env["ir.model.fields.selection"].search(
            [*self._options_domain(name), ("value", "in", list(values))]
        )

    @api.model
    def _looked_at(self):
        """The event type that the log is filtered by where this was opened."""
        return self.env.context.get("log_event_type") or "sent"

    def _compute_options(self):
        self.clicked_id = self._options("event_type", ["clicked"])
        self.bounced_id = self._options("event_type", ["bounced"])

    # ------------------------------------------------------------
    # Who
    # ------------------------------------------------------------

    @api.depends(
        "campaign_id",
        "scope",
        "ticked_lines",
        "did_ids",
        "match",
        "did_link_ids",
        "did_bounce_ids",
        "did_not_ids",
        "did_not_link_ids",
        "did_not_bounce_ids",
        "mailing_ids",
        "date_from",
        "date_to",
    )
    def _compute_contact_count(self):
        for wizard in self:
            wizard.contact_count = self.env["mailing.contact"].search_count(
                wizard._contact_domain()
            )

    def _contact_domain(self):
        did = self._lines(self.did_ids, self.did_link_ids, self.did_bounce_ids)
        if self.scope == "ticked":
            ticked = Domain(literal_eval(self.ticked_lines))
            did = [domain & ticked for domain in did]
        did_not = self._lines(self.did_not_ids, self.did_not_link_ids, self.did_not_bounce_ids)
        if "opened" in self.did_not_ids.mapped("value"):
            did = [domain & self._tell_openings() for domain in did]
        return self.env["mailing.trace.event"]._who(
            self._scope_domain(), did, did_not, every=self.match == "every"
        )

    def _lines(self, types, links, bounces):
        """Domains of log lines, one for each event type; links narrow clicks, and so on."""
        narrowed = {
            "clicked": Domain("link_id", "in", links.ids) if links else Domain.TRUE,
            "bounced": (
                Domain("bounce_type", "in", bounces.mapped("value")) if bounces else Domain.TRUE
            ),
        }
        return [
            Domain("event_type", "=", event_type) & narrowed.get(event_type, Domain.TRUE)
            for event_type in types.mapped("value")
        ]

    def _tell_openings(self):
        """Domain of lines but those of mass emails of which nobody knows who opened them.

        Of deleted ones it is known when openings are, as in all figures.
        """
        of_campaign = self.campaign_id.with_context(active_test=False).mass_email_ids
        mailings = self.mailing_ids or of_campaign
        tracked = Domain("mailing_id", "in", mailings.filtered("are_openings_tracked").ids)
        deleted = Domain("campaign_id", "=", self.campaign_id.id) & Domain("mailing_id", "=", False)
        opened = BY_PEOPLE & deleted & Domain("event_type", "=", "opened")
        if self.env["mailing.trace.event"].search_count(opened, limit=1):
            tracked |= deleted
        return tracked

    def _scope_domain(self):
        domain = Domain("campaign_id", "=", self.campaign_id.id)
        if self.mailing_ids:
            domain &= Domain("mailing_id", "in", self.mailing_ids.ids)
        if self.date_from:
            domain &= Domain("event_datetime", ">=", self._midnight(self.date_from))
        if self.date_to:
            domain &= Domain("event_datetime", "<", self._midnight(self.date_to + timedelta(1)))
        return domain

    def _midnight(self, day):
        """When a day begins where the user is."""
        midnight = self.env.tz.localize(datetime.combine(day, time.min))
        return midnight.astimezone(pytz.utc).replace(tzinfo=None)

    # ------------------------------------------------------------
    # Make the list
    # ------------------------------------------------------------

    def action_create(self):
        """Fill the list, open it, and say what became of everybody."""
        self.ensure_one()
        self._check_complete()
        target_list, counts = self._fill()
        # the list is opened, and says how many came to it
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": target_list._told(counts),
                "next": {
                    "type": "ir.actions.act_window",
                    "res_model": "mailing.list",
                    "res_id": target_list.id,
                    "views": [(False, "form")],
                },
            },
        }

    def _check_complete(self):
        """Raise in the user's words what is missing."""
        if not self.did_ids:
            raise UserError(self.env._("Choose at least one action that they did."))
        if self.destination == "new" and not (self.name or "").strip():
            raise UserError(self.env._("Give the new target list a name."))
        if self.destination == "existing" and not self.list_id:
            raise UserError(self.env._("Choose the target list."))
        if not self.contact_count:
            raise UserError(self.env._("Nobody in the log fits, so there is nothing to list."))

    def _fill(self):
        """Return the list, filled, and what became of everybody."""
        if self.destination == "new":
            target_list = self.list_id.create({"name": self.name})
        else:
            target_list = self.list_id._still_in_use()
        target_list.check_access("write")
        return target_list, target_list._add_targets_by_list(
            "mailing.contact", self._contact_domain()
        )
