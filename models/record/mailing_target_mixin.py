from odoo import api, fields, models
from odoo.fields import Domain

from .mail_thread_blacklist import MARKETERS


class MailingTargetMixin(models.AbstractModel):
    """What a record's own screens tell of the target that stands for it.

    Looking makes no target: a record has one when it is put on a list.
    """

    _inherit = "mailing.target.mixin"

    target_list_ids = fields.Many2many(
        "mailing.list",
        string="Target Lists",
        compute="_compute_target_lists",
        search="_search_target_list_ids",
        groups=MARKETERS,
    )
    target_list_count = fields.Integer(
        "Number of Target Lists", compute="_compute_target_lists", groups=MARKETERS
    )
    campaign_message_count = fields.Integer(
        "Number of Mass Emails", compute="_compute_campaign_message_count", groups=MARKETERS
    )

    def _compute_target_lists(self):
        subscriptions = self.env["mailing.subscription"].search(
            [(f"contact_id.{self._target_field}", "in", self.ids)]
        )
        by_record = subscriptions.grouped(lambda each: each.contact_id[self._target_field].id)
        for record in self:
            lists = by_record.get(record.id, subscriptions.browse()).list_id
            record.target_list_ids = lists
            record.target_list_count = len(lists)

    @api.model
    def _search_target_list_ids(self, operator, value):
        if operator not in ("in", "any", "any!"):
            return NotImplemented
        # Odoo leaves it to the method who may search by a field that has one
        self._check_field_access(self._fields["target_list_ids"], "read")
        if operator == "in" and False in value:
            in_any = self._members(Domain.TRUE)
            return ~in_any | self._members(Domain("list_id", "in", [*filter(None, value)]))
        return self._members(Domain("list_id", operator, value))

    @api.model
    def _members(self, domain):
        """Return the domain of records whose targets have a subscription of a domain."""
        contacts = self.env["mailing.contact"]._search(
            Domain("subscription_ids", "any", domain) & Domain(self._target_field, "!=", False)
        )
        return Domain("id", "in", contacts.subselect(self._target_field))

    def _compute_campaign_message_count(self):
        contacts = self._targets()
        counts = dict(
            self.env["mailing.trace"]._read_group(
                [("contact_id", "in", contacts.ids), ("is_test_trace", "=", False)],
                ["res_id"],
                ["__count"],
            )
        )
        count_by_record = {
            contact[self._target_field].id: counts.get(contact.id, 0) for contact in contacts
        }
        for record in self:
            record.campaign_message_count = count_by_record.get(record.id, 0)

    def _targets(self):
        """Return the targets that stand for these records; none is created."""
        return self.env["mailing.contact"].search([(self._target_field, "in", self.ids)])

    def action_view_target_lists(self):
        """Open the memberships of this record, to opt out, cancel, add and remove."""
        self.ensure_one()
        self.check_access("read")
        self.env["mailing.subscription"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_subscription_action_of_record"
        )
        return action | {
            "display_name": self.env._("Target Lists of %s", self.display_name),
            "domain": [(f"contact_id.{self._target_field}", "=", self.id)],
            "context": {"subscribe_record": [self._name, self.id]},
        }

    def action_view_campaign_log(self):
        """Open the messages meant for this record, sent or not."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_trace_action_of_record"
        )
        contacts = self._targets()
        return action | {
            "display_name": self.env._("Campaign Log of %s", self.display_name),
            "domain": [("contact_id", "in", contacts.ids), ("is_test_trace", "=", False)],
            "context": {"log_contact_ids": contacts.ids},
        }
