from odoo import fields, models
from odoo.tools import SQL


class MailingMailing(models.Model):
    """Who of a mass email's members must not be mailed, and why."""

    _inherit = "mailing.mailing"

    excluding_list_ids = fields.Many2many(
        "mailing.list",
        "mailing_mailing_excluding_list_rel",
        string="Excluding Target Lists",
        help="Their members are not mailed, nor is anybody with the same e-mail address.",
    )

    def _objections(self, contacts):
        """Tell why some contacts must not be mailed, whether or not they are on a list.

        Excluding lists are not looked at: colleagues who test often stand on one.

        :return: ``{contact: reason}``, a failure type of ``mailing.trace``
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT contact.id, objection.reason FROM mailing_contact contact %s"
                " WHERE contact.id = ANY(%s) AND objection.reason IS NOT NULL",
                self._objection(SQL("contact.email_normalized"), self.env["mailing.list"]),
                contacts.ids,
            )
        )
        return {contacts.browse(contact_id): reason for contact_id, reason in rows}

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
