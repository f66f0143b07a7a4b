from . import ir_config_parameter
from . import mailing_checkup_finding
