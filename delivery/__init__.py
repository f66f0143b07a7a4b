"""The engine in plain Python: nothing here imports Odoo.

* ``placeholders``: ``{optOutUrl}`` and ``{trackingUrl:ID}`` in a body, filled in one pass;
* ``skeleton``: a message compiled once, spliced per recipient;
* ``address``: the one form of an address on the wire;
* ``header``: header values on the wire;
* ``envelope``: a message ready for the wire;
* ``transport``: one message after the other over one SMTP session;
* ``reply``: what a server's reply means;
* ``pool``, ``worker``: several sessions in threads;
* ``portion``: how many messages may still leave in this hour;
* ``report``: a message that came back, read;
* ``bounce``, ``bounce_words``: what it means for the address;
* ``reference``: by what a returned message names the one it was;
* ``robots``: machines that fetch links and pixels;
* ``token``: the secret in a recipient's links.
"""

from . import address
from . import bounce
from . import bounce_words
from . import envelope
from . import header
from . import placeholders
from . import pool
from . import portion
from . import reference
from . import reply
from . import report
from . import robots
from . import skeleton
from . import token
from . import transport
from . import worker
