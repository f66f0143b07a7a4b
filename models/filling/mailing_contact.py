from odoo import api, fields, models
from odoo.tools import SQL

from ...delivery.address import PLAIN_ADDRESS, PLAIN_LENGTH


class MailingContact(models.Model):
    """Targets made of many records at once, and added to lists by hand."""

    _inherit = "mailing.contact"

    def write(self, vals):
        result = super().write(vals)
        subscriptions = self.env["mailing.subscription"]
        list_ids = subscriptions._added_by_hand(vals.get("list_ids"))
        subscriptions._make_by_hand(self.env["mailing.list"].browse(list_ids), self)
        return result

    @api.model
    def _stand_for(self, model, query):
        """Make the targets of a source's records that have none yet.

        Raw SQL: the records may be as many as the database has. Plain addresses are normalized on
        the way; the few others are left to the ORM. Nobody stands as the author of the rows, for
        a foreign key is checked row by row. Who makes the same targets at this moment is waited
        for, and Odoo then begins anew.

        :param query: the records, a ``Query`` of ``_search``; is extended
        :return: SQL query of the ids and addresses of all their targets
        """
        self.check_access("create")
        self.env.flush_all()
        source = SQL.identifier(self._sources()[model])
        targets = SQL(
            "(SELECT id, address FROM mailing_contact WHERE %s IN %s)", source, query.subselect()
        )
        columns = self.env[model]._target_columns(query)
        record_id = SQL.identifier(query.table, "id")
        query.add_where(
            SQL(
                "NOT EXISTS (SELECT FROM mailing_contact known WHERE known.%s = %s)",
                source,
                record_id,
            )
        )
        query.order = record_id  # two who make the same targets take their turns
        self.env.cr.execute(
            SQL(
                """
                WITH made AS (
                    INSERT INTO mailing_contact (
                        %(source)s, name, email, company_name, target_type, email_normalized,
                        address, message_bounce, create_date, write_date)
                    SELECT record.id, record.name, record.email, record.company_name,
                           record.target_type, plain.address, plain.address, 0, %(now)s, %(now)s
                      FROM (%(records)s) record (id, name, email, company_name, target_type)
                     CROSS JOIN LATERAL (
                        SELECT CASE WHEN LENGTH(email) <= %(length)s AND email ~ %(plain)s
                                    THEN LOWER(email COLLATE "C") END AS address
                     ) plain
                    ON CONFLICT (%(source)s) WHERE %(source)s IS NOT NULL DO NOTHING
                    RETURNING id, email, address
                )
                SELECT id FROM made WHERE email IS NOT NULL AND address IS NULL
                """,
                source=source,
                records=query.select(
                    record_id,
                    columns["name"],
                    columns["email"],
                    columns["company_name"],
                    columns["target_type"],
                ),
                length=PLAIN_LENGTH,
                plain=PLAIN_ADDRESS,
                now=fields.Datetime.now(),
            )
        )
        odd = self.sudo().browse(contact_id for (contact_id,) in self.env.cr.fetchall())
        self.env.invalidate_all(flush=False)
        self.env.add_to_compute(self._fields["email_normalized"], odd)
        self.env.add_to_compute(self._fields["address"], odd)
        self.env.flush_all()
        return targets
