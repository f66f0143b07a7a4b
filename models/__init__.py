# the rooms, in the order of a message's life
from . import settings
from . import campaign
from . import message
from . import audience
from . import criteria
from . import filling
from . import keeping
from . import target_list
from . import mass_email
from . import content
from . import standard
from . import sending
from . import response
from . import statistics
