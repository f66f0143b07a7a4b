from . import mailing_list_from_log
from . import mailing_send_test
