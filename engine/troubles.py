import re

from odoo.addons.base.models.ir_qweb import QWebError

from ..delivery.reply import Trouble, find_trouble

# What Python says of a field that is misspelt, in a body and in a subject.
NO_ATTRIBUTE = re.compile(
    r"""(?:AttributeError(?::[ ]|\(["']))?'[\w.]+'[ ]object[ ]has[ ]no[ ]attribute[ ]'(\w+)'
    (?:["']\)[ ]while[ ]evaluating[ ](.*))?""",
    re.VERBOSE,
)


def explained(env, words):
    """Return words of the system with what they mean, in the user's language, before them.

    :param words: of an error, as ``delivery.reply.describe`` has them, perhaps behind a name;
        whatever else they are, they stay as they are
    """
    trouble, start = find_trouble(words)
    if not trouble:
        return words
    meaning = {
        Trouble.NO_HOST: env._("There is no host of this name"),
        Trouble.NO_DNS: env._("The name of the host cannot be looked up right now"),
        Trouble.REFUSED: env._("No mail server takes connections at this host and port"),
        Trouble.UNREACHABLE: env._("The host cannot be reached from here"),
        Trouble.SILENT: env._("The server does not answer in time"),
        Trouble.CLOSED: env._("The server closed the connection"),
        Trouble.CERTIFICATE: env._("The certificate of the server is not trusted"),
        Trouble.ENCRYPTION: env._("No encrypted connection came about at this port"),
        Trouble.NO_STARTTLS: env._("The server offers no encryption by STARTTLS"),
        Trouble.NO_LOGIN: env._("The server offers no log-in at this port"),
    }[trouble]
    return f"{words[:start]}{meaning} ({words[start:].rstrip('.')})"


def why_not_filled_in(env, error):
    """Return in a line why Odoo's renderer failed; its own words hold the whole letter."""
    cause = error.__cause__ or error
    if isinstance(cause, QWebError):
        cause = f"{cause.qweb.element or ''} {cause.qweb.error}"

    def no_field(match):
        words = env._("There is no field “%s”.", match[1])  # in an f-string it is not exported
        return f"{match[2] or ''} {words}".strip()

    return NO_ATTRIBUTE.sub(no_field, " ".join(str(cause).split()))
