from . import link_tracker
from . import mailing_trace_event
from . import mailing_trace_report
from . import utm_campaign
from . import utm_source
