from . import checkup
from . import opt_out
from . import standard_opt_out
from . import tracking
