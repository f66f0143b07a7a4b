from odoo import api, fields, models

from ..engine.finding import ERROR


class MailingCheck(models.TransientModel):
    """What speaks against sending a mass email, and setting it Pending all the same."""

    _name = "mailing.check"
    _description = "Check of a Mass Email"

    mailing_id = fields.Many2one("mailing.mailing", "Mass Email", required=True, readonly=True)
    is_for_pending = fields.Boolean(readonly=True)
    findings = fields.Json(readonly=True, help="List of severity, kind, place, words and remedy.")
    has_errors = fields.Boolean(compute="_compute_has_errors")

    @api.model_create_multi
    def create(self, vals_list):
        checks = super().create(vals_list)
        checks.mailing_id.check_access("read")
        return checks

    @api.depends("findings")
    def _compute_has_errors(self):
        for check in self:
            check.has_errors = any(each["severity"] == ERROR for each in check.findings or [])

    def action_set_pending(self):
        """Let the warnings pass; errors stop it here, too."""
        result = self.mailing_id.action_set_pending()
        if isinstance(result, dict):
            return result
        return {"type": "ir.actions.act_window_close"}
