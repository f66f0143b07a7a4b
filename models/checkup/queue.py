from odoo.tools import format_datetime

from ...engine.limits import Limits, SendingHours
from ...engine.troubles import explained
from ..sending.mailing_mailing import UNDER_WAY
from .check import Check

# Issues that are told one by one.
MOST_ISSUES = 5


class WaitingCheck(Check):
    """What is under way and does not go out, by the reason that stands on it."""

    topic = "waiting"

    def findings(self):
        mailings = self.env["mailing.mailing"].search(
            [("delivery_mode", "=", "portions"), ("state", "in", UNDER_WAY)]
        )
        troubled = mailings.filtered("delivery_issue")
        for issue, stopped in [*troubled.grouped("delivery_issue").items()][:MOST_ISSUES]:
            yield self.bad(
                self.env._(
                    "Waiting: %(count)s. %(issue)s",
                    count=len(stopped),
                    issue=explained(self.env, issue),
                ),
                self.env._("See to what the mail server says, then try again."),
                "open_waiting",
            )
        others = mailings - troubled
        paused = others.filtered("is_paused")
        inactive = (others - paused).filtered(
            lambda mailing: mailing.campaign_id.campaign_status == "inactive"
        )
        if paused:
            yield self.warning(
                self.env._("Paused by a user: %s.", len(paused)),
                self.env._("Resume what shall go out."),
                "open_waiting",
            )
        if inactive:
            yield self.warning(
                self.env._("In an inactive campaign: %s.", len(inactive)),
                self.env._("Set the campaign Active."),
                "open_waiting",
            )
        hours = SendingHours(self.env)
        if mailings and not hours.are_open():
            yield self.warning(
                self.env._(
                    "Outside the sending hours; the next begin at %s.",
                    format_datetime(self.env, hours.open_at()),
                ),
                self.env._("Wait, or change the sending hours."),
                "open_settings",
            )
        elif not (troubled or paused or inactive):
            yield self.good(
                self.env._("Under way: %s. Nothing holds them up.", len(mailings))
                if mailings
                else self.env._("No mass email is pending or in process.")
            )


class PortionCheck(Check):
    """How much of the hour is used."""

    topic = "portion"

    def findings(self):
        limits = Limits(self.env, self.env["ir.mail_server"])
        size = self.env["ir.config_parameter"]._mass_email_setting("portion_size")
        left = limits.left()
        if left:
            yield self.good(
                self.env._(
                    "%(left)s of %(size)s may still leave within this hour.", left=left, size=size
                )
            )
        else:
            yield self.warning(
                self.env._(
                    "All %(size)s of this hour are used. The next may leave at %(time)s.",
                    size=size,
                    time=format_datetime(self.env, limits.frees_at()),
                ),
                self.env._("Wait, or raise the hourly portion if your provider allows more."),
                "open_settings",
            )
