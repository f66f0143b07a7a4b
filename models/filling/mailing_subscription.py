from collections import Counter

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL


class MailingSubscription(models.Model):
    """Many memberships made at once, and how each came about.

    By hand stands over "add", and that over "keep": who was added by hand stays whatever criteria
    say, and who once fits one that adds stays whatever those say that are kept equal.
    """

    _inherit = "mailing.subscription"

    criterion_id = fields.Many2one(
        "mailing.list.criterion",
        "Added By",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="Empty for who was added by hand.",
    )

    def write(self, vals):
        if "import_file" in self.env.context and not vals.get("opt_out", True):
            # a file brings nobody back
            vals = {name: value for name, value in vals.items() if name != "opt_out"}
        back = self.browse()
        if "opt_out" in vals and not vals["opt_out"]:
            back = self.filtered(lambda each: each.opt_out and each.criterion_id)
        result = super().write(vals)
        if back:
            back.criterion_id = False  # somebody wants her here
        return result

    @api.model
    def _join(self, lists, contacts, values):
        """Make contacts members of lists; who is one already stays as she is.

        Raw SQL: the contacts may be as many as a campaign has targets. Whoever is added by others
        stays opted out of a list she left before, and waits for her opt-in where that is required.

        :param contacts: SQL query of their ids and addresses
        :param values: columns of the new subscriptions; without a criterion it is by hand
        :return: ``{list: Counter}`` of members ``added``, of those ``without_address`` and
            ``left_before``, of those who ``must_opt_in``; ``already`` there
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
                        list_id, contact_id, opt_out, opt_out_datetime, awaits_opt_in,
                        create_date, write_date %(columns)s)
                    SELECT target.list_id, target.contact_id, memory.knows OR must_opt_in,
                           CASE WHEN memory.knows THEN %(now)s::timestamp END,
                           must_opt_in AND NOT memory.knows,
                           %(now)s, %(now)s %(values)s
                      FROM target
                     CROSS JOIN LATERAL (SELECT %(knows)s) memory (knows)
                     CROSS JOIN LATERAL (SELECT %(must_opt_in)s) rule (must_opt_in)
                     WHERE NOT target.already
                     -- two who add the same people take their turns
                     ORDER BY target.list_id, target.contact_id
                    ON CONFLICT (contact_id, list_id) DO NOTHING
                    RETURNING id, list_id, opt_out, awaits_opt_in
                ), back AS (
                    SELECT list_id, COUNT(*) FILTER (WHERE awaits_opt_in) AS waiting,
                           ARRAY_AGG(id) FILTER (WHERE opt_out AND NOT awaits_opt_in) AS ids
                      FROM joined GROUP BY list_id
                )
                SELECT target.list_id,
                       COUNT(*) FILTER (WHERE NOT already),
                       COUNT(*) FILTER (WHERE NOT already AND address IS NULL),
                       COUNT(*) FILTER (WHERE already),
                       COALESCE(back.waiting, 0),
                       COALESCE(back.ids, '{}')
                  FROM target
                  LEFT JOIN back ON back.list_id = target.list_id
                 GROUP BY target.list_id, back.waiting, back.ids
                """,
                lists=lists.ids,
                contacts=contacts,
                knows=self.env["mailing.opt.out"]._knows(
                    SQL("target.list_id"), SQL("target.contact_id"), SQL("target.address")
                ),
                must_opt_in=self._must_opt_in(SQL("target.list_id"), SQL("target.address")),
                columns=SQL().join(SQL(", %s", SQL.identifier(name)) for name in values),
                values=SQL().join(SQL(", %s", value) for value in values.values()),
                now=fields.Datetime.now(),
            )
        )
        counts = {target_list: Counter() for target_list in lists}
        left_before = self.browse()
        for list_id, added, without_address, already, waiting, left_ids in self.env.cr.fetchall():
            counts[lists.browse(list_id)].update(
                added=added,
                without_address=without_address,
                left_before=len(left_ids),
                must_opt_in=waiting,
                already=already,
            )
            left_before += self.browse(left_ids)
        self.env.invalidate_all(flush=False)
        left_before._remember_opt_outs()
        if "criterion_id" not in values:
            self._make_by_hand(lists, SQL("(SELECT id FROM %s target (id, address))", contacts))
        return counts

    @api.model
    def _added_by_hand(self, commands):
        """Return the ids that commands of a many2many add, be they there already.

        Setting all anew is what code does that adds one, too; of an import it is meant.
        """
        added = []
        for command in commands or []:
            if command[0] == Command.LINK:
                added.append(command[1])
            elif command[0] == Command.SET and "import_file" in self.env.context:
                added += command[2]
        return added

    @api.model
    def _make_by_hand(self, lists, contacts):
        """Who is added by hand to where a criterion brought her, is a member by hand.

        Raw SQL: one statement, the contacts may be as many as a campaign has targets.

        :param contacts: recordset, or SQL of their ids
        """
        if not lists or not contacts:
            return
        self.env.flush_all()
        ids = contacts if isinstance(contacts, SQL) else contacts._ids
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_subscription SET criterion_id = NULL
                 WHERE list_id = ANY(%s) AND criterion_id IS NOT NULL AND contact_id IN %s
                """,
                lists.ids,
                ids,
            )
        )
        self.invalidate_model(["criterion_id"])

    @api.model
    def _let_go(self, target_list, synced):
        """Remove whom criteria brought that keep the list equal, and who does not fit any more.

        Who fits another criterion passes to it: at once to one that adds, for from then on she
        stays. Her opt-out is remembered elsewhere. Raw SQL: two statements, a list may lose all its
        members.

        :param synced: the criteria that were synced, and work
        :return: ``Counter`` of removed members by criterion id
        """
        self.env.flush_all()
        # how many there are is news to the planner, and a loop in a loop would take hours
        self.env.cr.execute("ANALYZE mailing_list_fitting; SET LOCAL enable_nestloop TO off")
        self.env.cr.execute(
            SQL(
                """
                WITH heir AS (
                    SELECT DISTINCT ON (contact_id) contact_id, criterion.id, criterion.mode
                      FROM mailing_list_fitting
                      JOIN mailing_list_criterion criterion ON criterion.id = criterion_id
                     ORDER BY contact_id, criterion.mode = 'add' DESC, criterion.id
                ), passing AS (
                    SELECT member.id, heir.id AS heir_id
                      FROM mailing_subscription member
                      JOIN mailing_list_criterion holder ON holder.id = member.criterion_id
                      JOIN heir ON heir.contact_id = member.contact_id
                      LEFT JOIN mailing_list_fitting fitting
                        ON fitting.contact_id = member.contact_id
                       AND fitting.criterion_id = member.criterion_id
                     WHERE member.list_id = %(list)s AND holder.mode = 'keep'
                       AND (heir.mode = 'add'
                            OR holder.id = ANY(%(synced)s) AND fitting.contact_id IS NULL)
                )
                UPDATE mailing_subscription member SET criterion_id = passing.heir_id
                  FROM passing
                 WHERE passing.id = member.id
                """,
                list=target_list.id,
                synced=synced.ids,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                WITH gone AS (
                    DELETE FROM mailing_subscription member
                     WHERE member.list_id = %(list)s AND member.criterion_id = ANY(%(kept_equal)s)
                       AND NOT EXISTS (
                        SELECT FROM mailing_list_fitting fitting
                         WHERE fitting.contact_id = member.contact_id
                           AND fitting.criterion_id = member.criterion_id)
                    RETURNING member.criterion_id)
                SELECT criterion_id, COUNT(*) FROM gone GROUP BY criterion_id
                """,
                list=target_list.id,
                kept_equal=synced.filtered(lambda criterion: criterion.mode == "keep").ids,
            )
        )
        removed = Counter(dict(self.env.cr.fetchall()))
        self.env.cr.execute("SET LOCAL enable_nestloop TO DEFAULT")
        self.env.invalidate_all(flush=False)
        return removed
