from odoo import models
from odoo.fields import Domain


class MailingContact(models.Model):
    """A target on the record that it stands for: its chatter, and the letters stored there."""

    _inherit = "mailing.contact"

    def _wire_address(self):
        return self.address or None

    def _mail_get_partners(self, introspect_fields=False):
        """Of a partner who may not be read, as of another company, the chatter suggests nothing."""
        partners = super()._mail_get_partners(introspect_fields)
        readable = self.env["res.partner"].union(*partners.values())._filtered_access("read")
        return {contact_id: each & readable for contact_id, each in partners.items()}

    def _chatter_record(self):
        """Return the record on which her letters are stored: her own, or this target."""
        record = self._source()
        if record and record._name == "res.users":
            record = record.partner_id
        return record if isinstance(record, self.env.registry["mail.thread"]) else self

    def _stored_letters(self):
        """Return the letters to these targets' addresses that are stored on their records."""
        records = [contact._chatter_record() for contact in self]
        is_letter = Domain("message_type", "=", "email_outgoing")
        is_letter &= Domain("outgoing_email_to", "in", self.mapped("address"))
        of_these = Domain.OR(
            Domain("model", "=", record._name) & Domain("res_id", "=", record.id)
            for record in records
        )
        return self.env["mail.message"].search(is_letter & of_these)
