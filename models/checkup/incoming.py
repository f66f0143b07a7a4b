from datetime import timedelta

from odoo import fields

from ...engine.moments import in_words
from .check import Check

# Odoo fetches every few minutes.
LATELY = timedelta(hours=1)


class BounceAddressCheck(Check):
    """Where returned mail goes."""

    topic = "bounce_address"

    def findings(self):
        companies = self.env["res.company"].sudo().search([])
        without = companies.filtered(lambda company: not company.bounce_email)
        if without:
            yield self.warning(
                self.env._(
                    "%s: no bounce address. Returned mail goes to the sender, and the log does not "
                    "learn of it.",
                    ", ".join(without.mapped("name")),
                ),
                self.env._("Set an alias domain with a bounce alias, and give it to the company."),
                "open_alias_domains",
            )
        else:
            yield self.good(
                self.env._(
                    "Returned mail goes to %s.",
                    ", ".join(sorted(set(companies.mapped("bounce_email")))),
                )
            )


class IncomingServerCheck(Check):
    """The mailbox of bounces is fetched."""

    topic = "incoming_server"

    def findings(self):
        servers = self.env["fetchmail.server"].sudo().search([])
        if not servers:
            yield self.warning(
                self.env._("Odoo fetches no mailbox, so the log does not learn of returned mail."),
                self.env._(
                    "Set up an incoming mail server for the mailbox of bounces, unless your mail "
                    "server hands them to Odoo itself."
                ),
                "open_incoming_servers",
            )
        for server in servers:
            yield self._finding(server)

    def _finding(self, server):
        mend = "open_incoming_servers"
        if server.state != "done":
            return self.bad(
                self.env._("%s is set up, but not confirmed.", server.name),
                self.env._("Test and confirm it."),
                mend,
            )
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
        if server.server_type == "local":
            return self.unchecked(
                self.env._("%s is handed its mail by a mail server.", server.name)
            )
        if not server.date:
            return self.bad(
                self.env._("%s was never fetched.", server.name),
                self.env._("See that the scheduled action that fetches mail is on."),
                mend,
            )
        if server.date < fields.Datetime.now() - LATELY:
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
