from . import mailing_contact
from . import mailing_contact_to_list
from . import mailing_list
from . import mailing_list_criterion
from . import mailing_mailing
from . import mailing_subscription
