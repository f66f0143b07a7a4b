from . import ir_config_parameter
from . import mailing_journal_run
from . import mailing_mailing
