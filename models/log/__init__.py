from . import mailing_trace_event
from . import mailing_mailing
from . import utm_campaign
