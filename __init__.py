from . import controllers
from . import delivery
from . import engine
from . import models
from . import report
from . import wizards
from .hooks import hand_over_to_odoo, make_room, take_over_from_odoo
