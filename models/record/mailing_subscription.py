from odoo import api, fields, models


class MailingSubscription(models.Model):
    """The memberships of one record, as its own screens show them."""

    _inherit = "mailing.subscription"

    membership = fields.Selection(
        [("member", "Member"), ("waits", "Waits for Opt-In"), ("opted_out", "Opted Out")],
        compute="_compute_membership",
    )

    @api.depends("opt_out", "awaits_opt_in")
    def _compute_membership(self):
        for each in self:
            out = "waits" if each.awaits_opt_in else "opted_out"
            each.membership = out if each.opt_out else "member"

    @api.model_create_multi
    def create(self, vals_list):
        """On a record's own screen that record is subscribed, and has a target from then on."""
        if any(not vals.get("contact_id") for vals in vals_list) and (record := self._record()):
            contact = self.env["mailing.contact"]._for_records(record)
            vals_list = [{"contact_id": contact.id} | vals for vals in vals_list]
        return super().create(vals_list)

    @api.model
    def _record(self):
        """Return the record whose screen is open, if one is."""
        model, record_id = self.env.context.get("subscribe_record") or (None, None)
        if model not in self.env["mailing.contact"]._sources():
            return None
        record = self.env[model].browse(record_id).exists()
        record.check_access("read")
        return record

    def action_add_record(self):
        """Add the record whose screen is open to several target lists, or to a new one."""
        self.check_access("create")
        record = self._record()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add to Target List"),
            "res_model": "mailing.list.add",
            "views": [(False, "form")],
            "target": "new",
            "context": {"active_model": record._name, "active_ids": record.ids} if record else {},
        }
