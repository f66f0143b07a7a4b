from odoo import api, fields, models
from odoo.tools import SQL


class MailingSubscription(models.Model):
    """Memberships that go from some lists to the one that comes after them."""

    _inherit = "mailing.subscription"

    @api.model
    def _bring_who_is_out(self, lists, heir, contacts):
        """Make members of some lists who stayed in none of them members of their heir.

        Opted out as they are, or still waiting for their opt-in. Raw SQL: one statement, a list
        may have a million members.

        :param contacts: SQL query of ids and addresses: whom it is about
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_subscription (
                    contact_id, list_id, opt_out, awaits_opt_in, opt_out_datetime,
                    opt_out_reason_id, create_date, write_date)
                SELECT contact_id, %(heir)s, TRUE, BOOL_AND(awaits_opt_in IS TRUE),
                       MAX(opt_out_datetime), MAX(opt_out_reason_id), %(now)s, %(now)s
                  FROM mailing_subscription
                 WHERE list_id = ANY(%(lists)s)
                   AND contact_id IN (SELECT id FROM %(contacts)s contact (id, address))
                 GROUP BY contact_id
                HAVING BOOL_AND(opt_out IS TRUE)
                ON CONFLICT (contact_id, list_id) DO NOTHING
                """,
                lists=lists.ids,
                heir=heir.id,
                contacts=contacts,
                now=fields.Datetime.now(),
            )
        )
        self.env.invalidate_all(flush=False)
