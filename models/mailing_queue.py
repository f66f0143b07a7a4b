from odoo import fields, models
from odoo.tools import SQL


class MailingMailing(models.Model):
    """The queue of a mass email: one trace for every member, queued or with the reason why not."""

    _inherit = "mailing.mailing"

    def _build_queue(self):
        """Give every member without an outcome its row, in one statement.

        Raw SQL: a list may have a million members. Nobody stands as the author of the rows, for a
        foreign key is checked row by row. A contact is one member however many of the
        target lists it is in; of several contacts with one address the first is mailed.
        """
        self.ensure_one()
        self.env.flush_all()
        # the defaults spill sorts to the disk, and compile for a second what runs for three
        self.env.cr.execute("SET LOCAL work_mem TO '64MB'; SET LOCAL jit TO off")
        # what was filled a moment ago is not known to the planner yet
        self.env.cr.execute(
            "ANALYZE mailing_contact (email_normalized),"
            " mailing_subscription (contact_id, list_id), mailing_opt_out (email, list_id)"
        )
        self.env.cr.execute(
            SQL(
                """
                WITH member AS (
                    SELECT contact_id, MIN(list_id) AS list_id
                      FROM mailing_subscription
                     WHERE list_id = ANY(%(target_lists)s)
                     GROUP BY contact_id
                ), judged AS MATERIALIZED (
                    SELECT contact.id, contact.email_normalized AS address,
                           NULLIF(TRIM(contact.email), '') AS typed_address, member.list_id,
                           excluding.list_id AS excluding_list_id, objection.reason
                      FROM member
                      JOIN mailing_contact contact ON contact.id = member.contact_id
                      %(objection)s
                     WHERE NOT EXISTS (
                        SELECT FROM mailing_trace known
                         WHERE known.mass_mailing_id = %(mailing)s
                           AND known.res_id = contact.id AND known.token IS NOT NULL)
                ), ranked AS (
                    SELECT judged.*,
                           CASE WHEN judged.reason IS NULL THEN COALESCE(
                               mailed.res_id,
                               NULLIF(FIRST_VALUE(judged.id) OVER (
                                   PARTITION BY address, judged.reason IS NULL
                                   ORDER BY judged.id
                               ), judged.id)
                           ) END AS same_address_contact_id
                      FROM judged
                      LEFT JOIN mailing_trace mailed
                        ON mailed.mass_mailing_id = %(mailing)s
                       AND mailed.email = judged.address
                       AND mailed.token IS NOT NULL AND mailed.trace_status != 'cancel'
                )
                INSERT INTO mailing_trace (
                    mass_mailing_id, campaign_id, trace_type, model, res_id, email, token,
                    trace_status, failure_type, target_list_id, excluding_list_id,
                    same_address_contact_id, attempt_count, create_date, write_date
                )
                SELECT %(mailing)s, %(campaign)s, 'mail', 'mailing.contact', id,
                       COALESCE(address, typed_address),
                       REPLACE(gen_random_uuid()::text, '-', ''),
                       CASE WHEN reason IS NULL AND same_address_contact_id IS NULL
                            THEN 'outgoing' ELSE 'cancel' END,
                       CASE WHEN same_address_contact_id IS NULL
                            THEN reason ELSE 'mail_dup' END,
                       list_id, excluding_list_id, same_address_contact_id, 0,
                       %(now)s, %(now)s
                  FROM ranked
                 ORDER BY id
                """,
                mailing=self.id,
                campaign=self.campaign_id.id or None,
                target_lists=self.contact_list_ids.ids,
                objection=self._objection(SQL("contact.email_normalized")),
                now=fields.Datetime.now(),
            )
        )
        self.env.cr.execute("ANALYZE mailing_trace (mass_mailing_id, email, token, trace_status)")
        self.invalidate_recordset()
        self.env["mailing.trace"].invalidate_model()

    def _objection(self, address, excluding_lists=None):
        """Joins that tell why ``contact`` must not be mailed at ``address``.

        :param SQL address: the normalised address in question
        :param excluding_lists: lists to look at instead of this mass email's own
        :return: SQL to put behind a FROM with ``contact``; gives ``objection.reason``, NULL when
            nothing speaks against mailing, and ``excluding.list_id``
        """
        return SQL(
            """
            LEFT JOIN res_partner partner ON partner.id = contact.partner_id
            LEFT JOIN crm_lead lead ON lead.id = contact.lead_id
            LEFT JOIN res_users account ON account.id = contact.user_id
            LEFT JOIN LATERAL (
                SELECT list_id FROM mailing_subscription
                 WHERE contact_id = contact.id AND list_id = ANY(%(excluding_lists)s)
                UNION ALL
                SELECT subscription.list_id
                  FROM mailing_contact namesake
                  JOIN mailing_subscription subscription ON subscription.contact_id = namesake.id
                 WHERE namesake.email_normalized = %(address)s
                   AND subscription.list_id = ANY(%(excluding_lists)s)
                 LIMIT 1
            ) excluding ON TRUE
            CROSS JOIN LATERAL (
                SELECT CASE
                    WHEN excluding.list_id IS NOT NULL THEN 'excluded'
                    WHEN contact.id IS NULL
                      OR NOT COALESCE(partner.active, lead.active, account.active, TRUE)
                    THEN 'archived'
                    WHEN COALESCE(TRIM(contact.email), '') = '' THEN 'mail_email_missing'
                    WHEN %(address)s IS NULL THEN 'mail_email_invalid'
                    WHEN %(use_blacklist)s AND EXISTS (
                        SELECT FROM mail_blacklist
                         WHERE email = %(address)s AND active
                    ) THEN 'mail_bl'
                    WHEN %(respect_opt_out)s AND EXISTS (
                        SELECT FROM mailing_subscription
                         WHERE contact_id = contact.id AND list_id = ANY(%(target_lists)s)
                    ) AND NOT EXISTS (
                        -- a list that neither this contact nor anybody of her address left
                        SELECT FROM mailing_subscription subscription
                         WHERE subscription.contact_id = contact.id
                           AND subscription.list_id = ANY(%(target_lists)s)
                           AND subscription.opt_out IS NOT TRUE
                           AND NOT EXISTS (
                            SELECT FROM mailing_opt_out memory
                             WHERE memory.list_id = subscription.list_id
                               AND memory.email = %(address)s)
                    ) THEN 'mail_optout'
                END AS reason
            ) objection
            """,
            address=address,
            excluding_lists=(
                self.excluding_list_ids if excluding_lists is None else excluding_lists
            ).ids,
            target_lists=self.contact_list_ids.ids,
            use_blacklist=self.use_exclusion_list,
            respect_opt_out=not self._is_informational(),
        )
