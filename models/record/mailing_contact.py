from odoo import models


class MailingContact(models.Model):
    _inherit = "mailing.contact"

    def _wire_address(self):
        return self.address or None
