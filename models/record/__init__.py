from . import mail_thread_blacklist
from . import mailing_target_mixin
from . import mailing_contact
from . import mailing_subscription
from . import mailing_mailing
from . import mailing_trace
from . import mailing_trace_event
