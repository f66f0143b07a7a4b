from odoo import api, fields, models

from ..engine.finding import ERROR


class MailingCheck(models.TransientModel):
    """What speaks against sending a mass email, and setting it Pending all the same."""

    _name = "mailing.check"
    _description = "Check of a Mass Email"

    mailing_id = fields.Many2one("mailing.mailing", "Mass Email", required=True, readonly=True)
    is_for_pending = fields.Boolean(readonly=True)
    findings = fields.Json(
        compute="_compute_findings", help="List of severity, kind, place, words and remedy."
    )
    has_errors = fields.Boolean(compute="_compute_findings")

    @api.depends("mailing_id")
    def _compute_findings(self):
        for check in self:
            findings = check.mailing_id._preflight_on_screen() if check.mailing_id else []
            check.findings = [finding._asdict() for finding in findings]
            check.has_errors = any(finding.severity == ERROR for finding in findings)

    def action_set_pending(self):
        """Let the warnings pass; errors stop it here, too."""
        result = self.mailing_id.action_set_pending()
        if isinstance(result, dict):
            return result
        return {"type": "ir.actions.act_window_close"}
