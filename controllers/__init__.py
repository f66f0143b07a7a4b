from . import opt_out
from . import tracking
