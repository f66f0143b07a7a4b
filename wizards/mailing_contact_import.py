from odoo import models
from odoo.tools.mail import email_split_tuples

MOST = 5000  # Odoo asks for a file when more are pasted


class MailingContactImport(models.TransientModel):
    """Pasted addresses are matched with those who are known, as those of a file are.

    Who is a member already stays as she is.
    """

    _inherit = "mailing.contact.import"

    def action_import(self):
        self.ensure_one()
        pasted = email_split_tuples(", ".join((self.contact_list or "").splitlines()))
        if not 0 < len(pasted) <= MOST:
            return super().action_import()
        vals_list = [{"name": name, "email": email.lower()} for name, email in pasted]
        contacts = self.env["mailing.contact"]._find_or_create(vals_list)
        for contact, vals in zip(contacts, vals_list, strict=True):
            if not contact.list_ids & self.mailing_list_ids:
                contact._complete(vals)
        counts = self.mailing_list_ids._add_targets_by_list(
            contacts._name, [("id", "in", contacts.ids)]
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("%s addresses imported", len(set(contacts.ids))),
                "message": self.mailing_list_ids._told(counts),
                "next": {
                    "type": "ir.actions.act_window",
                    "name": self.env._("Imported Mailing Contacts"),
                    "res_model": contacts._name,
                    "domain": [("id", "in", contacts.ids)],
                    "views": [[False, "list"], [False, "form"]],
                },
            },
        }

    def action_open_base_import(self):
        """A file goes into the same lists."""
        action = super().action_open_base_import()
        if self.mailing_list_ids:
            params = action["params"]
            params["context"] = {**params["context"], "default_list_ids": self.mailing_list_ids.ids}
        return action
