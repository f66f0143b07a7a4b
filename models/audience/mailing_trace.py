import secrets

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...engine.turns import retried


class MailingTrace(models.Model):
    """Every member of a mass email has a row, queued or with the reason why not."""

    _inherit = "mailing.trace"

    target_list_id = fields.Many2one("mailing.list", readonly=True)
    excluding_list_id = fields.Many2one("mailing.list", "Excluded By", readonly=True)
    same_address_contact_id = fields.Many2one(
        "mailing.contact",
        "Same Address As",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    contact_id = fields.Many2one(
        "mailing.contact",
        "Target",
        compute="_compute_contact_id",
        search="_search_contact_id",
    )
    failure_type = fields.Selection(
        selection_add=[
            ("excluded", "Excluded"),
            ("archived", "Archived or Deleted"),
            ("dead", "Address Is Dead"),
            ("erased", "Erased on Her Request"),
            ("removed", "No Longer in a Target List"),
            ("too_soon", "Wants Mail Less Often"),
            ("opt_in", "Has Not Confirmed Yet"),  # that she wants the list others put her on
        ]
    )

    # what did Odoo's own mailings send to a target? Mass emails have an index, see its outcomes.
    _standard_idx = models.Index("(res_id) WHERE token IS NULL AND model = 'mailing.contact'")
    # who waits for an address that another was to be mailed at?
    _put_aside_idx = models.Index(
        "(mass_mailing_id) WHERE token IS NOT NULL AND failure_type = 'mail_dup'"
    )

    @api.depends("model", "res_id")
    def _compute_contact_id(self):
        of_contacts = self.filtered(lambda trace: trace.model == "mailing.contact")
        contacts = self.env["mailing.contact"].browse(of_contacts.mapped("res_id")).exists()
        for trace in self:
            trace.contact_id = contacts.browse(trace.res_id) & contacts

    @api.model
    def _search_contact_id(self, operator, value):
        """Raw SQL: with an index for mass emails, and one for Odoo's own mailings."""
        if operator not in ("in", "any", "any!"):
            return NotImplemented
        domain = Domain("id", "in", value) if operator == "in" else Domain("id", operator, value)
        contacts = self.env["mailing.contact"]._search(domain).subselect()
        return Domain(
            "id",
            "in",
            SQL(
                """(
                SELECT id FROM mailing_trace WHERE token IS NOT NULL AND res_id IN %(contacts)s
                 UNION ALL
                SELECT id FROM mailing_trace
                 WHERE token IS NULL AND model = 'mailing.contact' AND res_id IN %(contacts)s
                )""",
                contacts=contacts,
            ),
        )

    @api.model
    def _build_queue(self, mailing, most=None):
        """Give members of a mass email without an outcome their rows, in one statement.

        Raw SQL: a list may have a million members. Nobody stands as the author of the rows, for a
        foreign key is checked row by row. Their tokens begin with a number that rises from a random
        start, so that neighbours in the queue are neighbours in the index of tokens, too: else each
        row, and each of its versions to come, would land somewhere else in it.

        :param most: members at most, the first of them; None for all
        :return: how many there were
        """
        mailing._prepare_to_judge()
        # an administrator's is for what a user waits for; a job's time is Odoo's affair
        self.env.cr.execute("SET LOCAL statement_timeout TO 0")
        if not mailing.is_queue_partial:
            # what was filled a moment ago is not known to the planner yet
            self.env.cr.execute(
                "ANALYZE mailing_contact (address), mailing_subscription (contact_id, list_id),"
                " mailing_opt_out (email, contact_id, list_id)"
            )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_trace (
                    mass_mailing_id, campaign_id, trace_type, model, res_id, email, token,
                    trace_status, failure_type, target_list_id, excluding_list_id,
                    same_address_contact_id, attempt_count, create_date, write_date
                )
                SELECT %(mailing)s, %(campaign)s, 'mail', 'mailing.contact', contact_id, email,
                       LPAD(TO_HEX((contact_id::bigint + %(first)s) %% 4294967296), 8, '0')
                           || RIGHT(REPLACE(gen_random_uuid()::text, '-', ''), 24),
                       CASE WHEN reason IS NULL THEN 'outgoing' ELSE 'cancel' END, reason,
                       target_list_id, excluding_list_id,
                       -- she may be deleted
                       (SELECT id FROM mailing_contact WHERE id = same_address_contact_id), 0,
                       %(now)s, %(now)s
                  FROM (%(members)s) member
                 ORDER BY contact_id
                """,
                mailing=mailing.id,
                campaign=mailing.campaign_id.id or None,
                first=secrets.randbits(32),
                members=mailing._judged_members(most=most),
                now=fields.Datetime.now(),
            )
        )
        count = self.env.cr.rowcount
        self.env.cr.execute("ANALYZE mailing_trace (mass_mailing_id, email, token, trace_status)")
        self.invalidate_model()
        return count

    @api.model
    @retried
    def _know_addresses(self):
        """Have PostgreSQL know that hardly two have one address, if it forgot; committed on return.

        An upgrade of its own forgets, or a dump. For each member a claim would then look through
        all who ever left her lists, and a queue that is built already was told of before. Nothing
        goes out before: neither an administrator's limit nor who reindexes the table stops it.
        """
        is_known = self.env.execute_query(
            SQL(
                "SELECT FROM pg_stats WHERE schemaname = CURRENT_SCHEMA"
                " AND tablename = 'mailing_contact' AND attname = 'address'"
            )
        )
        if not is_known:
            self.env.cr.execute("SET LOCAL statement_timeout TO 0")
            self.env.cr.execute("ANALYZE (SKIP_LOCKED) mailing_contact (address)")

    @api.model
    def _hand_on(self, mailing):
        """Put who was not mailed for another's sake in the queue, if the other is not either.

        An address that nobody of this mass email holds any more goes to the first of its members
        who may be mailed; but not where a user ended it before. Raw SQL: one look at those who were
        put aside.

        :return: number of rows that wait now
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH aside AS MATERIALIZED (
                    SELECT trace.id, trace.res_id
                      FROM mailing_trace trace
                      JOIN mailing_contact contact ON contact.id = trace.res_id
                     WHERE trace.mass_mailing_id = %(mailing)s AND trace.token IS NOT NULL
                       AND trace.failure_type = 'mail_dup' AND trace.trace_status = 'cancel'
                       AND NOT EXISTS (
                        SELECT FROM mailing_trace ended
                         WHERE ended.mass_mailing_id = %(mailing)s
                           AND ended.res_id = trace.same_address_contact_id
                           AND ended.token IS NOT NULL AND ended.failure_type = 'ended')
                       AND NOT EXISTS (
                        SELECT FROM mailing_trace holder
                         WHERE holder.mass_mailing_id = %(mailing)s
                           AND holder.email = contact.address
                           AND holder.token IS NOT NULL AND holder.trace_status != 'cancel')
                ), heir AS (
                    SELECT DISTINCT ON (contact.address) aside.id, contact.address
                      FROM aside
                      JOIN mailing_contact contact ON contact.id = aside.res_id
                      %(objection)s
                     WHERE objection.reason IS NULL
                     ORDER BY contact.address, aside.id
                )
                UPDATE mailing_trace trace
                   SET trace_status = 'outgoing', failure_type = NULL, email = heir.address,
                       same_address_contact_id = NULL
                  FROM heir
                 WHERE heir.id = trace.id
                """,
                mailing=mailing.id,
                objection=mailing._objection(),
            )
        )
        count = self.env.cr.rowcount
        self.invalidate_model()
        return count
