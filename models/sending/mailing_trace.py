from collections import namedtuple

from odoo import api, fields, models
from odoo.tools import SQL

from ...delivery.portion import Portion
from ...delivery.token import new_token
from ...engine.limits import RECIPIENT_DOMAIN
from ...engine.turns import make_durable, retried, turn_to_claim

# A queue row that a run has claimed.
Claimed = namedtuple(
    "Claimed", "id contact_id email token attempt_count claim_number", defaults=[0]
)

# Conditions of raw statements that read the queue.
IS_WAITING = SQL("token IS NOT NULL AND trace_status = 'outgoing'")
IS_CLAIMED = SQL("claim_key IS NOT NULL AND trace_status = 'process'")


class MailingTrace(models.Model):
    """The queue of a mass email: which rows are next, and who may take them out.

    A claim is committed before anything is sent, so that no other run can send the same rows.
    Within a run rows are sent in the order of ``claim_number`` and id: what a killed run had on
    the wire is therefore among the first that it did not acknowledge.
    """

    _inherit = "mailing.trace"

    @api.model
    def _claimable(self, mailing, limits, size, for_update=False, after=0):
        """SQL query of the next rows (id, res_id, email) that may be claimed, in their order.

        It says in two columns what would do in one: nothing but the index of what waits has that
        order, so it is read from where the search begins, however few PostgreSQL takes to wait.

        :param Limits limits: those of the mail server it goes through
        :param size: rows at most
        :param after: id behind which it looks
        """
        query = SQL(
            """
            SELECT id, res_id, email FROM mailing_trace
             WHERE (mass_mailing_id, id) > (%(mailing)s, %(after)s)
               AND mass_mailing_id <= %(mailing)s AND %(is_waiting)s
               AND (retry_datetime IS NULL OR retry_datetime <= %(now)s) AND %(is_open)s
             ORDER BY mass_mailing_id, id
             LIMIT %(size)s
             %(lock)s
            """,
            mailing=mailing.id,
            is_waiting=IS_WAITING,
            after=after,
            now=fields.Datetime.now(),
            is_open=SQL("%s NOT IN (SELECT domain FROM used WHERE is_full)", RECIPIENT_DOMAIN)
            if limits.domain_portion
            else SQL("TRUE"),
            size=size,
            lock=SQL("FOR UPDATE SKIP LOCKED") if for_update else SQL(),
        )
        if not limits.domain_portion:
            return query
        # whoever has the turn to claim goes by what is kept
        kept = self.env["mailing.portion.domain"]._used(limits)
        return SQL(
            """
            WITH used AS MATERIALIZED (%(used)s), open AS MATERIALIZED (%(query)s)
            SELECT id, res_id, email FROM (
                SELECT open.*, used.count AS used_count, ROW_NUMBER() OVER (
                           PARTITION BY %(domain)s ORDER BY id) AS place
                  FROM open
                  LEFT JOIN used ON used.domain = %(domain)s
                ) ranked
             WHERE place + COALESCE(used_count, 0) <= %(limit)s
             ORDER BY id
            """,
            domain=RECIPIENT_DOMAIN,
            query=query,
            used=kept if for_update else limits.used_by_domain(),
            limit=limits.domain_portion.size,
        )

    @api.model
    def _claimable_count(self, mailing, limits, most):
        """Return how many messages of a mass email could be sent right now.

        :param most: more than so many are not counted
        """
        query = self._claimable(mailing, limits, min(most, limits.left()))
        [(count,)] = self.env.execute_query(SQL("SELECT COUNT(*) FROM (%s) claimable", query))
        return count

    @retried
    def _claim(self, mailing, run, most):
        """Take rows of a mass email out of the queue for a run; committed on return.

        Everybody is judged again: who opted out or was excluded while waiting is not mailed.

        :param Run run: the run to claim for
        :param most: rows at most
        :return: list of Claimed, empty when nobody waits or a limit is reached
        """
        claimed = []
        with turn_to_claim(self.env):
            make_durable(self.env.cr)
            mail_server = run.mail_server.with_env(self.env)
            # a run may not know yet that its mass email was ended, or its mail server deleted
            if mailing.is_ended or mail_server != mail_server.exists():
                return claimed
            limits = run.limits_in(self.env)
            is_counted = not limits.domain_portion
            while not claimed and (size := limits.left_to_claim(most)):
                rows = self._claim_rows(mailing, run, size)
                if not rows:
                    if is_counted:
                        break
                    # there may be places at domains by now
                    is_counted = self.env["mailing.portion.domain"]._keep(limits, is_old=True)
                claimed = [Claimed(*row[1:]) for row in rows if row[0] == "process"]
                self.env["mailing.portion.count"]._add(run.mail_server, len(claimed))
        self.invalidate_model()
        return sorted(claimed)

    @api.model
    def _claim_rows(self, mailing, run, size):
        """Raw SQL: judge and claim in one statement, however many rows wait.

        A run goes on behind the rows it found last, and begins anew when there are none: so it
        does not walk again past those at domains that had their portion, nor past what the index
        still holds of rows long claimed, which PostgreSQL keeps for as long as anybody's snapshot.

        A row follows its contact to another address, where nobody of this mass email is before it;
        it is then claimed the next time, for that address' domain may have had its portion.
        """
        limits, domains = run.limits_in(self.env), self.env["mailing.portion.domain"]
        if limits.domain_portion:
            domains._keep(limits)
        # compiled, it would take longer than it runs
        self.env.cr.execute("SET LOCAL jit TO off")
        rows = self.env.execute_query(
            SQL(
                """
                WITH next AS MATERIALIZED (%(claimable)s), judged AS MATERIALIZED (
                    SELECT next.id, next.email AS email_before, contact.id AS contact_id,
                           COALESCE(contact.address, NULLIF(TRIM(contact.email), ''), next.email)
                               AS email,
                           contact.address, objection.reason
                      FROM next
                      LEFT JOIN mailing_contact contact ON contact.id = next.res_id
                      %(objection)s
                ), moving AS (
                    SELECT judged.*, reason IS NULL AND email != email_before AS moves FROM judged
                ), placed AS (
                    SELECT moving.*, CASE WHEN moves THEN COALESCE(
                               (SELECT holder.res_id FROM mailing_trace holder
                                 WHERE holder.mass_mailing_id = %(mailing)s
                                   AND holder.email = moving.email
                                   AND holder.token IS NOT NULL
                                   AND holder.trace_status != 'cancel'),
                               NULLIF(FIRST_VALUE(contact_id) OVER (
                                   PARTITION BY moving.email, moves ORDER BY moving.id
                               ), contact_id)
                           ) END AS before_her
                      FROM moving
                ), decided AS (
                    SELECT placed.*, CASE WHEN before_her IS NULL THEN reason ELSE 'mail_dup' END
                               AS failure_type,
                           CASE WHEN COALESCE(reason, before_her::text) IS NOT NULL THEN 'cancel'
                                WHEN moves THEN 'outgoing' ELSE 'process' END AS trace_status,
                           -- she may be deleted
                           (SELECT id FROM mailing_contact WHERE id = before_her)
                               AS same_address_contact_id,
                           CASE WHEN reason = 'excluded' THEN %(excluding_list)s END
                               AS excluding_list_id
                      FROM placed
                )
                UPDATE mailing_trace trace
                   SET trace_status = decided.trace_status,
                       email = decided.email,
                       failure_type = decided.failure_type,
                       same_address_contact_id = decided.same_address_contact_id,
                       excluding_list_id = decided.excluding_list_id,
                       attempt_count =
                           trace.attempt_count + (decided.trace_status = 'process')::int,
                       portion_places = CASE
                           WHEN decided.trace_status != 'process' THEN trace.portion_places
                           WHEN trace.portion_datetime > %(window_start)s
                           THEN COALESCE(trace.portion_places, 1) + 1 ELSE 1 END,
                       -- who is not mailed again may have been mailed before
                       portion_datetime = CASE decided.trace_status
                           WHEN 'process' THEN %(now)s ELSE trace.portion_datetime END,
                       portion_server = %(mail_server)s,
                       claim_key = CASE WHEN decided.trace_status = 'process' THEN %(run)s END,
                       claim_number = %(number)s
                  FROM decided
                 WHERE trace.id = decided.id
             RETURNING trace.trace_status, trace.id, trace.res_id, trace.email, trace.token,
                       trace.attempt_count, trace.claim_number
                """,
                claimable=self._claimable(
                    mailing, limits, size, for_update=True, after=run.queue_position
                ),
                mailing=mailing.id,
                objection=mailing._objection(),
                excluding_list=mailing._excluding_list(
                    SQL("placed.contact_id"), SQL("placed.address")
                ),
                now=fields.Datetime.now(),
                window_start=Portion(0).window_start(fields.Datetime.now()),
                mail_server=run.mail_server.id or None,
                run=run.key,
                number=run.next_claim_number(),
            )
        )
        domains._add(limits, [row[3] for row in rows if row[0] == "process"])
        if rows:
            run.queue_position = max(row[1] for row in rows)
        elif run.queue_position or self._hand_on(mailing):
            run.queue_position = 0
            return self._claim_rows(mailing, run, size)
        return rows

    @api.model
    def _claim_tests(self, mailing, run, contacts):
        """Make and claim a test message for each of some contacts; committed on return."""
        with turn_to_claim(self.env):
            run.limits.check_leave(contacts.mapped("address"))
            self.env["mailing.portion.count"]._add(run.mail_server, len(contacts))
            self.env["mailing.portion.domain"]._add(run.limits, contacts.mapped("address"))
            traces = self.sudo().create(
                [
                    {
                        "test_mailing_id": mailing.id,
                        "is_test_trace": True,
                        "model": contact._name,
                        "res_id": contact.id,
                        "email": contact.address,
                        "token": new_token(),
                        "trace_status": "process",
                        "attempt_count": 1,
                        "portion_server": run.mail_server.id,
                        "claim_key": run.key,
                        "claim_number": run.next_claim_number(),
                        "portion_datetime": fields.Datetime.now(),
                    }
                    for contact in contacts
                ]
            )
            return [
                Claimed(*(trace[name] for name in ("id", "res_id", *Claimed._fields[2:])))
                for trace in traces
            ]

    @api.model
    def _unfinished(self, mailing):
        """Tell whether messages of a mass email wait, and whether some are on the wire.

        Raw SQL: one look at each of two partial indexes.
        """
        [answer] = self.env.execute_query(
            SQL(
                """
                SELECT %(waits)s,
                       (SELECT id FROM mailing_trace
                         WHERE mass_mailing_id = %(mailing)s AND %(is_claimed)s
                         ORDER BY claim_key LIMIT 1) IS NOT NULL
                """,
                waits=self._waits(SQL("%s", mailing.id)),
                mailing=mailing.id,
                is_claimed=IS_CLAIMED,
            )
        )
        return answer

    @api.model
    def _waits(self, mailing_id):
        """SQL condition: messages of a mass email wait.

        In an order that nothing but the index of what waits has, as ``_claimable``: where much of
        others waits PostgreSQL would sooner read the whole mass email until it meets one.
        """
        return SQL(
            """(
            SELECT id FROM mailing_trace
             WHERE (mass_mailing_id, id) > (%(mailing)s, 0) AND mass_mailing_id <= %(mailing)s
               AND %(is_waiting)s
             ORDER BY mass_mailing_id, id LIMIT 1) IS NOT NULL""",
            mailing=mailing_id,
            is_waiting=IS_WAITING,
        )
