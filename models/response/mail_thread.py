from odoo import api, models
from odoo.tools import html2plaintext
from odoo.tools.mail import mail_header_msgid_re

from ...delivery.bounce import bounce_class


class MailThread(models.AbstractModel):
    """The mail gateway: what comes back is told to the message it answers."""

    _inherit = "mail.thread"

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        if routes:
            references = message_dict["references"] or message_dict["in_reply_to"]
            self._mass_emails_named(mail_header_msgid_re.findall(references))._receive_reply()
        return super()._message_route_process(message, message_dict, routes)

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        result = super()._routing_handle_bounce(email_message, message_dict)
        # Odoo's own tests hand over no message
        bounce_type = bounce_class(email_message) if email_message else "soft"
        words = html2plaintext(message_dict.get("body") or "")
        self._mass_emails_named(message_dict["bounced_msg_ids"])._receive_bounce(bounce_type, words)
        return result

    @api.model
    def _mass_emails_named(self, message_ids):
        """Return the messages of mass emails with one of these Message-IDs."""
        traces = self.env["mailing.trace"].sudo()
        if not message_ids:
            return traces
        return traces.search([("message_id", "in", message_ids), ("token", "!=", False)])
