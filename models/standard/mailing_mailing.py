from odoo import api, models
from odoo.exceptions import UserError, ValidationError


class MailingMailing(models.Model):
    """What Odoo's own buttons do with a mass email: the same as ours, or nothing.

    They stand on forms of their own, which no mass email opens in; other addons, server actions
    and RPC reach them all the same.
    """

    _inherit = "mailing.mailing"

    @api.model_create_multi
    def create(self, vals_list):
        """An import tells neither mode nor campaign: they are the screen's, for every room."""
        names = ("delivery_mode", "campaign_id")
        context = self.env.context
        defaults = {name: context[key] for name in names if (key := f"default_{name}") in context}
        return super().create([defaults | vals for vals in vals_list])

    @api.constrains("delivery_mode", "ab_testing_enabled")
    def _check_no_ab_test(self):
        if self._mass_emails().filtered("ab_testing_enabled"):
            raise ValidationError(self.env._("A mass email cannot be an A/B test."))

    def _refuse_standard_sending(self):
        if self._mass_emails():
            raise UserError(
                self.env._(
                    "A mass email goes out in hourly portions. Use Set Pending or Send Test."
                )
            )

    # ------------------------------------------------------------
    # Opening
    # ------------------------------------------------------------

    def get_formview_id(self, access_uid=None):
        if self._mass_emails():
            return self.env.ref("mass_mailing_campaign.mailing_mailing_view_form_mass_email").id
        return super().get_formview_id(access_uid=access_uid)

    def get_formview_action(self, access_uid=None):
        if not self._mass_emails():
            return super().get_formview_action(access_uid=access_uid)
        # an action with a number: the form is the same when the page is loaded again
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_mailing_action_mass_email"
        )
        return action | {"res_id": self.id}

    def action_duplicate(self):
        action = super().action_duplicate()
        copy = self.browse(action["res_id"])
        return copy.get_formview_action() if copy._mass_emails() else action

    # ------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------

    def action_launch(self):
        if mass_emails := self._mass_emails():
            mass_emails.action_set_pending()
        return super(MailingMailing, self - mass_emails).action_launch()

    def action_schedule(self):
        if self._mass_emails():
            return self.action_set_pending()
        return super().action_schedule()

    def action_test(self):
        if self._mass_emails():
            return self.action_send_test()
        return super().action_test()

    def action_cancel(self):
        mass_emails = self._mass_emails()
        mass_emails.action_back_to_draft()
        return super(MailingMailing, self - mass_emails).action_cancel()

    def _action_send_mail(self, res_ids=None):
        self._refuse_standard_sending()
        return super()._action_send_mail(res_ids=res_ids)

    def action_select_as_winner(self):
        self._refuse_standard_sending()
        return super().action_select_as_winner()
