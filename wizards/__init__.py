from . import mailing_list_choice_mixin

from . import mailing_address_flags
from . import mailing_address_lookup
from . import mailing_check
from . import mailing_contact_import
from . import mailing_list_add
from . import mailing_list_from_log
from . import mailing_list_from_log_presets
from . import mailing_list_from_log_ticked
from . import mailing_mailing
from . import mailing_list_merge
from . import mailing_mailing_test
from . import mailing_preview
from . import mailing_save_template
from . import mailing_send_test
