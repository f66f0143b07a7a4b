from odoo import fields, models
from odoo.tools import SQL


class MailingMailing(models.Model):
    """Who of a mass email's members must not be mailed, and why."""

    _inherit = "mailing.mailing"

    excluding_list_ids = fields.Many2many(
        "mailing.list",
        "mailing_mailing_excluding_list_rel",
        string="Excluding Target Lists",
        context={"active_test": False},  # an archived list excludes as before
        help="Their members are not mailed, nor is anybody with the same e-mail address.",
    )

    def _objections(self, contacts):
        """Tell why some contacts must not get a test of this mass email.

        Neither target lists nor excluding lists are looked at: colleagues who test are on no list,
        or on one of those.

        :return: ``{contact: reason}``, a failure type of ``mailing.trace``
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT contact.id, objection.reason FROM mailing_contact contact %s"
                " WHERE contact.id = ANY(%s) AND objection.reason IS NOT NULL",
                self._objection(is_test=True),
                contacts.ids,
            )
        )
        return {contacts.browse(contact_id): reason for contact_id, reason in rows}

    def _objection(self, is_test=False):
        """Joins that tell why ``contact`` must not be mailed, at the address she has now.

        This is the one place that decides it. Whoever is in doubt is not mailed: a list that is
        archived or deleted is none to be mailed by, but excludes as before, and its opt-outs hold.

        :return: SQL to put behind a FROM with ``contact``; gives ``objection.reason``, NULL when
            nothing speaks against mailing, and ``excluding.list_id``
        """
        target_lists = self.with_context(active_test=False).contact_list_ids
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
                 WHERE namesake.address = contact.address
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
                    WHEN contact.address IS NULL THEN 'mail_email_invalid'
                    WHEN %(use_blacklist)s AND EXISTS (
                        SELECT FROM mail_blacklist
                         WHERE address = contact.address AND active
                    ) THEN 'mail_bl'
                    WHEN EXISTS (
                        -- a list that neither she nor anybody of her address left
                        SELECT FROM mailing_subscription subscription
                         WHERE subscription.contact_id = contact.id
                           AND subscription.list_id = ANY(%(active_lists)s)
                           AND subscription.opt_out IS NOT TRUE
                           AND NOT %(left_subscription)s AND NOT %(is_resting)s
                    ) THEN NULL
                    WHEN EXISTS (
                        SELECT FROM mailing_subscription subscription
                         WHERE subscription.contact_id = contact.id
                           AND subscription.list_id = ANY(%(active_lists)s)
                           AND subscription.opt_out IS NOT TRUE
                           AND %(is_resting)s AND NOT %(left_subscription)s
                    ) THEN 'too_soon'
                    WHEN %(respect_opt_out)s AND EXISTS (
                        SELECT FROM unnest(%(target_lists)s::int[]) target (list_id)
                         WHERE %(left_target)s OR EXISTS (
                            SELECT FROM mailing_subscription subscription
                             WHERE subscription.contact_id = contact.id
                               AND subscription.list_id = target.list_id
                               AND subscription.opt_out)
                    ) THEN 'mail_optout'
                    WHEN %(must_be_member)s AND NOT EXISTS (
                        SELECT FROM mailing_subscription subscription
                         WHERE subscription.contact_id = contact.id
                           AND subscription.list_id = ANY(%(active_lists)s)
                    ) THEN 'removed'
                END AS reason
            ) objection
            """,
            excluding_lists=[] if is_test else self.excluding_list_ids.ids,
            target_lists=target_lists.ids,
            active_lists=target_lists.filtered("active").ids,
            left_subscription=self._is_left(SQL("subscription.list_id")),
            is_resting=self._is_resting(is_test),
            left_target=self._is_left(SQL("target.list_id")),
            must_be_member=not is_test,
            use_blacklist=self.use_exclusion_list,
            respect_opt_out=not self._is_informational(),
        )

    def _is_resting(self, is_test):
        if is_test or self._is_informational():
            return SQL("FALSE")
        return self.env["mailing.subscription"]._is_resting(self)

    def _is_left(self, list_id):
        return self.env["mailing.opt.out"]._knows(
            list_id, SQL("contact.id"), SQL("contact.address")
        )
