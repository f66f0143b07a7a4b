import importlib
from typing import NamedTuple

from odoo import SUPERUSER_ID
from odoo.tools import email_normalize

# How many of the addresses that mass emails are sent from are looked at.
MOST_SENDERS = 5


class Finding(NamedTuple):
    """What a check found.

    :ivar topic: key of ``TOPICS`` of ``mailing.checkup.finding``
    :ivar grade: ``good``, ``unchecked``, ``warning`` or ``bad``
    :ivar words: what is the case
    :ivar remedy: what to do about it
    :ivar mend: key of ``MENDS`` of ``mailing.checkup.finding``, the button that helps
    """

    topic: str
    grade: str
    words: str
    remedy: str = ""
    mend: str = ""


class Check:
    """One matter that sending, or what comes back, hangs on.

    It only looks, and may be asked at any time. Where it asks other machines it must not be called
    in a transaction (``mailing.checkup.finding._look``).

    :cvar topic: key of ``TOPICS``
    :cvar asks_others: whether it waits for other machines
    """

    topic = ""
    asks_others = False

    def __init__(self, env):
        self.env = env

    def findings(self):
        """Yield what is found: at least one Finding."""
        raise NotImplementedError

    def good(self, words, mend=""):
        return Finding(self.topic, "good", words, mend=mend)

    def unchecked(self, words, remedy=""):
        return Finding(self.topic, "unchecked", words, remedy)

    def warning(self, words, remedy, mend=""):
        return Finding(self.topic, "warning", words, remedy, mend)

    def bad(self, words, remedy, mend=""):
        return Finding(self.topic, "bad", words, remedy, mend)


def mass_emails_to_come(env):
    """Return the mass emails whose senders and mail servers matter: not Complete, newest first."""
    return env["mailing.mailing"].search(
        [("delivery_mode", "=", "portions"), ("state", "!=", "done")],
        order="id DESC",
        limit=MOST_SENDERS,
    )


def usual_sender(env):
    """Return the address that is sent from when nobody chooses one."""
    default = env["ir.mail_server"]._get_default_from_address()
    return default or env.company.email or reader(env).email


def reader(env):
    """Return who looks; where that is the scheduled action, the administrator.

    The address of OdooBot is nobody's, and mail servers refuse it.
    """
    if env.uid != SUPERUSER_ID:
        return env.user
    admin = env.ref("base.user_admin", raise_if_not_found=False)
    return (admin or env["res.users"]).sudo()


def servers_with_senders(env):
    """Return the servers that mass emails go through, each with an address it is used by.

    :return: list of (``ir.mail_server``, empty for that of the command line; sender)
    """
    servers = env["ir.mail_server"].sudo()
    pairs = {}
    for mailing in mass_emails_to_come(env):
        server, sender = servers._for_mass_email(mailing)
        pairs.setdefault((server.sudo(), email_normalize(sender or "")), sender)
    used = servers.union(*(server for server, _address in pairs))
    for server in (servers._flagged_for_mass_emails() or shared_servers(env)) - used:
        pairs[server, None] = _sender_of(server)
    found = [(server, sender) for (server, _address), sender in pairs.items()]
    return found or [(servers, usual_sender(env))]


def shared_servers(env):
    """Return the mail servers that are nobody's own."""
    servers = env["ir.mail_server"].sudo()
    return servers.search(servers._find_mail_server_allowed_domain())


def _sender_of(server):
    """Return whom mass emails through a server come from when nobody chooses."""
    usual = usual_sender(server.env)
    if server.mass_email_from or server._match_from_filter(usual, server.from_filter):
        return server.mass_email_from or usual
    return server._get_test_email_from()


def sender_domains(env):
    """Return the domains that mass emails are sent from, sorted."""
    senders = (email_normalize(sender or "") for _server, sender in servers_with_senders(env))
    return sorted({sender.partition("@")[2] for sender in filter(None, senders)})


def is_neutralized(env):
    """Tell whether Odoo switched off in this database whatever reaches others."""
    return bool(env["ir.config_parameter"].sudo().get_param("database.is_neutralized"))


def is_installed(library):
    """Tell whether a library that is no dependency is there."""
    return importlib.util.find_spec(library) is not None
