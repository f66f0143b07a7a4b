from odoo import fields, models


class MailingJournalRun(models.Model):
    """A run of sending, for as long as it lasts.

    Written before its first claim, deleted with its last settle. A run whose database session is
    gone was killed; the next run of whatever process settles what it acknowledged, puts in doubt
    what it can have had on the wire, and returns the rest of its claims to the queue.

    The journal is unlogged: PostgreSQL empties it when it recovers from a crash of its own. So
    where a run is there, all its acknowledgements are; and rows claimed by a run that is not
    there are in doubt, every one.
    """

    _name = "mailing.journal.run"
    _description = "Journal of Sending: Run"
    _rec_name = "key"
    _log_access = False

    key = fields.Char(required=True, readonly=True)
    backend = fields.Char("Database Session", required=True, readonly=True)
    session_count = fields.Integer("SMTP Sessions", required=True, readonly=True)

    _key_uniq = models.UniqueIndex("(key)")

    def init(self):
        self.env.cr.execute("ALTER TABLE mailing_journal_run SET UNLOGGED")


class MailingJournalAck(models.Model):
    """The result of one transmission, written before its SMTP session gets the next message.

    A narrow row without a disk write behind it; ``mailing.mailing._settle`` carries many of them
    over to the messages at once.
    """

    _name = "mailing.journal.ack"
    _description = "Journal of Sending: Acknowledgement"
    _rec_name = "trace_id"
    _log_access = False

    run_key = fields.Char(required=True, readonly=True)
    trace_id = fields.Integer(required=True, readonly=True)
    outcome = fields.Char(required=True, readonly=True)
    reply = fields.Char(readonly=True)
    message_id = fields.Char(readonly=True)
    ack_datetime = fields.Datetime(required=True, readonly=True)

    _run_idx = models.Index("(run_key, id)")

    def init(self):
        self.env.cr.execute("ALTER TABLE mailing_journal_ack SET UNLOGGED")
