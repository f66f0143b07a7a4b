from odoo import fields, models


class MailingJournalAck(models.Model):
    """The result of one transmission, written before its SMTP session gets the next message.

    A narrow row without a disk write behind it; ``mailing.journal.run`` carries many of them over
    to the messages at once.
    """

    _name = "mailing.journal.ack"
    _description = "Journal of Sending: Acknowledgement"
    _rec_name = "trace_id"
    _log_access = False

    run_key = fields.Char(required=True, readonly=True)
    trace_id = fields.Integer(required=True, readonly=True)
    claim_number = fields.Integer(
        required=True, readonly=True, help="The claim of the message that this is the result of."
    )
    outcome = fields.Char(required=True, readonly=True)
    reply = fields.Char(readonly=True)
    message_id = fields.Char(readonly=True)
    ack_datetime = fields.Datetime(required=True, readonly=True)

    _run_idx = models.Index("(run_key, id)")

    def init(self):
        self.env.cr.execute("ALTER TABLE mailing_journal_ack SET UNLOGGED")
