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

        :param contacts: SQL query of their ids and addresses
        :param values: columns of the new subscriptions
        :return: ``{list: Counter}`` of members ``added``, of those ``without_address`` and
            ``left_before``; ``already`` there
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH target AS MATERIALIZED (
                    SELECT target_list.id AS list_id, contact.id AS contact_id, contact.address,
                           EXISTS (
                               SELECT FROM mailing_subscription known
                                WHERE known.contact_id = contact.id
                                  AND known.list_id = target_list.id
                           ) AS already
                      FROM unnest(%(lists)s::int[]) target_list (id)
                     CROSS JOIN %(contacts)s contact (id, address)
                ), joined AS (
                    INSERT INTO mailing_subscription (
                        list_id, contact_id, opt_out, opt_out_datetime,
                        create_date, write_date %(columns)s)
                    SELECT target.list_id, target.contact_id, memory.knows,
                           CASE WHEN memory.knows THEN %(now)s::timestamp END,
                           %(now)s, %(now)s %(values)s
                      FROM target
                     CROSS JOIN LATERAL (SELECT %(knows)s) memory (knows)
                     WHERE NOT target.already
                     -- two who add the same people take their turns
                     ORDER BY target.list_id, target.contact_id
                    ON CONFLICT (contact_id, list_id) DO NOTHING
                    RETURNING id, list_id, opt_out
                ), back AS (
                    SELECT list_id, ARRAY_AGG(id) AS ids FROM joined WHERE opt_out GROUP BY list_id
                )
                SELECT target.list_id,
                       COUNT(*) FILTER (WHERE NOT already),
                       COUNT(*) FILTER (WHERE NOT already AND address IS NULL),
                       COUNT(*) FILTER (WHERE already),
                       COALESCE(back.ids, '{}')
                  FROM target
                  LEFT JOIN back ON back.list_id = target.list_id
                 GROUP BY target.list_id, back.ids
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
        for list_id, added, without_address, already, left_ids in self.env.cr.fetchall():
            counts[lists.browse(list_id)].update(
                added=added,
                without_address=without_address,
                left_before=len(left_ids),
                already=already,
            )
            left_before += self.browse(left_ids)
        self.env.invalidate_all(flush=False)
        left_before._remember_opt_outs()
        return counts
