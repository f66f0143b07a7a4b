from odoo import models


class MailBlacklist(models.Model):
    """Who opted out of everything is not mailed when Odoo's privacy lookup deletes her entry."""

    _inherit = "mail.blacklist"

    def unlink(self):
        """Delete entries; those that erase people with superuser rights keep nothing but digests.

        A user who deletes one by hand wants its address to be mailed again.
        """
        if self.env.su:
            addresses = {*self.filtered("active").mapped("address")} - {False}
            self.env["mailing.erased.address"]._keep(addresses)
        return super().unlink()
