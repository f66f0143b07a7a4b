from . import link_tracker
from . import utm_campaign
