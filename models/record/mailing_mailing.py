from html import escape

from odoo import models


class MailingMailing(models.Model):
    """The letters of a mass email on the records of who got them: Odoo's *Keep Archives*."""

    _inherit = "mailing.mailing"

    def _store_letters(self, contacts):
        """Store the letter to each of some contacts as a message on her record; nobody is notified.

        Its links are nobody's: whoever follows one neither clicks nor opts out in her name.
        """
        self.ensure_one()
        letter = self._letter()
        urls = {f"link/{link.id}": escape(link.url or "#") for link in letter.links}
        urls |= dict.fromkeys(("opt-out", "view", "open"), "#")
        letters = letter.render(contacts)
        common = {
            "message_type": "email_outgoing",
            "subtype_id": self.env.ref("mail.mt_note").id,
            "is_internal": True,
            "author_id": self.user_id.partner_id.id,
            "email_from": self.email_from,
            "reply_to": self.reply_to or self.email_from,
        }
        values = []
        for contact in contacts:
            subject, body = letters[contact.id]
            record = contact._chatter_record()
            values.append(
                {
                    **common,
                    "model": record._name,
                    "res_id": record.id,
                    "outgoing_email_to": contact.address,
                    "subject": subject,
                    "body": letter.placeholders.fill(body, urls),
                }
            )
        self.env["mail.message"].sudo().create(values)
