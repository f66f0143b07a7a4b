from odoo import models
from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG


class MailBlacklist(models.Model):
    """Who opted out of everything is not mailed when Odoo's privacy lookup deletes her entry."""

    _inherit = "mail.blacklist"

    def unlink(self):
        """Delete entries; those that erase people with superuser rights keep nothing but digests.

        A user who deletes one by hand wants its address to be mailed again; what uninstalling
        deletes came with the addon.
        """
        if self.env.su and not self.env.context.get(MODULE_UNINSTALL_FLAG):
            addresses = {*self.filtered("active").mapped("address")} - {False}
            self.env["mailing.erased.address"]._keep(addresses)
        return super().unlink()
