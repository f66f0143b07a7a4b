from datetime import timedelta

from odoo import fields
from odoo.tools import email_normalize

from ...engine.moments import in_words
from .check import Check, is_neutralized, servers_with_senders

# So much later than its scheduled action says a mailbox may be fetched.
LATELY = timedelta(hours=1)


class BounceAddressCheck(Check):
    """Where returned mail goes: to the bounce address, if the mail server is for that."""

    topic = "bounce_address"

    def findings(self):
        companies = self.env["res.company"].sudo().search([])
        addresses = sorted({*companies.mapped("bounce_email")} - {False, ""})
        unheard, heard = self._senders_that_get_it(addresses)
        without = companies.filtered(lambda company: not company.bounce_email)
        if without and (unheard or not heard):
            yield self.warning(
                self.env._(
                    "%s: no bounce address. Returned mail goes to the sender, and the log does not "
                    "learn of it.",
                    ", ".join(without.mapped("name")),
                ),
                self.env._("Set an alias domain with a bounce alias, and give it to the company."),
                "open_alias_domains",
            )
        elif unheard:
            yield self.warning(
                self.env._(
                    "Returned mail goes to %(sender)s, and the log does not learn of it: the mail "
                    "server is for %(filter)s only, not for %(address)s.",
                    sender=unheard[0][0],
                    filter=unheard[0][1],
                    address=", ".join(addresses),
                ),
                self.env._(
                    "Add the bounce address to the FROM Filtering of the server, or fetch the "
                    "sender's mailbox."
                ),
                "open_mail_servers",
            )
        else:
            yield self.good(
                self.env._("Returned mail goes to %s.", ", ".join(sorted({*addresses, *heard})))
            )

    def _senders_that_get_it(self, addresses):
        """Return who gets returned mail herself: (sender, filter) unheard of, senders fetched."""
        servers = self.env["fetchmail.server"].sudo().search([("state", "=", "done")])
        fetched = {email_normalize(user or "") for user in servers.mapped("user")}
        unheard, heard = [], []
        for server, sender in servers_with_senders(self.env):
            allowed = server.from_filter if server else server._get_default_from_filter()
            if any(server._match_from_filter(address, allowed) for address in addresses):
                continue
            sender = email_normalize(sender or "")
            if sender in fetched:
                heard.append(sender)
            else:
                unheard.append((sender, allowed))
        return unheard, heard


class IncomingServerCheck(Check):
    """The mailbox of bounces is fetched."""

    topic = "incoming_server"

    def findings(self):
        servers = self.env["fetchmail.server"].sudo().search([])
        if not servers and is_neutralized(self.env):
            yield self.unchecked(
                self.env._("This is a neutralized copy of a database. It fetches no mailbox.")
            )
        elif not servers:
            yield self.warning(
                self.env._("Odoo fetches no mailbox, so the log does not learn of returned mail."),
                self.env._(
                    "Set up an incoming mail server for the mailbox of bounces, unless your mail "
                    "server hands them to Odoo itself."
                ),
                "open_incoming_servers",
            )
        confirmed = servers.filtered(lambda server: server.state == "done")
        for server in servers:
            yield self._finding(server, confirmed - server)

    def _finding(self, server, others):
        mend = "open_incoming_servers"
        if server.error_date:
            lines = (server.error_message or "").strip().splitlines()
            return self.bad(
                self.env._(
                    "%(server)s could not be fetched: %(error)s",
                    server=server.name,
                    error=lines[-1] if lines else in_words(self.env, server.error_date),
                ),
                self.env._("Correct its log-in, and test it."),
                mend,
            )
        if server.state != "done":
            tell = self.warning if others else self.bad
            return tell(
                self.env._("%s is set up, but not confirmed.", server.name),
                self.env._("Test and confirm it, or archive it."),
                mend,
            )
        if server.server_type == "local":
            return self.unchecked(
                self.env._("%s is handed its mail by a mail server.", server.name)
            )
        lately = fields.Datetime.now() - self._interval() - LATELY
        if not server.date and server.write_date > lately:
            return self.unchecked(self.env._("%s was not fetched yet.", server.name))
        if not server.date:
            return self.bad(
                self.env._("%s was never fetched.", server.name),
                self.env._("See that the scheduled action that fetches mail is on."),
                mend,
            )
        if server.date < lately:
            return self.bad(
                self.env._(
                    "%(server)s was fetched the last time %(date)s.",
                    server=server.name,
                    date=in_words(self.env, server.date),
                ),
                self.env._("See that the scheduled action that fetches mail is on."),
                mend,
            )
        return self.good(
            self.env._(
                "%(server)s was fetched %(date)s.",
                server=server.name,
                date=in_words(self.env, server.date),
            )
        )

    def _interval(self):
        """Return how often Odoo fetches."""
        cron = self.env.ref("mail.ir_cron_mail_gateway_action", raise_if_not_found=False)
        return cron.sudo()._interval() if cron else timedelta()
