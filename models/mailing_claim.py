# Claims are committed on purpose: others must see them at once.
# pylint: disable=invalid-commit
from collections import namedtuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import retrying
from odoo.tools import SQL

from ..delivery.token import new_token

# A queue row that a run has claimed.
Claimed = namedtuple("Claimed", "id contact_id email token attempt_count")


class MailingMailing(models.Model):
    """Rows taken out of the queue, as far as the limits allow.

    A claim is committed before anything is sent, so that no other run can send the same rows.
    Within a run rows are sent in the order of ``claim_number`` and id: what a killed run had on
    the wire is therefore among the first that it did not acknowledge.
    """

    _inherit = "mailing.mailing"

    @api.model
    def _is_waiting(self):
        """SQL condition: a queue row that may be claimed now."""
        return SQL(
            "token IS NOT NULL AND trace_status = 'outgoing'"
            " AND (retry_datetime IS NULL OR retry_datetime <= %s)",
            fields.Datetime.now(),
        )

    def _claim(self, run, limit):
        """Take rows out of the queue for a run; committed on return.

        Everybody is judged again: who opted out or was excluded while waiting is not mailed.

        :param run: the ``Sender``
        :return: list of Claimed, empty when nobody waits or a limit is reached
        """
        self.ensure_one()
        return retrying(lambda: self._claim_once(run, limit), self.env)

    def _claim_once(self, run, limit):
        claimed = []
        with self._claiming():
            while not claimed and (size := min(limit, self._quota_left(run.mail_server))):
                rows = self._claim_rows(run, size)
                if not rows:
                    break
                claimed = [Claimed(*row[1:]) for row in rows if row[0] == "process"]
        self.env["mailing.trace"].invalidate_model()
        return sorted(claimed)

    def _claim_rows(self, run, size):
        """Raw SQL: judge and claim in one statement, however many rows wait."""
        return self.env.execute_query(
            SQL(
                """
                WITH next AS MATERIALIZED (%(claimable)s), judged AS (
                    SELECT next.id, excluding.list_id, objection.reason
                      FROM next
                      LEFT JOIN mailing_contact contact ON contact.id = next.res_id
                      %(objection)s
                )
                UPDATE mailing_trace trace
                   SET trace_status =
                           CASE WHEN judged.reason IS NULL THEN 'process' ELSE 'cancel' END,
                       failure_type = judged.reason,
                       excluding_list_id = judged.list_id,
                       attempt_count = trace.attempt_count + (judged.reason IS NULL)::int,
                       portion_datetime = CASE WHEN judged.reason IS NULL THEN %(now)s END,
                       mail_server_id = %(mail_server)s,
                       claim_key = CASE WHEN judged.reason IS NULL THEN %(run)s END,
                       claim_number = %(number)s
                  FROM judged
                 WHERE trace.id = judged.id
             RETURNING trace.trace_status, trace.id, trace.res_id, trace.email, trace.token,
                       trace.attempt_count
                """,
                claimable=self._claimable(size, SQL("FOR UPDATE SKIP LOCKED")),
                objection=self._objection(SQL("next.email")),
                now=fields.Datetime.now(),
                mail_server=run.mail_server.id or None,
                run=run.key,
                number=run.next_claim_number(),
            )
        )

    def _claim_test(self, run, contacts):
        """Make and claim a test message for each of some contacts."""
        if not contacts:
            return []
        with self._claiming():
            if self._quota_left(run.mail_server) < len(contacts):
                raise UserError(
                    self.env._(
                        "The hourly portion is used up. The next message can be sent at %s.",
                        fields.Datetime.context_timestamp(self, self._quota_frees_at()),
                    )
                )
            traces = (
                self.env["mailing.trace"]
                .sudo()
                .create(
                    [
                        {
                            "test_mailing_id": self.id,
                            "is_test_trace": True,
                            "model": contact._name,
                            "res_id": contact.id,
                            "email": contact.email_normalized,
                            "token": new_token(),
                            "trace_status": "process",
                            "attempt_count": self._max_attempts(),  # a test is tried once
                            "mail_server_id": run.mail_server.id,
                            "claim_key": run.key,
                            "claim_number": run.next_claim_number(),
                            "portion_datetime": fields.Datetime.now(),
                        }
                        for contact in contacts
                    ]
                )
            )
            return [
                Claimed(trace.id, trace.res_id, trace.email, trace.token, trace.attempt_count)
                for trace in traces
            ]
