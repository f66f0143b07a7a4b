from urllib.parse import urlsplit

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import str2bool

from ...delivery.address import wire_url

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
    # nothing of it is kept unless "keep_hits" says so, and what was deleted does not come back
    "retention_months": 0,
    "open_tracking": False,
    "opt_out_optional": False,
    "opt_in_required": False,
    "verp": False,
    "keep_hits": False,
    "public_url": "",
}

# More are a slip of the finger: so many scheduled actions, sessions with a mail server, or days
# and months that no calendar has.
LARGEST = {
    "lanes": 100,
    "smtp_sessions": 500,
    "dead_after_days": 3650,
    "recent_days": 3650,
    "retention_months": 1200,
}
# what fits into the database
LARGEST_NUMBER = 2**31 - 1


class IrConfigParameter(models.Model):
    """The one reader of this addon's settings."""

    _inherit = "ir.config_parameter"

    @api.constrains("key", "value")
    def _check_mass_email_setting(self):
        for parameter in self:
            if parameter.key == PREFIX + "public_url":
                parameter._check_public_url()
            name = parameter.key.removeprefix(PREFIX)
            default = SETTINGS.get(name)
            if parameter.key == PREFIX + "calendar_id" and parameter.value.isdecimal():
                parameter._check_sending_hours()
            if not parameter.key.startswith(PREFIX) or type(default) is not int:
                continue
            least, most = 1 if default else 0, largest(name)
            if not parameter.value.isdecimal() or not least <= int(parameter.value) <= most:
                raise ValidationError(
                    self.env._(
                        "“%(key)s” is a whole number from %(least)s to %(most)s.",
                        key=parameter.key,
                        least=least,
                        most=most,
                    )
                )

    def _check_sending_hours(self):
        """By a schedule that is not there mass emails would go out at night, too."""
        number = int(self.value)
        if not number or number > LARGEST_NUMBER:
            return
        calendar = self.env["resource.calendar"].sudo().browse(number).exists()
        if not calendar:
            raise ValidationError(
                self.env._("There is no working schedule with the id %s.", number)
            )
        calendar._check_is_no_flexible()

    def _check_public_url(self):
        url = wire_url(self.value.removesuffix("/"))
        try:
            parts = urlsplit(url)
            is_host = parts.port != 0 and parts.netloc == url.partition("://")[2]
        except ValueError:
            is_host = False
        is_plain = url.isascii() and url.isprintable() and not {*" @?#\\%"} & {*url}
        if not (is_host and is_plain and parts.hostname and parts.scheme in ("http", "https")):
            raise ValidationError(
                self.env._(
                    "“%s” is not the address of a server. Write it like "
                    "https://news.example.com, without anything behind the host.",
                    self.value,
                )
            )

    @api.model
    def _public_url(self):
        """Return the address before every link in a letter, without a slash at its end."""
        url = self._mass_email_setting("public_url") or self.sudo().get_param("web.base.url")
        # Odoo takes it over as browsers show it, but no header of a mail is in Cyrillic
        return wire_url((url or "").rstrip("/"))

    @api.model
    def _mass_email_setting(self, name, is_cached=True):
        """Return a setting in its type.

        :param name: key of ``SETTINGS``
        :param is_cached: False where it must fit what else this transaction reads
        """
        default, parameters = SETTINGS[name], self.sudo()
        value = (
            parameters.get_param(PREFIX + name)
            if is_cached
            else parameters.search([("key", "=", PREFIX + name)]).value
        )
        if isinstance(default, bool):
            return str2bool(value or "", default)
        if isinstance(default, int):
            return min(int(value or default), largest(name))
        return value or default


def largest(name):
    """Return the largest number that a setting may be."""
    return LARGEST.get(name, LARGEST_NUMBER)
