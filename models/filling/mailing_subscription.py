from collections import Counter

from odoo import api, fields, models
from odoo.tools import SQL


class MailingSubscription(models.Model):
    """Many memberships made at once."""

    _inherit = "mailing.subscription"

    @api.model
    def _join(self, lists, contacts, values):
        """Make contacts members of lists; who is one already stays as she is.

        Raw SQL: the contacts may be as many as a campaign has targets. Whoever is added by others
        stays opted out of a list she left before.

        :param contacts: SQL of their ids
        :param values: columns of the new subscriptions
        :return: ``{list: Counter}`` of members ``added``, of those ``without_address`` and
            ``left_before``; ``already`` there
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH target AS MATERIALIZED (
                    SELECT target_list.id AS list_id, contact.id AS contact_id, contact.address
                      FROM mailing_contact contact
                     CROSS JOIN unnest(%(lists)s::int[]) target_list (id)
                     WHERE contact.id IN %(contacts)s
                ), joined AS (
                    INSERT INTO mailing_subscription (
                        list_id, contact_id, opt_out, opt_out_datetime,
                        create_date, write_date %(columns)s)
                    SELECT target.list_id, target.contact_id, memory.knows,
                           CASE WHEN memory.knows THEN %(now)s::timestamp END,
                           %(now)s, %(now)s %(values)s
                      FROM target
                     CROSS JOIN LATERAL (SELECT %(knows)s) memory (knows)
                     -- two who add the same people take their turns
                     ORDER BY target.list_id, target.contact_id
                    ON CONFLICT (contact_id, list_id) DO NOTHING
                    RETURNING id, list_id, contact_id, opt_out
                )
                SELECT list_id,
                       COUNT(joined.id),
                       COUNT(joined.id) FILTER (WHERE target.address IS NULL),
                       COUNT(joined.id) FILTER (WHERE joined.opt_out),
                       COUNT(*) - COUNT(joined.id),
                       ARRAY_AGG(joined.id) FILTER (WHERE joined.opt_out)
                  FROM target
                  LEFT JOIN joined USING (list_id, contact_id)
                 GROUP BY list_id
                """,
                lists=lists.ids,
                contacts=contacts,
                knows=self.env["mailing.opt.out"]._knows(
                    SQL("target.list_id"), SQL("target.contact_id"), SQL("target.address")
                ),
                columns=SQL().join(SQL(", %s", SQL.identifier(name)) for name in values),
                values=SQL().join(SQL(", %s", value) for value in values.values()),
                now=fields.Datetime.now(),
            )
        )
        counts = {target_list: Counter() for target_list in lists}
        left_before = self.browse()
        for list_id, added, without_address, left, already, left_ids in self.env.cr.fetchall():
            counts[lists.browse(list_id)].update(
                added=added, without_address=without_address, left_before=left, already=already
            )
            left_before += self.browse(left_ids)
        self.env.invalidate_all(flush=False)
        left_before._remember_opt_outs()
        return counts
