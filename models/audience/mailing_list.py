from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import email_normalize

from ...delivery.address import wire_address


class MailingList(models.Model):
    """A target list: members of every kind, and who left it."""

    _inherit = "mailing.list"

    opt_in_required = fields.Boolean(
        "Opt-In Required",
        default=lambda self: self.env["ir.config_parameter"]._mass_email_setting("opt_in_required"),
        help="Members whom others add start opted out, until they sign up themselves or a user "
        "unticks Opt Out.",
    )

    def write(self, vals):
        if "contact_ids" not in vals:
            return super().write(vals)
        newest_id = self.env["mailing.subscription"]._newest_id()
        result = super().write(vals)
        self.env["mailing.subscription"]._welcome_since(newest_id)
        return result

    def copy(self, default=None):
        self._show_opt_outs()
        settled = self.with_context(opt_in_is_settled=True)
        copies = super(MailingList, settled).copy(default).with_env(self.env)
        for target_list, copy in zip(self, copies, strict=True):
            self.env["mailing.opt.out"]._hand_down(target_list, copy)
        return copies

    def action_merge(self, src_lists, archive):
        self.check_access("write")  # Odoo merges for whoever calls
        (self | src_lists)._show_opt_outs()
        newest_id = self.env["mailing.subscription"]._newest_id()
        result = super().action_merge(src_lists, archive)
        self.env["mailing.opt.out"]._hand_down(src_lists - self, self)
        subscriptions = self.env["mailing.subscription"].with_context(opt_in_is_settled=True)
        subscriptions._welcome_since(newest_id)
        return result

    def _show_opt_outs(self):
        """Tick Opt Out for whom the memory knows, for Odoo goes by that alone."""
        subscriptions = self.env["mailing.subscription"].sudo()
        subscriptions.search([("list_id", "in", self.ids)])._remembered().opt_out = True

    def _update_subscription_from_email(self, email, opt_out=True, force_message=None):
        """Every spelling of the address is meant, and the memory learns of it."""
        address = wire_address(email_normalize(email) or "")
        if not address:
            return super()._update_subscription_from_email(
                email, opt_out=opt_out, force_message=force_message
            )
        contacts = self.env["mailing.contact"].sudo().search([("address", "=", address)])
        memory = self.env["mailing.opt.out"].sudo()
        if opt_out:
            memory._remember(self, contacts, [address])
        else:
            memory._of(self, contacts, [address]).unlink()
        for spelling in sorted(set(contacts.mapped("email_normalized"))):
            super()._update_subscription_from_email(
                spelling, opt_out=opt_out, force_message=force_message
            )
        return None

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_use(self):
        """Who is excluded by a list must not be mailed because the list is deleted.

        Not even by code while a mass email is under way; users are kept from it before, too.
        """
        in_use = Domain("excluding_list_ids", "in", self.ids)
        of_mass_email = in_use | Domain("contact_list_ids", "in", self.ids)
        states = ("in_queue", "sending") if self.env.su else ("draft", "in_queue", "sending")
        of_mass_email &= Domain("delivery_mode", "=", "portions") & Domain("state", "in", states)
        if mass_email := self._user_of_list("mailing.mailing", of_mass_email):
            raise UserError(
                self.env._(
                    "Mass email “%s” is sent to this target list or excludes its members. "
                    "Remove the list there before you delete it.",
                    mass_email.display_name,
                )
            )
        if not self.env.su and (campaign := self._user_of_list("utm.campaign", in_use)):
            raise UserError(
                self.env._(
                    "Campaign “%s” excludes the members of this target list. "
                    "Remove the list there before you delete it.",
                    campaign.title,
                )
            )

    def _user_of_list(self, model, domain):
        return self.env[model].sudo().with_context(active_test=False).search(domain, limit=1)
