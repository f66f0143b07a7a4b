from odoo import api, models
from odoo.exceptions import UserError, ValidationError


class ResourceCalendar(models.Model):
    """The sending hours of mass emails are a working schedule."""

    _inherit = "resource.calendar"

    def _of_sending_hours(self):
        calendar_id = self.env["ir.config_parameter"]._mass_email_setting("calendar_id")
        return self.filtered(lambda calendar: calendar.id == calendar_id)

    @api.constrains("schedule_type", "flexible_hours")
    def _check_sending_hours(self):
        self._of_sending_hours()._check_is_no_flexible()

    def _check_is_no_flexible(self):
        """A flexible schedule begins whenever it is asked: mass emails would go out at night."""
        for calendar in self.filtered("flexible_hours"):
            raise ValidationError(
                self.env._(
                    "“%s” is flexible and says no hours in which mass emails may go out. Choose "
                    "another schedule, or none to send at any time.",
                    calendar.name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sending_hours(self):
        for calendar in self._of_sending_hours():
            raise UserError(
                self.env._(
                    "Mass emails go out in the hours of “%s”. Choose other sending hours in the "
                    "settings of Email Marketing before you delete it.",
                    calendar.name,
                )
            )
