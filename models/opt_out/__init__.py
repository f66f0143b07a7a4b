from . import mailing_list
from . import mailing_opt_out
from . import mailing_subscription
from . import mailing_trace
