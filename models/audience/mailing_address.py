from odoo import api, fields, models
from odoo.tools import SQL

# More of a server's words is not kept.
LONGEST_WORDS = 500


class MailingAddress(models.Model):
    """What is known against an address: it is dead, or messages to it came back for now.

    A row belongs to an address as it stands on the wire, whoever carries it. It begins with the
    first message that failed for what the address is:

    * for good: the address is dead, nobody is mailed at it any more;
    * for now: counted. So many in a row, over so many days, and no sign of life in between: dead.

    It ends when a user clears it. Who gets another address has nothing to do with it any more.
    """

    _name = "mailing.address"
    _description = "Dead Address"
    _rec_name = "address"
    _order = "dead_datetime DESC NULLS LAST, id DESC"

    address = fields.Char("Email", required=True, readonly=True)
    dead_datetime = fields.Datetime("Dead Since", readonly=True)
    words = fields.Char("Mail Server Says", readonly=True)
    trace_id = fields.Many2one(
        "mailing.trace",
        "Message",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        exportable=False,  # it may be of a campaign of others
    )
    mailing_id = fields.Many2one(
        "mailing.mailing",
        "Mass Email",
        compute="_compute_mailing_id",
        search="_search_mailing_id",
    )
    temporary_count = fields.Integer(
        "Failed for Now",
        readonly=True,
        help="How many messages in a row came back for now, or could not be delivered for now.",
    )
    temporary_since = fields.Datetime("Failing Since", readonly=True)

    _once = models.UniqueIndex("(address)")

    @api.depends("trace_id.mass_mailing_id")
    @api.depends_context("uid")
    def _compute_mailing_id(self):
        readable = self._mailings()._filtered_access("read")
        for address in self:
            address.mailing_id = address._mailings() & readable

    def _mailings(self):
        return self.sudo().trace_id.mass_mailing_id.sudo(self.env.su)

    @api.model
    def _search_mailing_id(self, operator, value):
        return [("trace_id", "any", [("mass_mailing_id", operator, value)])]

    @api.model
    def _is_dead(self, address):
        """SQL condition: an address on the wire is dead."""
        return SQL(
            """EXISTS (SELECT FROM mailing_address known
                        WHERE known.address = %s AND known.dead_datetime IS NOT NULL)""",
            address,
        )

    def action_clear(self):
        """Forget what is known against addresses: they are mailed again."""
        self.unlink()

    @api.model
    def _take_back(self, trace_ids):
        """These messages failed for now, not for good: their addresses are not dead by them.

        Raw SQL: one statement, whoever writes about the same address at the same moment.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_address
                   SET dead_datetime = NULL, temporary_count = temporary_count + 1,
                       temporary_since = COALESCE(temporary_since, dead_datetime)
                 WHERE trace_id = ANY(%s) AND dead_datetime IS NOT NULL
                """,
                list(trace_ids),
            )
        )
        self.invalidate_model()

    @api.model
    def _receive_failures(self, failures):
        """Messages failed for what their addresses are.

        Raw SQL: one statement for all of a settle, whoever writes about the same address at the
        same moment. A count begins anew after a sign of life: something that her contact opened,
        clicked or answered.

        :param failures: tuples (address on the wire, whether for good, words, id of the message)
        """
        if not failures:
            return
        # each address once, as the worst says; in an order, so that two never wait for each other
        worst = {each[0]: each for each in sorted(failures, key=lambda each: each[:2])}
        addresses, finals, words, trace_ids = zip(*worst.values(), strict=True)
        parameters = self.env["ir.config_parameter"]
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_address AS known (
                    address, dead_datetime, words, trace_id, temporary_count, temporary_since,
                    create_uid, create_date, write_uid, write_date)
                SELECT failure.address, CASE WHEN is_final THEN %(now)s::timestamp END,
                       failure.words, failure.trace_id,
                       (NOT is_final)::int, CASE WHEN NOT is_final THEN %(now)s::timestamp END,
                       %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM unnest(%(addresses)s::varchar[], %(finals)s::boolean[],
                              %(words)s::varchar[], %(trace_ids)s::int[])
                       failure (address, is_final, words, trace_id)
                    ON CONFLICT (address) DO UPDATE
                   SET (temporary_count, temporary_since, dead_datetime, words, trace_id,
                        write_uid, write_date) = (
                    SELECT row.length, row.since,
                           CASE WHEN excluded.dead_datetime IS NOT NULL
                                  OR row.length >= %(bounces)s AND row.since
                                  <= %(now)s::timestamp - make_interval(days => %(days)s)
                                THEN %(now)s::timestamp END,
                           excluded.words, excluded.trace_id, %(uid)s, %(now)s::timestamp
                      FROM (
                        SELECT CASE WHEN life.sign THEN 0 ELSE known.temporary_count END
                                   + excluded.temporary_count AS length,
                               CASE WHEN NOT life.sign AND known.temporary_since IS NOT NULL
                                    THEN known.temporary_since
                                    ELSE excluded.temporary_since END AS since
                          FROM (
                            SELECT EXISTS (
                                SELECT FROM mailing_contact contact
                                  JOIN mailing_trace_event event ON event.contact_id = contact.id
                                 WHERE contact.address = known.address
                                   AND event.event_type IN ('opened', 'clicked', 'replied')
                                   AND event.event_datetime > known.temporary_since
                                   AND event.made_by IS NULL AND NOT event.is_test) AS sign
                          ) life
                      ) row)
                 WHERE known.dead_datetime IS NULL
                """,
                addresses=list(addresses),
                finals=list(finals),
                words=[each[:LONGEST_WORDS] for each in words],
                trace_ids=list(trace_ids),
                bounces=parameters._mass_email_setting("dead_after_bounces"),
                days=parameters._mass_email_setting("dead_after_days"),
                uid=self.env.uid,
                now=fields.Datetime.now(),
            )
        )
        self.invalidate_model()
