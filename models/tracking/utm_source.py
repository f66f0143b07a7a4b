from odoo import models


class UtmSource(models.Model):
    """Its name stands in the addresses that tracking URLs lead to."""

    _inherit = "utm.source"

    def write(self, vals):
        if {"name", "title"} & vals.keys():
            self.env.registry.clear_cache()
        return super().write(vals)
