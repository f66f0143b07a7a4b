# Results are committed on purpose: others must see them at once.
# pylint: disable=invalid-commit
import json

from odoo import api, fields, models

from ...engine.turns import make_unlogged


class MailingJournalAck(models.Model):
    """The result of one transmission, and a message that was begun with it.

    Written before the SMTP session sends the content of its next message: what was begun and has
    no result is what a killed run can have had on the wire. A narrow row without a disk write
    behind it; the room ``settling`` carries many of them over to the messages at once.
    """

    _name = "mailing.journal.ack"
    _description = "Journal of Sending: Acknowledgement"
    _rec_name = "trace_id"
    _log_access = False

    run_key = fields.Char(required=True, readonly=True)
    trace_id = fields.Integer(readonly=True, help="Empty where something was begun only.")
    claim_number = fields.Integer(
        readonly=True, help="The claim of the message that this is the result of."
    )
    begun_trace_id = fields.Integer("Begun", readonly=True)
    begun_claim_number = fields.Integer("Claim of What Was Begun", readonly=True)
    outcome = fields.Char(readonly=True)
    reply = fields.Char(readonly=True)
    message_id = fields.Char(readonly=True)
    ack_datetime = fields.Datetime(required=True, readonly=True)

    _run_idx = models.Index("(run_key, id)")

    def init(self):
        make_unlogged(self.env.cr, self._table)

    @api.model
    def _prepare(self, cr):
        """Have PostgreSQL plan once what a session acknowledges with: planning took half of it.

        It stays prepared in the session, which may be that of a run before.
        """
        cr.execute("SELECT FROM pg_prepared_statements WHERE name = 'mailing_journal_acks'")
        if not cr.rowcount:
            cr.execute(
                """
                PREPARE mailing_journal_acks (text, timestamp, json, boolean) AS
                INSERT INTO mailing_journal_ack (
                    run_key, ack_datetime, claim_number, trace_id, outcome, reply, message_id,
                    begun_claim_number, begun_trace_id)
                SELECT $1, $2, claim_number, trace_id, outcome, reply, message_id,
                       begun_claim_number, begun_trace_id
                  FROM json_to_recordset($3) AS ack (
                    claim_number int, trace_id int, outcome text, reply text, message_id text,
                    begun_claim_number int, begun_trace_id int)
                 WHERE $4 OR EXISTS (SELECT FROM mailing_journal_run WHERE key = $1)
                """
            )

    @api.model
    def _acknowledge(self, cr, key, results, is_over=False, begun=()):
        """Write results, and what goes out next, to the journal; committed on return.

        Raw SQL: once every few messages, so nothing else weighs as much. Unless the run is over,
        the cursor is that of ``mailing.journal.run._alive``, where it is prepared.

        :param results: list of (claim number, Result)
        :param is_over: write them down though the run is not in the journal any more
        :param begun: list of (claim number, id); which result they stand beside does not matter
        :return: False when others took this run for dead; it must stop, nothing was written
        """
        if is_over:
            self._prepare(cr)
        rows = [
            {
                "claim_number": number,
                "trace_id": result.key,
                "outcome": result.outcome.value,
                "reply": result.reply,
                "message_id": result.message_id,
            }
            for number, result in results
        ]
        rows += [{} for _each in begun[len(rows) :]]
        for row, (number, trace_id) in zip(rows, begun, strict=False):
            row |= {"begun_claim_number": number, "begun_trace_id": trace_id}
        # as JSON, for psycopg2 takes half a transmission to write out lists
        acks = json.dumps(rows, ensure_ascii=False)
        cr.execute(
            "EXECUTE mailing_journal_acks (%s, %s, %s, %s)",
            [key, fields.Datetime.now(), acks, is_over],
        )
        is_alive = cr.rowcount > 0
        cr.commit()
        return is_alive
