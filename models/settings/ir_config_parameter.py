from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import str2bool

PREFIX = "mass_mailing_campaign."
# System parameters with their defaults, whose type is theirs; a limit of 0 is none, where that is
# the default.
SETTINGS = {
    "portion_size": 1000,
    "domain_portion_size": 0,
    "run_size": 0,
    "smtp_sessions": 10,
    "lanes": 1,
    "max_attempts": 3,
    "dead_after_bounces": 5,
    "dead_after_days": 14,
    "calendar_id": 0,
    "recent_days": 7,
    "open_tracking": False,
    "opt_out_optional": False,
    "opt_in_required": False,
    "verp": False,
}


class IrConfigParameter(models.Model):
    """The one reader of this addon's settings."""

    _inherit = "ir.config_parameter"

    @api.constrains("key", "value")
    def _check_mass_email_setting(self):
        for parameter in self:
            default = SETTINGS.get(parameter.key.removeprefix(PREFIX))
            if not parameter.key.startswith(PREFIX) or type(default) is not int:
                continue
            least = 1 if default else 0
            if not parameter.value.isdecimal() or int(parameter.value) < least:
                raise ValidationError(
                    self.env._(
                        "“%(key)s” is a whole number, at least %(least)s.",
                        key=parameter.key,
                        least=least,
                    )
                )

    @api.model
    def _mass_email_setting(self, name):
        """Return a setting in its type.

        :param name: key of ``SETTINGS``
        """
        default = SETTINGS[name]
        value = self.sudo().get_param(PREFIX + name)
        if isinstance(default, bool):
            return str2bool(value or "", default)
        return int(value or default)
