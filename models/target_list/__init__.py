from . import mailing_list_category
from . import mailing_contact
from . import mailing_list
from . import mailing_opt_out
from . import mailing_subscription
