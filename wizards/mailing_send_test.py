import re

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import email_normalize

from ..delivery.address import wire_address
from ..engine.troubles import explained

BETWEEN_ADDRESSES = re.compile(r"[,;\n]+")


class MailingSendTest(models.TransientModel):
    """Send a mass email to chosen people now, to see it as they will.

    Who cannot be mailed does not keep it from the others; what became of each stands in the lines.
    """

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
    addresses = fields.Text(
        "Typed Addresses",
        help="Who has the address reads it as herself: with her own name, if a target has it.",
    )
    line_ids = fields.One2many("mailing.send.test.line", "wizard_id", "Results", readonly=True)

    def action_send(self):
        """Send the test and tell how it went, in the mail server's words where it failed."""
        self.ensure_one()
        targets, unusable = self._targets(), self._unusable_addresses()
        if not targets and not unusable:
            raise UserError(self.env._("Choose who shall get the test, or type an address."))
        objections = self._objections(targets)
        mailable = targets.filtered(lambda target: target not in objections)
        traces = self.mailing_id._send_test(mailable) if mailable else self.env["mailing.trace"]
        results = [
            *self._results_of_traces(traces),
            *((target.address or target.display_name, why) for target, why in objections.items()),
            *((typed, self.env._("This is no e-mail address.")) for typed in unusable),
        ]
        if not any(words for _recipient, words in results):
            return self._tell_sent(traces)
        self.line_ids = [
            Command.clear(),
            *(
                Command.create({"recipient": recipient, "is_sent": not words, "words": words})
                for recipient, words in results
            ),
        ]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send Test"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _tell_sent(self, traces):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Test sent to %s.", ", ".join(traces.mapped("email"))),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _results_of_traces(self, traces):
        """Yield recipient and why she did not get it, or nothing."""
        for trace in traces:
            words = trace.trace_status == "error" and (trace.failure_reason or trace.failure_type)
            yield trace.email, words and explained(self.env, words)

    # ------------------------------------------------------------
    # To whom
    # ------------------------------------------------------------

    def _targets(self):
        contact = self.env["mailing.contact"]
        chosen = (
            contact._for_records(self.user_ids)
            + contact._for_records(self.contact_ids | self.account_ids)
            # who may read no leads may not even read the field
            + contact._for_records(self.sudo().lead_ids.with_env(self.env))
        )
        typed = set(filter(None, self._typed_addresses().values()))
        return chosen + self._for_addresses(sorted(typed - {*chosen.mapped("address")}))

    def _typed_addresses(self):
        """Return what was typed, with the address in each; None where there is none."""
        typed = filter(None, map(str.strip, BETWEEN_ADDRESSES.split(self.addresses or "")))
        return {each: wire_address(email_normalize(each) or "") for each in typed}

    def _unusable_addresses(self):
        return [typed for typed, address in self._typed_addresses().items() if not address]

    def _for_addresses(self, addresses):
        """Return a target for each address: a member who has it, another target, or a new one."""
        contacts = self.env["mailing.contact"]
        lists = self.mailing_id.contact_list_ids
        found = {}
        for contact in contacts.search([("address", "in", addresses)], order="id"):
            known = found.get(contact.address)
            if not known or (contact.list_ids & lists and not known.list_ids & lists):
                found[contact.address] = contact
        missing = [address for address in addresses if address not in found]
        return contacts.concat(*found.values()) + contacts.create(
            [{"email": address} for address in missing]
        )

    def _objections(self, targets):
        """Return those who have no address, or do not want mail, and why in words."""
        mailing = self.mailing_id
        objections = mailing._objections(targets)
        return {target: mailing._outcome_label(why) for target, why in objections.items()}


class MailingSendTestLine(models.TransientModel):
    """What became of the test for one of those it was meant for."""

    _name = "mailing.send.test.line"
    _description = "Result of a Test"
    _rec_name = "recipient"
    _order = "id"

    wizard_id = fields.Many2one("mailing.send.test", required=True, ondelete="cascade")
    recipient = fields.Char(readonly=True)
    is_sent = fields.Boolean("Sent", readonly=True)
    words = fields.Char("Why Not", readonly=True)
