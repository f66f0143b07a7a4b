from odoo import models
from odoo.tools.mail import email_split_tuples


class MailingContactImport(models.TransientModel):
    """Whom Odoo's wizard is to add, is added by hand, be she there already."""

    _inherit = "mailing.contact.import"

    def action_import(self):
        result = super().action_import()
        emails = [email.lower() for _name, email in email_split_tuples(self.contact_list or "")]
        members = self.env["mailing.contact"]._search([("email_normalized", "in", emails)])
        self.env["mailing.subscription"]._make_by_hand(self.mailing_list_ids, members.subselect())
        return result
