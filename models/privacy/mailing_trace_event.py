import secrets

from odoo import api, models
from odoo.fields import Domain

from ...delivery.address import readable_address


class MailingTraceEvent(models.Model):
    """The log of a person who was erased counts as before, and tells of nobody."""

    _name = "mailing.trace.event"
    _inherit = ["mailing.trace.event", "mailing.safe.export.mixin"]

    @api.model
    def _of_person(self, address, contacts, traces):
        """Return the lines about a person."""
        return self.search(
            Domain("trace_id", "in", traces.ids)
            | Domain("contact_id", "in", contacts.ids)
            | Domain("email", "in", [address, readable_address(address)])
        )

    def _erase(self):
        """Put a word that means nobody in place of her address: she counts once, as before."""
        nobody = f"erased-{secrets.token_hex(4)}"
        self.write({"email": nobody, "contact_id": False, "lead_id": False, "words": False})
