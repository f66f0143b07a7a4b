from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command


class MailingMailing(models.Model):
    """Another mass email to those who did not open one."""

    _inherit = "mailing.mailing"

    def action_send_to_unopened(self):
        """Open a new mass email, in draft, to who got this one and did not open it.

        It says the same under another subject, if its user wants; the target list is made of the
        log, by the rule of the preset "Did Not Open".
        """
        self.ensure_one()
        if not self.open_tracking:
            raise UserError(
                self.env._(
                    "The openings of this mass email were not tracked, so nobody knows who did not "
                    "open it."
                )
            )
        lists_from_log = self.env["mailing.list.from.log"]
        wizard = lists_from_log.create(
            {
                **lists_from_log._preset_values(self.campaign_id.id, "not_opened"),
                "mailing_ids": [Command.set(self.ids)],
                "name": self.env._("%s: Did Not Open", self.display_name),
            }
        )
        if not wizard.contact_count:
            raise UserError(self.env._("Nobody is left to write to: all who got it opened it."))
        # who was sent to wants it already
        target_list, _counts = wizard.with_context(opt_in_is_settled=True)._fill()
        another = self.copy({"schedule_type": "now", "schedule_date": False})
        another.contact_list_ids = target_list  # Odoo's copy keeps the lists, whatever it is told
        another.repeated_id = self
        return another.get_formview_action()
