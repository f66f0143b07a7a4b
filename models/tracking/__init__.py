from . import mailing_trace_hit
from . import mailing_trace
from . import link_tracker_code
from . import link_tracker
from . import utm_campaign
from . import utm_medium
from . import utm_source
