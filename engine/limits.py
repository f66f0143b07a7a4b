from collections import Counter
from datetime import UTC, timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..delivery.forecast import Gate
from ..delivery.portion import Portion
from .moments import in_words, until

# How far ahead the next sending hours are looked for.
HORIZON = timedelta(days=28)
# The places that a row has in the portions; it has a token, for rows of Odoo's own mailings are
# every marketer's to write.
PLACES = SQL("COALESCE(portion_places, 1)")
RECIPIENT_DOMAIN = SQL("SPLIT_PART(email, '@', 2)")


class Limits:
    """How much may leave right now through a mail server, and when more may.

    In any rolling 60 minutes no more leaves than the hourly portion, over everything; than the
    portion of a mail server, through it; than the portion of a recipient domain, to it. Nothing
    leaves outside the sending hours.

    :param mail_server: the ``ir.mail_server`` to send through; empty for that of the command line
    :ivar domain_portion: ``Portion`` of a recipient domain; None when there is none
    """

    def __init__(self, env, mail_server):
        self.env = env
        self.mail_server = mail_server
        setting = env["ir.config_parameter"]._mass_email_setting
        self._portion = Portion(setting("portion_size"))
        self._server_portion = Portion(mail_server.mass_email_portion_size or self._portion.size)
        domain_portion_size = setting("domain_portion_size")
        self.domain_portion = Portion(domain_portion_size) if domain_portion_size else None

    def left(self):
        """Return how many messages may be claimed now."""
        return min(portion.left(used) for portion, used, _oldest in self._used())

    def left_to_claim(self, most):
        """Return how many messages whoever has the turn to claim may claim, up to so many."""
        counts = self.env["mailing.portion.count"]
        portions = [self._portion, self._server_portion]
        # where the one of the command line sends, there is no count of its own
        servers = counts._servers(self.mail_server)
        kept = counts._kept(servers) or []
        if kept and all(p.left(used) >= most for p, used in zip(portions, kept, strict=False)):
            return most
        used = self._used()
        counts._keep(servers, [count for _portion, count, _oldest in used])
        return min(most, *(portion.left(count) for portion, count, _oldest in used))

    def frees_at(self):
        """Return when a place is free: now, or when the oldest leaves the full portions."""
        full = [
            portion.frees_at(oldest)
            for portion, used, oldest in self._used()
            if not portion.left(used)
        ]
        return max([fields.Datetime.now(), *full])

    def check_leave(self, addresses):
        """Check that tests to all of these addresses may leave now.

        :raise UserError: they may not, in the user's words
        """
        left = self.left()
        if not left:
            raise UserError(
                self.env._(
                    "The hourly portion is used up, and tests count in it. The next message can be "
                    "sent %s.",
                    in_words(self.env, self.frees_at()),
                )
            )
        if left < len(addresses):
            raise UserError(
                self.env._(
                    "The hourly portion, in which tests count, leaves %s more. Choose fewer "
                    "targets.",
                    left,
                )
            )
        if full := self._full_domains(addresses):
            raise UserError(
                self.env._("The hourly portion leaves too few messages to %s.", ", ".join(full))
            )

    def _full_domains(self, addresses):
        """Return the domains that cannot get messages to all of these addresses."""
        if not self.domain_portion:
            return []
        counts = Counter(address.partition("@")[2] for address in addresses)
        for domain, used, *_rest in self.env.execute_query(self.used_by_domain()):
            if domain in counts:
                counts[domain] += used
        return [domain for domain, count in counts.items() if count > self.domain_portion.size]

    def _used(self):
        """Return each portion with what left within its window, and when the first of it did.

        Raw SQL: asked for once per claim, answered from one partial index.
        """
        self.env["mailing.trace"].flush_model(
            ["portion_datetime", "portion_places", "portion_server"]
        )
        [(count, oldest, server_count, server_oldest)] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(SUM(%(places)s), 0), MIN(portion_datetime),
                       COALESCE(SUM(%(places)s) FILTER (WHERE portion_server = %(server)s), 0),
                       MIN(portion_datetime) FILTER (WHERE portion_server = %(server)s)
                  FROM mailing_trace
                 WHERE portion_datetime > %(window_start)s AND token IS NOT NULL
                """,
                places=PLACES,
                server=self.mail_server.id or None,
                window_start=self._portion.window_start(fields.Datetime.now()),
            )
        )
        return [
            (self._portion, count, oldest),
            (self._server_portion, server_count, server_oldest),
        ]

    def per_hour(self):
        """Return how many may leave in an hour."""
        return min(self._portion.size, self._server_portion.size)

    def gates(self):
        """Return the portions, and what of them is taken, for a forecast.

        Raw SQL: a line for each minute, however many left.
        """
        self.env["mailing.trace"].flush_model(
            ["portion_datetime", "portion_places", "portion_server"]
        )
        minutes = self.env.execute_query(
            SQL(
                """
                SELECT MAX(portion_datetime), SUM(%(places)s),
                       COALESCE(SUM(%(places)s) FILTER (WHERE portion_server = %(server)s), 0)
                  FROM mailing_trace
                 WHERE portion_datetime > %(window_start)s AND token IS NOT NULL
                 GROUP BY DATE_TRUNC('minute', portion_datetime)
                """,
                places=PLACES,
                server=self.mail_server.id or None,
                window_start=self._portion.window_start(fields.Datetime.now()),
            )
        )
        return [
            Gate(self._portion, [(last, count) for last, count, _by_server in minutes]),
            Gate(self._server_portion, [(last, count) for last, _all, count in minutes if count]),
        ]

    def used_by_domain(self):
        """SQL query of what recipient domains got within the window of their portion."""
        return SQL(
            """
            SELECT %(domain)s AS domain, SUM(%(places)s) AS count,
                   SUM(%(places)s) >= %(size)s AS is_full,
                   MIN(portion_datetime) AS oldest
              FROM mailing_trace
             WHERE portion_datetime > %(window_start)s AND token IS NOT NULL
             GROUP BY 1
            """,
            domain=RECIPIENT_DOMAIN,
            places=PLACES,
            size=self.domain_portion.size,
            window_start=self.domain_portion.window_start(fields.Datetime.now()),
        )


class SendingHours:
    """When mass emails may leave: in the hours of a working schedule, or always.

    :param calendar: the working schedule; that of the settings when it is left out
    """

    def __init__(self, env, calendar=None):
        if calendar is None:
            calendar_id = env["ir.config_parameter"]._mass_email_setting("calendar_id")
            calendar = env["resource.calendar"].browse(calendar_id)
        self.env = env
        self._calendar = calendar.sudo().exists()

    def __bool__(self):
        """Tell whether there are hours in which mass emails may not leave."""
        return bool(self._calendar)

    def open_at(self):
        """Return since when, or from when on, mass emails may leave."""
        now = fields.Datetime.now()
        return next((start for start, _stop in self.intervals(now)), now + HORIZON)

    def intervals(self, since):
        """Yield (start, stop) of when mass emails may leave, from a moment on."""
        end = since + HORIZON
        if not self._calendar:
            yield since, end
            return
        intervals = self._calendar._work_intervals_batch(
            since.replace(tzinfo=UTC), end.replace(tzinfo=UTC), domain=self._holidays()
        )
        for interval in intervals[False]:
            start, stop = (each.astimezone(UTC).replace(tzinfo=None) for each in interval[:2])
            if stop > since:
                yield start, stop

    def _holidays(self):
        """Domain of what Odoo takes off the hours: not the holidays of other companies."""
        holidays = [("time_type", "=", "leave")]
        if company := self._calendar.company_id:
            holidays += [("company_id", "in", [False, company.id])]
        return holidays

    def are_open(self):
        """Tell whether mass emails may leave now."""
        return self.open_at() <= fields.Datetime.now()

    def why_never_open(self):
        """Return in words that mass emails may not leave within the horizon, if so."""
        horizon = fields.Datetime.now() + HORIZON
        return "" if self.open_at() < horizon else self._never_open()

    def why_closed(self):
        """Return in words until when mass emails may not leave; nothing while they may."""
        now = fields.Datetime.now()
        open_at = self.open_at()
        if open_at >= now + HORIZON:
            return self._never_open()
        if open_at > now:
            return self.env._("Outside the sending hours until %s.", until(self.env, open_at))
        return ""

    def _never_open(self):
        return self.env._(
            "“%s” has no working hour within the next four weeks: no mass email would go out. "
            "Choose another schedule, or none to send at any time.",
            self._calendar.name,
        )
