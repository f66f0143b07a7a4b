from . import mailing_address_flags
from . import mailing_address_lookup
from . import mailing_contact_import
from . import mailing_list_add
from . import mailing_list_from_log
from . import mailing_list_merge
from . import mailing_mailing_test
from . import mailing_send_test
