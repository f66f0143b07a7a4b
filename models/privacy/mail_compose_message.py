from odoo import models

from ...delivery.address import wire_address


class MailComposeMessage(models.TransientModel):
    """Odoo's own mailings pass over erased addresses as they do over blacklisted ones."""

    _inherit = "mail.compose.message"

    def _get_blacklist_record_ids(self, mail_values_dict, recipients_info=None):
        blocked = super()._get_blacklist_record_ids(mail_values_dict, recipients_info)
        if not (self.use_exclusion_list and self.composition_mode == "mass_mail"):
            return blocked
        addresses = {
            record_id: {wire_address(email) for email in recipients["mail_to_normalized"] if email}
            for record_id, recipients in (recipients_info or {}).items()
        }
        known = set().union(*addresses.values()) - {None}
        erased = self.env["mailing.erased.address"].sudo()._among(known) if known else set()
        return blocked | {record_id for record_id, hers in addresses.items() if hers & erased}
