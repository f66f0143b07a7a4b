from odoo import api, models
from odoo.exceptions import UserError


class ResourceCalendar(models.Model):
    """The sending hours of mass emails are a working schedule."""

    _inherit = "resource.calendar"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sending_hours(self):
        calendar_id = self.env["ir.config_parameter"]._mass_email_setting("calendar_id")
        for calendar in self.filtered(lambda calendar: calendar.id == calendar_id):
            raise UserError(
                self.env._(
                    "Mass emails go out in the hours of “%s”. Choose other sending hours in the "
                    "settings of Email Marketing before you delete it.",
                    calendar.name,
                )
            )
