from . import controllers
from . import delivery
from . import engine
from . import models
from . import wizards
from .hooks import remember_earlier_opt_outs
