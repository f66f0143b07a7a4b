from .installing import make_room, take_over_from_odoo
from .uninstalling import hand_over_to_odoo
