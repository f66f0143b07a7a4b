from . import ir_config_parameter
from . import res_config_settings
from . import resource_calendar
