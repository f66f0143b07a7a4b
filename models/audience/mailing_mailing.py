from odoo import api, fields, models
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
    repeated_id = fields.Many2one(
        "mailing.mailing",
        "Repeats",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Who leaves a target list of the mass email that is repeated does not get this one.",
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
        """Join that tells why ``contact`` must not be mailed, at the address she has now.

        This is the one place that decides it. Whoever is in doubt is not mailed: a list that is
        archived or deleted is none to be mailed by, but excludes as before, and its opt-outs hold.

        All that is looked up is an EXISTS tied to ``contact`` by equality alone. So PostgreSQL does
        either, whatever is cheaper: a lookup for each of the few hundred that a run claims, or a
        look at all at once where a whole list is judged.

        :return: SQL to put behind a FROM with ``contact``; gives ``objection.reason``, NULL when
            nothing speaks against mailing
        """
        target_lists = self.with_context(active_test=False).contact_list_ids
        active_lists = target_lists.filtered("active").ids
        repeated_lists = self._repeated_lists()
        excludes = self.excluding_list_ids and not is_test
        sources, source_is_active = self._source_joins()
        return SQL(
            """
            %(sources)s
            CROSS JOIN LATERAL (
                SELECT CASE
                    WHEN %(is_excluded)s THEN 'excluded'
                    WHEN contact.id IS NULL
                      OR NOT COALESCE(%(source_is_active)s, TRUE)
                    THEN 'archived'
                    WHEN COALESCE(TRIM(contact.email), '') = '' THEN 'mail_email_missing'
                    WHEN contact.address IS NULL THEN 'mail_email_invalid'
                    WHEN %(is_erased)s THEN 'erased'
                    WHEN %(is_dead)s THEN 'dead'
                    WHEN %(use_blacklist)s AND EXISTS (
                        SELECT FROM mail_blacklist
                         WHERE address = contact.address AND active
                    ) THEN 'mail_bl'
                    WHEN %(respect_opt_out)s AND %(has_left_repeated)s THEN 'mail_optout'
                    WHEN %(may_be_mailed)s THEN NULL
                    WHEN %(is_resting)s THEN 'too_soon'
                    WHEN %(respect_opt_out)s AND (%(has_left)s OR EXISTS (
                        SELECT FROM mailing_subscription subscription
                         WHERE subscription.contact_id = contact.id
                           AND subscription.list_id = ANY(%(target_lists)s)
                           AND subscription.opt_out AND subscription.awaits_opt_in IS NOT TRUE)
                    ) THEN 'mail_optout'
                    WHEN %(respect_opt_out)s AND EXISTS (
                        SELECT FROM mailing_subscription subscription
                         WHERE subscription.contact_id = contact.id
                           AND subscription.list_id = ANY(%(target_lists)s)
                           AND subscription.opt_out AND subscription.awaits_opt_in
                    ) THEN 'opt_in'
                    WHEN %(must_be_member)s AND NOT EXISTS (
                        SELECT FROM mailing_subscription subscription
                         WHERE subscription.contact_id = contact.id
                           AND subscription.list_id = ANY(%(active_lists)s)
                    ) THEN 'removed'
                END AS reason
            ) objection
            """,
            sources=sources,
            source_is_active=source_is_active,
            is_excluded=self._is_excluded() if excludes else SQL("FALSE"),
            target_lists=target_lists.ids,
            active_lists=active_lists,
            may_be_mailed=self._stays_in(active_lists, SQL("NOT %s", self._is_resting(is_test))),
            is_resting=self._stays_in(active_lists, self._is_resting(is_test)),
            has_left=self._has_left(target_lists),
            has_left_repeated=self._has_left(repeated_lists) if repeated_lists else SQL("FALSE"),
            must_be_member=not is_test,
            is_erased=self.env["mailing.erased.address"]._is_erased(SQL("contact.address")),
            is_dead=self.env["mailing.address"]._is_dead(SQL("contact.address")),
            use_blacklist=self.use_exclusion_list,
            respect_opt_out=not self._is_informational(),
        )

    def _has_left(self, lists):
        """SQL condition: ``contact`` left one of some lists, or anybody of her address did."""
        return self.env["mailing.opt.out"]._knows(
            SQL("ANY(%s)", lists.ids), SQL("contact.id"), SQL("contact.address")
        )

    def _stays_in(self, list_ids, condition):
        """SQL condition: ``contact`` is in a list that neither she nor anybody of her address left.

        :param list_ids: the lists that count
        :param condition: SQL, on ``subscription`` to the list
        """
        return SQL(
            """EXISTS (
            SELECT FROM mailing_subscription subscription
             WHERE subscription.contact_id = contact.id
               AND subscription.list_id = ANY(%s)
               AND subscription.opt_out IS NOT TRUE AND %s AND %s
            )""",
            list_ids,
            condition,
            self.env["mailing.opt.out"]._knows_nothing(list_ids),
        )

    def _is_excluded(self):
        """SQL condition: ``contact`` is in an excluding list, or anybody of her address."""
        lookups = self._exclusions(SQL("contact.id"), SQL("contact.address"))
        return SQL("(%s)", SQL(" OR ").join(SQL("EXISTS (%s)", each) for each in lookups))

    def _excluding_list(self, contact_id, address):
        """SQL: the first of the lists that exclude a contact."""
        lookups = self._exclusions(contact_id, address)
        return SQL("(SELECT MIN(list_id) FROM (%s) hers)", SQL(" UNION ALL ").join(lookups))

    def _exclusions(self, contact_id, address):
        """SQL queries of the excluding lists that a contact is in, or anybody of her address.

        Whoever has several addresses has them all.
        """
        list_ids = self.excluding_list_ids.ids
        lookups = [
            SQL(
                """
                SELECT list_id FROM mailing_subscription
                 WHERE contact_id = %s AND list_id = ANY(%s)
                """,
                contact_id,
                list_ids,
            ),
            SQL(
                """
                SELECT excluding.list_id
                  FROM mailing_contact namesake
                  JOIN mailing_subscription excluding ON excluding.contact_id = namesake.id
                 WHERE namesake.address = %s AND excluding.list_id = ANY(%s)
                """,
                address,
                list_ids,
            ),
        ]
        if several := self.env["mailing.contact"]._addresses_of_several(self.excluding_list_ids):
            addresses, list_ids = map(list, zip(*several, strict=True))
            lookups.append(
                SQL(
                    """
                    SELECT list_id FROM unnest(%s::varchar[], %s::int[]) several (address, list_id)
                     WHERE several.address = %s
                    """,
                    addresses,
                    list_ids,
                    address,
                )
            )
        return lookups

    @api.model
    def _prepare_to_judge(self):
        """Have PostgreSQL judge a million members in the rest of this transaction."""
        self.env.flush_all()
        # the defaults spill sorts to the disk, and compile for a second what runs for three
        self.env.cr.execute("SET LOCAL work_mem TO '64MB'; SET LOCAL jit TO off")

    def _judged_members(self, among=None, most=None):
        """Every member without an outcome yet, and what hers is to be.

        The queue build writes it down, the preview counts it. A contact is one member however many
        of the target lists it is in; of several contacts with one address the first is mailed.

        :param among: contacts; only these are told of, and who has an address of theirs
        :param most: members at most, the first of them
        :return: a query, SQL, of ``contact_id``, ``email`` (on the wire, else as it was typed),
            ``reason`` (NULL: she is mailed), ``target_list_id``, ``excluding_list_id`` and
            ``same_address_contact_id``
        """
        return SQL(
            """
            WITH member AS (
                SELECT contact_id, MIN(list_id) AS list_id
                  FROM mailing_subscription
                 WHERE list_id = ANY(%(target_lists)s) %(among)s
                   AND NOT EXISTS (
                    SELECT FROM mailing_trace known
                     WHERE known.mass_mailing_id = %(mailing)s
                       AND known.res_id = mailing_subscription.contact_id
                       AND known.token IS NOT NULL)
                 GROUP BY contact_id
                 %(first)s
            ), judged AS MATERIALIZED (
                SELECT contact.id, contact.address,
                       NULLIF(TRIM(contact.email), '') AS typed_address, member.list_id,
                       objection.reason
                  FROM member
                  JOIN mailing_contact contact ON contact.id = member.contact_id
                  %(objection)s
            ), ranked AS (
                SELECT judged.*,
                       CASE WHEN judged.reason IS NULL THEN COALESCE(
                           mailed.res_id,
                           NULLIF(FIRST_VALUE(judged.id) OVER (
                               PARTITION BY address, judged.reason IS NULL
                               ORDER BY judged.id
                           ), judged.id)
                       ) END AS before_her
                  FROM judged
                  LEFT JOIN mailing_trace mailed
                    ON mailed.mass_mailing_id = %(mailing)s
                   AND mailed.email = judged.address
                   AND mailed.token IS NOT NULL AND mailed.trace_status != 'cancel'
            )
            SELECT id AS contact_id, COALESCE(address, typed_address) AS email,
                   CASE WHEN before_her IS NULL THEN reason ELSE 'mail_dup' END AS reason,
                   list_id AS target_list_id,
                   CASE WHEN reason = 'excluded' THEN %(excluding_list)s END AS excluding_list_id,
                   before_her AS same_address_contact_id
              FROM ranked
            """,
            mailing=self._origin.id or None,
            target_lists=self.contact_list_ids.ids,
            among=self._and_namesakes(among) if among is not None else SQL(),
            first=SQL("ORDER BY contact_id LIMIT %s", most) if most else SQL(),
            objection=self._objection(),
            excluding_list=self._excluding_list(SQL("ranked.id"), SQL("ranked.address")),
        )

    def _and_namesakes(self, contacts):
        return SQL(
            """
            AND contact_id IN (
                SELECT unnest(%(contacts)s::int[])
                 UNION
                SELECT namesake.id
                  FROM mailing_contact contact
                  JOIN mailing_contact namesake ON namesake.address = contact.address
                 WHERE contact.id = ANY(%(contacts)s))
            """,
            contacts=contacts.ids,
        )

    def _source_joins(self):
        """Return joins to what ``contact`` may stand for, and whether that is active."""
        sources = {
            SQL.identifier(self.env[model]._table): SQL.identifier(source)
            for model, source in self.env["mailing.contact"]._sources().items()
            if self.env[model]._active_name
        }
        joins = SQL(" ").join(
            SQL("LEFT JOIN %s ON %s.id = contact.%s", table, table, source)
            for table, source in sources.items()
        )
        return joins, SQL(", ").join(SQL("%s.active", table) for table in sources)

    def _is_resting(self, is_test):
        if is_test or self._is_informational():
            return SQL("FALSE")
        return self.env["mailing.subscription"]._is_resting(self)
