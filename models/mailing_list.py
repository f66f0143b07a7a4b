from odoo import fields, models
from odoo.tools import SQL


class MailingList(models.Model):
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
