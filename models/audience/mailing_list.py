from odoo import api, fields, models
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

    @api.model_create_multi
    def create(self, vals_list):
        if not any(vals.get("contact_ids") for vals in vals_list):
            return super().create(vals_list)
        newest_id = self.env["mailing.subscription"]._newest_id()
        lists = super().create(vals_list)
        self.env["mailing.subscription"]._welcome_since(newest_id)
        return lists

    def write(self, vals):
        if "contact_ids" not in vals:
            return super().write(vals)
        newest_id = self.env["mailing.subscription"]._newest_id()
        result = super().write(vals)
        self.env["mailing.subscription"]._welcome_since(newest_id)
        return result

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
            memory._of(self, contacts, [address])._take_back()
        for spelling in sorted(set(contacts.mapped("email_normalized"))):
            super()._update_subscription_from_email(
                spelling, opt_out=opt_out, force_message=force_message
            )
        return None
