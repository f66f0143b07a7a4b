from . import controllers
from . import delivery
from . import models
from . import wizards
