from datetime import timedelta

from odoo import fields

from ...engine.moments import in_words
from .check import Check, is_neutralized

# So much later than its scheduled action says a mailbox may be fetched.
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
