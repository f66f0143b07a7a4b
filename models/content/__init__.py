from . import ir_qweb
from . import mailing_mailing
