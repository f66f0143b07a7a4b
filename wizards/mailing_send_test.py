from odoo import fields, models
from odoo.exceptions import UserError


class MailingSendTest(models.TransientModel):
    """Send a mass email to chosen people now, to see it as they will."""

    _name = "mailing.send.test"
    _description = "Send Test"

    mailing_id = fields.Many2one("mailing.mailing", "Mass Email", required=True, readonly=True)
    user_ids = fields.Many2many("res.users", string="Users", default=lambda self: self.env.user)
    contact_ids = fields.Many2many(
        "res.partner",
        "mailing_send_test_contact_rel",
        string="Contacts",
        domain=[("is_company", "=", False)],
    )
    lead_ids = fields.Many2many("crm.lead", string="Leads", groups="sales_team.group_sale_salesman")
    account_ids = fields.Many2many(
        "res.partner",
        "mailing_send_test_account_rel",
        string="Accounts",
        domain=[("is_company", "=", True)],
    )

    def action_send(self):
        """Send the test and tell how it went, in the mail server's words where it failed."""
        self.ensure_one()
        targets = self._targets()
        if not targets:
            raise UserError(self.env._("Select at least one target."))
        self._check_mailable(targets)
        traces = self.mailing_id._send_test(targets)
        failed = traces.filtered(lambda trace: trace.trace_status == "error")
        if failed:
            raise UserError(
                self.env._("The test was not sent:")
                + "".join(f"\n{trace.email}: {trace.failure_reason}" for trace in failed)
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Test sent to %s.", ", ".join(traces.mapped("email"))),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _targets(self):
        contact = self.env["mailing.contact"]
        return (
            contact._for_records(self.user_ids)
            + contact._for_records(self.contact_ids | self.account_ids)
            # who may read no leads may not even read the field
            + contact._for_records(self.sudo().lead_ids.with_env(self.env))
        )

    def _check_mailable(self, targets):
        """Refuse targets without an address, and those who do not want mail."""
        objections = self.mailing_id._objections(targets)
        if objections:
            reason_field = self.env["mailing.trace"]._fields["failure_type"]
            labels = dict(reason_field._description_selection(self.env))
            raise UserError(
                "\n".join(
                    f"{target.display_name}: {labels[reason]}"
                    for target, reason in objections.items()
                )
            )
