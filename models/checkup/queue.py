from ...engine.limits import Limits, SendingHours
from ...engine.moments import until
from ...engine.troubles import explained
from ..sending.mailing_mailing import UNDER_WAY
from .check import Check

# Reasons that are told one by one.
MOST_REASONS = 5


class WaitingCheck(Check):
    """What is under way and does not go out, by the reason that stands on it."""

    topic = "waiting"

    def findings(self):
        mailings = (
            self.env["mailing.mailing"]
            .with_context(active_test=False)
            .search([("delivery_mode", "=", "portions"), ("state", "in", UNDER_WAY)])
        )
        stopped = mailings.grouped(lambda mailing: mailing._why_somebody_stopped_it())
        going = stopped.pop(False, mailings.browse())
        troubled = going.filtered("delivery_issue")
        for issue, group in [*troubled.grouped("delivery_issue").items()][:MOST_REASONS]:
            yield self.bad(
                self._waiting(group, explained(self.env, issue)),
                self.env._("See to what the mail server says, then try again."),
                "open_waiting",
            )
        for reason, group in [*stopped.items()][:MOST_REASONS]:
            yield self.warning(
                self._waiting(group, reason),
                self.env._(
                    "Resume it, or set its campaign Active or unarchive it, if it shall go out."
                ),
                "open_waiting",
            )
        flowing = going - troubled
        hours = SendingHours(self.env)
        if mailings and (reason := hours.why_closed()):
            tell = self.bad if hours.why_never_open() else self.warning
            yield tell(reason, self.env._("Wait, or change the sending hours."), "open_settings")
        elif flowing:
            yield self.good(self.env._("Under way: %s. None of them is stopped.", len(flowing)))
        elif not mailings:
            yield self.good(self.env._("No mass email is pending or in process."))

    def _waiting(self, mailings, reason):
        return self.env._("Waiting: %(count)s. %(reason)s", count=len(mailings), reason=reason)


class PortionCheck(Check):
    """How much of the hour is used."""

    topic = "portion"

    def findings(self):
        servers = self.env["ir.mail_server"].sudo()
        limits = Limits(self.env, servers)
        size = self.env["ir.config_parameter"]._mass_email_setting("portion_size")
        left = limits.left()
        if not left:
            yield self.warning(
                self.env._(
                    "All %(size)s of this hour are used until %(time)s.",
                    size=size,
                    time=until(self.env, limits.frees_at()),
                ),
                self._wait_or_raise(),
                "open_settings",
            )
            return
        yield self.good(
            self.env._(
                "%(left)s of %(size)s may still leave within this hour.", left=left, size=size
            )
        )
        for server in servers.search([("mass_email_portion_size", ">", 0)]):
            limits = Limits(self.env, server)
            if not limits.left():
                yield self.warning(
                    self.env._(
                        "%(server)s: all %(size)s of this hour are used until %(time)s.",
                        server=server.name,
                        size=server.mass_email_portion_size,
                        time=until(self.env, limits.frees_at()),
                    ),
                    self._wait_or_raise(),
                    "open_mail_servers",
                )

    def _wait_or_raise(self):
        return self.env._("Wait, or raise the hourly portion if your provider allows more.")
