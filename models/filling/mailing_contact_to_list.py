from odoo import models


class MailingContactToList(models.TransientModel):
    """Whom Odoo's wizard is to add, is added by hand, be she there already."""

    _inherit = "mailing.contact.to.list"

    def _add_contacts_to_mailing_list(self, action):
        result = super()._add_contacts_to_mailing_list(action)
        self.env["mailing.subscription"]._make_by_hand(self.mailing_list_id, self.contact_ids)
        return result
