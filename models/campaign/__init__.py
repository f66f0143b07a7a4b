from . import link_tracker
from . import mailing_mailing
from . import utm_campaign
