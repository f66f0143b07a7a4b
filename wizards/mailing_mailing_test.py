from odoo import models


class MailingMailingTest(models.TransientModel):
    """Odoo's own test mails: not of mass emails, whose codes it would send as they stand."""

    _inherit = "mailing.mailing.test"

    def send_mail_test(self):
        self.mass_mailing_id._refuse_standard_sending()
        return super().send_mail_test()
