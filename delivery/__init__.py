"""The engine in plain Python: nothing here imports Odoo.

* ``placeholders``: ``{optOutUrl}`` and ``{trackingUrl:ID}`` in a body, filled in one pass;
* ``skeleton``: a message compiled once, spliced per recipient;
* ``address``: the one form of an address on the wire;
* ``header``: header values on the wire;
* ``envelope``: a message ready for the wire;
* ``line``: the bytes of one SMTP session, with TLS or without;
* ``reply``: what a server replies and what that means;
* ``transport``: one message after the other over one session;
* ``wire``: all sessions at once, in one thread;
* ``opening``: further sessions, opened side by side;
* ``allowance``: how many of them the server allows;
* ``gathering``: how long results wait for others;
* ``pool``: messages over several sessions;
* ``portion``: how many messages may still leave in this hour;
* ``forecast``: when the last of some leaves by that;
* ``mime``: the parts of a mail that anybody may have sent;
* ``report``: a message that came back, read; ``free_form``: one that is no report by the book;
* ``bounce``, ``bounce_words``: what it means for the address;
* ``reference``: by what a returned message names the one it was;
* ``robots``: machines that fetch links and pixels;
* ``token``: the secret in a recipient's links.
"""

from . import address
from . import allowance
from . import bounce
from . import bounce_words
from . import envelope
from . import forecast
from . import free_form
from . import gathering
from . import header
from . import line
from . import mime
from . import opening
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
from . import wire
