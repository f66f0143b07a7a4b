from odoo import models
from odoo.fields import Domain


class UtmSource(models.Model):
    """The name of a mass email, for as a source of leads it is one, too.

    Every employee reads it, as the names of campaigns; who may change the mass email changes it.
    """

    _inherit = "utm.source"

    def write(self, vals):
        if "name" in vals and not self.env.su:
            is_one = Domain("source_id", "in", self.ids) & Domain("delivery_mode", "=", "portions")
            mailings = self.env["mailing.mailing"].sudo().with_context(active_test=False)
            if named := mailings.search(is_one).sudo(False):
                named.check_access("write")
        return super().write(vals)
