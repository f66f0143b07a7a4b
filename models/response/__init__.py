from . import mailing_trace_event
from . import mailing_trace
from . import mailing_mailing
from . import link_tracker_click
from . import crm_lead
from . import mail_thread
