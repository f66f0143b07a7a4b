from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class MailingListAdd(models.TransientModel):
    """Add the selected records of any list to target lists."""

    _name = "mailing.list.add"
    _inherit = ["mailing.list.choice.mixin"]
    _description = "Add to Target List"

    list_ids = fields.Many2many("mailing.list", string="Target Lists")
    name = fields.Char("New Target List")
    record_count = fields.Integer("Selected", compute="_compute_record_count")

    @api.depends_context("active_model", "active_ids", "is_domain_selected")
    def _compute_record_count(self):
        records, domain = self._selected()
        self.record_count = records.search_count(domain)

    def _selected(self):
        """Return the model of what is selected, and its domain.

        The client names at most 20,000 ids. When all search results are selected, it says so, and
        the search domain counts; archived ones belong to it when it says so itself.
        """
        context = self.env.context
        model = context.get("active_model")
        if model != "mailing.contact" and model not in self.env["mailing.contact"]._sources():
            raise UserError(self.env._("Select records that can be members of a target list."))
        if context.get("is_domain_selected"):
            return self.env[model], Domain(context["active_domain"])
        ticked = Domain("id", "in", context.get("active_ids") or [])
        return self.env[model].with_context(active_test=False), ticked

    def action_add(self):
        """Add whom the user may read, and tell what became of them."""
        self.ensure_one()
        records, domain = self._selected()
        lists = self.with_context(active_test=False).list_ids._still_in_use()
        lists = lists.with_env(records.env)
        if (self.name or "").strip():
            lists += lists.create({"name": self.name})
        if not lists:
            raise UserError(self.env._("Choose a target list, or give a new one a name."))
        counts = lists._add_targets_by_list(records._name, domain)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": lists._told(counts),
                "sticky": any(count["left_before"] for count in counts.values()),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
