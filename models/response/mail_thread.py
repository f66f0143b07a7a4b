from odoo import api, models

from ...delivery.bounce import bounce_class


class MailThread(models.AbstractModel):
    """The mail gateway: what comes back is told to the message it answers."""

    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        result = super()._routing_handle_bounce(email_message, message_dict)
        message_ids = message_dict["bounced_msg_ids"]
        if message_ids:
            traces = self.env["mailing.trace"].sudo().search([("message_id", "in", message_ids)])
            traces._log_event(
                "bounced", bounce_type=bounce_class(email_message) if email_message else "soft"
            )
        return result
