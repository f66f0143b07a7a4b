from odoo import fields, models
from odoo.tools import SQL, email_normalize


class MailingList(models.Model):
    """A target list: members of every kind, and who left it."""

    _inherit = "mailing.list"

    def _add_contacts(self, domain):
        """Make all mailing contacts of a domain members; who is one already stays as is.

        Raw SQL: the contacts may be as many as a campaign has targets.

        :return: number of new members
        """
        self.ensure_one()
        contacts = self.env["mailing.contact"]._search(domain)
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_subscription (
                    list_id, contact_id, opt_out, create_uid, create_date, write_uid, write_date)
                SELECT %(list)s, contact.id, FALSE, %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM mailing_contact contact
                 WHERE contact.id IN %(contacts)s
                ON CONFLICT (contact_id, list_id) DO NOTHING
                """,
                list=self.id,
                uid=self.env.uid,
                now=fields.Datetime.now(),
                contacts=contacts.subselect(),
            )
        )
        added = self.env.cr.rowcount
        self.env.invalidate_all(flush=False)
        return added

    def _update_subscription_from_email(self, email, opt_out=True, force_message=None):
        if not opt_out:
            self.env["mailing.opt.out"].sudo().search(
                [("list_id", "in", self.ids), ("email", "=", email_normalize(email))]
            ).unlink()
        return super()._update_subscription_from_email(
            email, opt_out=opt_out, force_message=force_message
        )
