from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class MailingOptOut(models.Model):
    """The memory of opt-outs: this address left this list, or this person did.

    A subscription forgets when it is removed or its contact deleted; this does not. Mass emails
    look here, so that adding somebody again does not bring her back. Only opting in does: on the
    opt-out page, in the portal, by signing up herself, or by unticking Opt Out on a subscription.
    """

    _name = "mailing.opt.out"
    _description = "Opt-Out of a Mailing List"
    _rec_name = "list_id"

    list_id = fields.Many2one("mailing.list", required=True, readonly=True, ondelete="cascade")
    email = fields.Char(readonly=True, help="As it stands on the wire.")
    contact_id = fields.Many2one("mailing.contact", "Target", readonly=True, ondelete="cascade")
    trace_id = fields.Many2one(
        "mailing.trace",
        "Message",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The message whose opt-out this is; its opt-in takes back this and nothing else.",
    )

    _address_or_person = models.Constraint("CHECK (num_nonnulls(email, contact_id) = 1)")
    _once = models.UniqueIndex("(list_id, email)")
    _once_per_person = models.UniqueIndex("(contact_id, list_id)")

    @api.model
    def _knows(self, list_id, contact_id, address):
        """SQL condition: a contact left a list, or anybody did who has her address or had it."""
        lookups = self._lookups(list_id, contact_id, address)
        return SQL("(%s)", SQL(" OR ").join(SQL("EXISTS (%s)", each) for each in lookups))

    @api.model
    def _knows_nothing(self, list_ids):
        """SQL condition: not ``_knows`` of ``subscription``, which is to one of some lists.

        The same in a form that PostgreSQL can join by: it then begins with the memory of the lists,
        which is small beside their members.
        """
        lookups = self._lookups(SQL("ANY(%s)", list_ids), SQL("her.id"), SQL("her.address"))
        return SQL(" AND ").join(
            SQL(
                """NOT EXISTS (
                SELECT FROM mailing_contact her CROSS JOIN LATERAL (%s) memory
                 WHERE her.id = subscription.contact_id
                   AND memory.list_id = subscription.list_id)""",
                each,
            )
            for each in lookups
        )

    @api.model
    def _lookups(self, list_id, contact_id, address):
        """SQL queries of what is remembered of somebody: by address, person, and namesakes."""
        return [
            SQL(
                """
                SELECT memory.list_id FROM mailing_opt_out memory
                 WHERE memory.list_id = %s AND memory.email = %s
                """,
                list_id,
                address,
            ),
            SQL(
                """
                SELECT memory.list_id FROM mailing_opt_out memory
                 WHERE memory.list_id = %s AND memory.contact_id = %s
                """,
                list_id,
                contact_id,
            ),
            SQL(
                """
                SELECT memory.list_id FROM mailing_opt_out memory
                  JOIN mailing_contact namesake ON namesake.id = memory.contact_id
                 WHERE memory.list_id = %s AND namesake.address = %s
                """,
                list_id,
                address,
            ),
        ]

    @api.model
    def _remember(self, lists, contacts, addresses, trace=None):
        """Remember that somebody left some lists.

        Raw SQL: what is known already is left as it is, whoever writes it at the same moment. The
        log of the server shall not hold addresses because two did.

        :param contacts: all that stand for her
        :param addresses: all of hers
        :param trace: the message by which she opted out
        :return: how much of it was news
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_opt_out (
                    list_id, contact_id, email, trace_id,
                    create_uid, create_date, write_uid, write_date)
                SELECT list_id, contact_id, email, %(trace)s::int,
                       %(uid)s::int, %(now)s::timestamp, %(uid)s::int, %(now)s::timestamp
                  FROM unnest(%(lists)s::int[]) list_id,
                       (SELECT contact_id, NULL AS email
                          FROM unnest(%(contacts)s::int[]) contact_id
                         UNION ALL
                        SELECT NULL, email FROM unnest(%(addresses)s::varchar[]) email) her
                 ORDER BY list_id, contact_id, email
                ON CONFLICT DO NOTHING
                """,
                lists=lists.ids,
                contacts=contacts.ids,
                addresses=list(addresses),
                trace=trace.id if trace else None,
                uid=self.env.uid,
                now=fields.Datetime.now(),
            ),
            log_exceptions=False,
        )
        news = self.env.cr.rowcount
        self.invalidate_model()
        return news

    @api.model
    def _remember_addresses(self, contacts):
        """Remember the present addresses of those who left a list, for they are deleted.

        An erased address is remembered as such. Raw SQL: one statement, whoever remembers the same
        at the same moment.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_opt_out (
                    list_id, email, trace_id, reason_id, feedback,
                    create_uid, create_date, write_uid, write_date)
                SELECT memory.list_id, contact.address, memory.trace_id, memory.reason_id,
                       memory.feedback, %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM mailing_opt_out memory
                  JOIN mailing_contact contact ON contact.id = memory.contact_id
                 WHERE contact.id = ANY(%(contacts)s) AND contact.address IS NOT NULL
                   AND NOT %(is_erased)s
                ON CONFLICT DO NOTHING
                """,
                contacts=contacts.ids,
                is_erased=self.env["mailing.erased.address"]._is_erased(SQL("contact.address")),
                uid=self.env.uid,
                now=fields.Datetime.now(),
            )
        )
        self.invalidate_model()

    @api.model
    def _hand_down(self, lists, heir):
        """Who left some lists has left the one that comes after them, too.

        Unless she is a member there, for she stayed in another of the lists. Raw SQL: one
        statement, a list may have been left by many.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_opt_out (
                    list_id, contact_id, email, trace_id, reason_id, feedback,
                    create_uid, create_date, write_uid, write_date)
                SELECT %(heir)s, memory.contact_id, memory.email, memory.trace_id,
                       memory.reason_id, memory.feedback, %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM mailing_opt_out memory
                  LEFT JOIN mailing_contact contact ON contact.id = memory.contact_id
                 WHERE memory.list_id = ANY(%(lists)s)
                   AND NOT EXISTS (
                    SELECT FROM mailing_subscription stayed
                     WHERE stayed.list_id = %(heir)s AND stayed.contact_id = memory.contact_id
                       AND stayed.opt_out IS NOT TRUE)
                   AND NOT EXISTS (
                    SELECT FROM mailing_contact namesake
                      JOIN mailing_subscription stayed ON stayed.contact_id = namesake.id
                     WHERE namesake.address = COALESCE(memory.email, contact.address)
                       AND stayed.list_id = %(heir)s AND stayed.opt_out IS NOT TRUE)
                ON CONFLICT DO NOTHING
                """,
                lists=lists.ids,
                heir=heir.id,
                uid=self.env.uid,
                now=fields.Datetime.now(),
            )
        )
        self.invalidate_model()

    def _take_back(self):
        """She opted in again."""
        self.with_context(opt_out_is_taken_back=True).unlink()

    @api.model
    def _of(self, lists, contacts, addresses):
        """Return what is remembered of somebody."""
        of_her = (
            Domain("email", "in", list(addresses))
            | Domain("contact_id", "in", contacts.ids)
            | Domain("contact_id.address", "in", list(addresses))
        )
        return self.search(Domain("list_id", "in", lists.ids) & of_her)
