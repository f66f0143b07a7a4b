from . import mailing_trace_event
from . import mailing_trace
from . import link_tracker_click
from . import mail_thread
