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
        stays opted out of a list she left before, and waits for her opt-in where that is required.

        :param contacts: SQL of their ids
        :param values: columns of the new subscriptions
        :return: ``{list: Counter}`` of members ``added``, of those ``without_address`` and
            ``left_before``, of those who ``must_opt_in``; ``already`` there
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH target AS MATERIALIZED (
                    SELECT target_list.id AS list_id, contact.id AS contact_id, contact.address,
                           contact.email_normalized
                      FROM mailing_contact contact
                     CROSS JOIN unnest(%(lists)s::int[]) target_list (id)
                     WHERE contact.id IN %(contacts)s
                ), joined AS (
                    INSERT INTO mailing_subscription (
                        list_id, contact_id, opt_out, opt_out_datetime, awaits_opt_in,
                        create_date, write_date %(columns)s)
                    SELECT target.list_id, target.contact_id, memory.knows OR must_opt_in,
                           CASE WHEN memory.knows THEN %(now)s::timestamp END,
                           must_opt_in AND NOT memory.knows,
                           %(now)s, %(now)s %(values)s
                      FROM target
                     CROSS JOIN LATERAL (SELECT %(knows)s) memory (knows)
                     CROSS JOIN LATERAL (SELECT %(must_opt_in)s) rule (must_opt_in)
                     -- two who add the same people take their turns
                     ORDER BY target.list_id, target.contact_id
                    ON CONFLICT (contact_id, list_id) DO NOTHING
                    RETURNING id, list_id, contact_id, opt_out, awaits_opt_in
                )
                SELECT list_id,
                       COUNT(joined.id),
                       COUNT(joined.id) FILTER (WHERE target.address IS NULL),
                       COUNT(joined.id) FILTER (WHERE joined.opt_out AND NOT awaits_opt_in),
                       COUNT(joined.id) FILTER (WHERE awaits_opt_in),
                       COUNT(*) - COUNT(joined.id),
                       ARRAY_AGG(joined.id) FILTER (WHERE joined.opt_out AND NOT awaits_opt_in)
                  FROM target
                  LEFT JOIN joined USING (list_id, contact_id)
                 GROUP BY list_id
                """,
                lists=lists.ids,
                contacts=contacts,
                knows=self.env["mailing.opt.out"]._knows(
                    SQL("target.list_id"), SQL("target.contact_id"), SQL("target.address")
                ),
                must_opt_in=self._must_opt_in(
                    SQL("target.list_id"), SQL("target.email_normalized")
                ),
                columns=SQL().join(SQL(", %s", SQL.identifier(name)) for name in values),
                values=SQL().join(SQL(", %s", value) for value in values.values()),
                now=fields.Datetime.now(),
            )
        )
        counts = {target_list: Counter() for target_list in lists}
        left_before = self.browse()
        for (
            list_id,
            added,
            without_address,
            left,
            waiting,
            already,
            left_ids,
        ) in self.env.cr.fetchall():
            counts[lists.browse(list_id)].update(
                added=added,
                without_address=without_address,
                left_before=left,
                must_opt_in=waiting,
                already=already,
            )
            left_before += self.browse(left_ids)
        self.env.invalidate_all(flush=False)
        left_before._remember_opt_outs()
        return counts
