from odoo import models
from odoo.exceptions import UserError
from odoo.tools.mail import email_normalize, email_split_tuples

from ..delivery.address import wire_address
from ..engine.finding import some

MOST = 5000  # Odoo asks for a file when more are pasted


class MailingContactImport(models.TransientModel):
    """Pasted addresses are matched with those who are known, as those of a file are.

    Who is a member already stays as she is. Each line is read by itself, so that the one without
    an address is told, and spoils no other.
    """

    _name = "mailing.contact.import"
    _inherit = ["mailing.contact.import", "mailing.list.choice.mixin"]

    def _lists(self):
        """Return the lists to fill; what one was merged into meanwhile is filled in its place."""
        return self.with_context(active_test=False).mailing_list_ids._still_in_use()

    def action_import(self):
        self.ensure_one()
        pasted, unread = self._read_lines()
        if len(pasted) > MOST or (not pasted and not unread):
            return super().action_import()
        if not pasted:
            raise UserError(self.env._("No e-mail address: %s", some(unread)))
        lists = self._lists().with_env(self.env)
        vals_list = [{"name": name, "email": email.lower()} for name, email in pasted]
        contacts = self.env["mailing.contact"]._find_or_create(vals_list)
        for contact, vals in zip(contacts, vals_list, strict=True):
            if not contact.list_ids & lists:
                contact._complete(vals)
        counts = lists._add_targets_by_list(contacts._name, [("id", "in", contacts.ids)])
        told = [lists._told(counts)]
        if unread:
            told.append(self.env._("No e-mail address: %s", some(unread)))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if unread else "success",
                "sticky": bool(unread),
                "title": self.env._("%s addresses imported", len(set(contacts.ids))),
                "message": " ".join(told),
                "next": {
                    "type": "ir.actions.act_window",
                    "name": self.env._("Imported Targets"),
                    "res_model": contacts._name,
                    "domain": [("id", "in", contacts.ids)],
                    "views": [[False, "list"], [False, "form"]],
                },
            },
        }

    def _read_lines(self):
        """Return the names and addresses that were pasted, and what is none as it was written."""
        pasted, unread = [], []
        for line in (self.contact_list or "").splitlines():
            pairs = email_split_tuples(line)
            usable = [each for each in pairs if wire_address(email_normalize(each[1]) or "")]
            pasted += usable
            if usable:
                unread += [email for name, email in pairs if (name, email) not in usable]
            elif line.strip(" \t,;"):
                unread.append(line.strip())
        return pasted, unread

    def action_open_base_import(self):
        """A file goes into the same lists."""
        action = super().action_open_base_import()
        if lists := self._lists():
            params = action["params"]
            params["context"] = {**params["context"], "default_list_ids": lists.ids}
        return action
