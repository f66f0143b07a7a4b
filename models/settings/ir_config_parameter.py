from odoo import api, models
from odoo.tools.misc import str2bool

# System parameters with their defaults, whose type is theirs; a limit of 0 is none.
SETTINGS = {
    "portion_size": 1000,
    "domain_portion_size": 0,
    "run_size": 0,
    "smtp_sessions": 10,
    "lanes": 1,
    "max_attempts": 3,
    "calendar_id": 0,
    "open_tracking": False,
    "opt_out_optional": False,
}


class IrConfigParameter(models.Model):
    """The one reader of this addon's settings."""

    _inherit = "ir.config_parameter"

    @api.model
    def _mass_email_setting(self, name):
        """Return a setting in its type.

        :param name: key of ``SETTINGS``
        """
        default = SETTINGS[name]
        value = self.sudo().get_param(f"mass_mailing_campaign.{name}")
        if isinstance(default, bool):
            return str2bool(value or "", default)
        return int(value or default)
