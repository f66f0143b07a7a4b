from random import randint

from odoo import fields, models


class MailingListCategory(models.Model):
    """A coloured tag on target lists."""

    _name = "mailing.list.category"
    _description = "Category of Target Lists"
    _order = "name"

    name = fields.Char(required=True)
    color = fields.Integer(default=lambda self: randint(1, 11))

    _name_uniq = models.Constraint("UNIQUE (name)", "There is a category of this name already.")

    def copy_data(self, default=None):
        copies = super().copy_data(default)
        if "name" not in (default or {}):
            for category, vals in zip(self, copies, strict=True):
                vals["name"] = self.env._("%s (copy)", category.name)
        return copies
