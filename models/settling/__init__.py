from . import mailing_journal_ack
