from . import mailing_journal_ack
from . import mailing_trace
