from odoo import api, fields, models
from odoo.tools import SQL


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
    contact_id = fields.Many2one("mailing.contact", "Target", compute="_compute_contact_id")
    failure_type = fields.Selection(
        selection_add=[
            ("excluded", "Excluded"),
            ("archived", "Archived or Deleted"),
            ("removed", "No Longer in a Target List"),
            ("too_soon", "Wants Mail Less Often"),
        ]
    )

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
    def _build_queue(self, mailing):
        """Give every member of a mass email without an outcome its row, in one statement.

        Raw SQL: a list may have a million members. Nobody stands as the author of the rows, for a
        foreign key is checked row by row. A contact is one member however many of the
        target lists it is in; of several contacts with one address the first is mailed.
        """
        self.env.flush_all()
        # the defaults spill sorts to the disk, and compile for a second what runs for three
        self.env.cr.execute("SET LOCAL work_mem TO '64MB'; SET LOCAL jit TO off")
        # what was filled a moment ago is not known to the planner yet
        self.env.cr.execute(
            "ANALYZE mailing_contact (address), mailing_subscription (contact_id, list_id),"
            " mailing_opt_out (email, contact_id, list_id)"
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
                    SELECT contact.id, contact.address,
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
                           ) END AS before_her
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
                       CASE WHEN reason IS NULL AND before_her IS NULL
                            THEN 'outgoing' ELSE 'cancel' END,
                       CASE WHEN before_her IS NULL THEN reason ELSE 'mail_dup' END,
                       list_id, excluding_list_id,
                       -- she may be deleted
                       (SELECT id FROM mailing_contact WHERE id = before_her), 0,
                       %(now)s, %(now)s
                  FROM ranked
                 ORDER BY ranked.id
                """,
                mailing=mailing.id,
                campaign=mailing.campaign_id.id or None,
                target_lists=mailing.contact_list_ids.ids,
                objection=mailing._objection(),
                now=fields.Datetime.now(),
            )
        )
        self.env.cr.execute("ANALYZE mailing_trace (mass_mailing_id, email, token, trace_status)")
        self.invalidate_model()

    @api.model
    def _hand_on(self, mailing):
        """Put who was not mailed for another's sake in the queue, if the other is not either.

        An address that nobody of this mass email holds any more goes to the first of its members
        who may be mailed. Raw SQL: one look at those who were put aside.

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
