from . import ir_mail_server
from . import ir_cron
from . import mailing_portion_count
from . import mailing_portion_domain
from . import mailing_trace
from . import mailing_journal_run
from . import mailing_journal_ack
from . import mailing_mailing
