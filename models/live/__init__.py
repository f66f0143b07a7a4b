from . import mailing_mailing
from . import ir_websocket
