# Claims take turns across transactions, see _claiming.
# pylint: disable=invalid-commit
from contextlib import contextmanager
from datetime import UTC, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..delivery.portion import Portion

# Advisory lock that claims take turns on; any number nobody else uses.
CLAIM_LOCK = 0x6D6D63
# How far ahead the next sending hours are looked for.
HORIZON = timedelta(days=28)
# When to see whether another run, that has claimed the last rows, is still alive.
LOOK_AFTER_OTHERS = timedelta(minutes=1)
# System parameters of the engine with their defaults; a limit of 0 is none.
SETTINGS = {
    "portion_size": 1000,
    "domain_portion_size": 0,
    "run_size": 0,
    "smtp_sessions": 10,
    "lanes": 1,
    "max_attempts": 3,
    "calendar_id": 0,
}
RECIPIENT_DOMAIN = SQL("SPLIT_PART(email, '@', 2)")


class MailingMailing(models.Model):
    """The limits of sending: how much may leave right now, and when more may.

    In any rolling 60 minutes no more leaves than the hourly portion, over everything; than the
    portion of a mail server, through it; than the portion of a recipient domain, to it. Nothing
    leaves outside the sending hours.
    """

    _inherit = "mailing.mailing"

    @api.model
    def _setting(self, name):
        parameters = self.env["ir.config_parameter"].sudo()
        return int(parameters.get_param(f"mass_mailing_campaign.{name}") or SETTINGS[name])

    def _mail_server(self):
        """Return the mail server Odoo will use; empty for that of its command line."""
        mail_servers = self.env["ir.mail_server"].sudo()
        if self.mail_server_id:
            return self.mail_server_id.sudo()
        return mail_servers._find_mail_server(self.email_from)[0] or mail_servers

    # ------------------------------------------------------------
    # How much
    # ------------------------------------------------------------

    def _portions(self, server=None):
        """Return the portions this mass email draws on, each with the SQL of what counts in it.

        :param server: the mail server, if it is known already
        """
        server = self._mail_server() if server is None else server
        portions = [(Portion(self._setting("portion_size")), SQL("TRUE"))]
        if server.mass_email_portion_size:
            portion = Portion(server.mass_email_portion_size)
            portions.append((portion, SQL("mail_server_id = %s", server.id)))
        return portions

    @api.model
    def _used(self, portion, condition, aggregate):
        """Aggregate over what left within the window of a portion.

        Raw SQL: asked for once per claim, answered from one partial index.
        """
        self.env["mailing.trace"].flush_model(["portion_datetime", "mail_server_id"])
        [(value,)] = self.env.execute_query(
            SQL(
                "SELECT %s FROM mailing_trace WHERE portion_datetime > %s AND %s",
                aggregate,
                portion.window_start(fields.Datetime.now()),
                condition,
            )
        )
        return value

    def _quota_left(self, server=None):
        """Return how many messages of this mass email may be claimed now."""
        return min(
            portion.left(self._used(portion, condition, SQL("COUNT(*)")))
            for portion, condition in self._portions(server)
        )

    def _quota_frees_at(self):
        """Return when a place is free: now, or when the oldest leaves the full portions."""
        free = fields.Datetime.now()
        for portion, condition in self._portions():
            if not portion.left(self._used(portion, condition, SQL("COUNT(*)"))):
                oldest = self._used(portion, condition, SQL("MIN(portion_datetime)"))
                free = max(free, portion.frees_at(oldest))
        return free

    def _claimable(self, size, lock=None):
        """SQL query of the next rows (id, res_id, email) that may be claimed, in their order.

        :param size: rows at most
        :param lock: locking clause
        """
        query = SQL(
            """
            SELECT id, res_id, email FROM mailing_trace
             WHERE mass_mailing_id = %(mailing)s AND %(is_waiting)s AND %(is_open)s
             ORDER BY id
             LIMIT %(size)s
             %(lock)s
            """,
            mailing=self.id,
            is_waiting=self._is_waiting(),
            is_open=SQL(
                "%s NOT IN (SELECT domain FROM (%s) used WHERE used.is_full)",
                RECIPIENT_DOMAIN,
                self._used_by_domain(),
            )
            if self._setting("domain_portion_size")
            else SQL("TRUE"),
            size=size,
            lock=lock or SQL(),
        )
        if not self._setting("domain_portion_size"):
            return query
        return SQL(
            """
            SELECT id, res_id, email FROM (
                SELECT next.*, used.count AS used_count, ROW_NUMBER() OVER (
                           PARTITION BY %(domain)s ORDER BY id) AS place
                  FROM (%(query)s) next
                  LEFT JOIN (%(used)s) used ON used.domain = %(domain)s
                ) ranked
             WHERE place + COALESCE(used_count, 0) <= %(limit)s
             ORDER BY id
            """,
            domain=RECIPIENT_DOMAIN,
            query=query,
            used=self._used_by_domain(),
            limit=self._setting("domain_portion_size"),
        )

    @api.model
    def _used_by_domain(self):
        """SQL query of what recipient domains got within the window of their portion."""
        portion = Portion(self._setting("domain_portion_size"))
        return SQL(
            """
            SELECT %(domain)s AS domain, COUNT(*) AS count, COUNT(*) >= %(size)s AS is_full,
                   MIN(portion_datetime) AS oldest
              FROM mailing_trace
             WHERE portion_datetime > %(window_start)s
             GROUP BY 1
            """,
            domain=RECIPIENT_DOMAIN,
            size=portion.size,
            window_start=portion.window_start(fields.Datetime.now()),
        )

    def _claimable_count(self, limit):
        """Return how many messages of this mass email could be sent right now, up to a limit."""
        [(count,)] = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM (%s) claimable",
                self._claimable(min(limit, self._quota_left())),
            )
        )
        return count

    # ------------------------------------------------------------
    # When
    # ------------------------------------------------------------

    @api.model
    def _sending_hours(self):
        """Return the running or next interval of the sending hours, in UTC; None for always."""
        calendar = self.env["resource.calendar"].sudo().browse(self._setting("calendar_id"))
        if not calendar.exists():
            return None
        now = fields.Datetime.now()
        intervals = calendar._work_intervals_batch(
            now.replace(tzinfo=UTC), (now + HORIZON).replace(tzinfo=UTC)
        )
        for start, stop, _attendance in intervals[False]:
            start, stop = (each.astimezone(UTC).replace(tzinfo=None) for each in (start, stop))
            if stop > now:
                return start, stop
        return now + HORIZON, now + HORIZON

    @api.model
    def _within_sending_hours(self):
        hours = self._sending_hours()
        return not hours or hours[0] <= fields.Datetime.now()

    def _next_opportunity(self):
        """Return when this mass email may send the next time; None when nobody waits.

        Raw SQL: one look at its queue.
        """
        now = fields.Datetime.now()
        domain_portion = Portion(self._setting("domain_portion_size"))
        [(row_ready_at,)] = self.env.execute_query(
            SQL(
                """
                SELECT MIN(GREATEST(COALESCE(retry_datetime, %(now)s), %(domain_free_at)s))
                  FROM mailing_trace
                  %(used)s
                 WHERE mass_mailing_id = %(mailing)s AND token IS NOT NULL
                   AND trace_status = 'outgoing'
                """,
                now=now,
                mailing=self.id,
                used=SQL(
                    "LEFT JOIN (%s) used ON used.domain = %s AND used.is_full",
                    self._used_by_domain(),
                    RECIPIENT_DOMAIN,
                )
                if domain_portion.size
                else SQL(),
                domain_free_at=SQL("COALESCE(used.oldest + %s, %s)", domain_portion.window, now)
                if domain_portion.size
                else now,
            )
        )
        if not row_ready_at:
            return now + LOOK_AFTER_OTHERS if self._is_being_sent() else None
        hours = self._sending_hours()
        return max(
            row_ready_at,
            self._quota_frees_at(),
            self.retry_datetime or now,
            hours[0] if hours else now,
        )

    def _is_being_sent(self):
        """Tell whether another run has claimed something, or a dead one had."""
        return bool(
            self.env.execute_query(
                SQL(
                    "SELECT FROM mailing_trace WHERE mass_mailing_id = %s"
                    " AND claim_key IS NOT NULL AND trace_status = 'process' LIMIT 1",
                    self.id,
                )
            )
        )

    # ------------------------------------------------------------
    # Turns
    # ------------------------------------------------------------

    @contextmanager
    def _claiming(self):
        """Let one database session at a time count what is left and claim from it.

        The lock belongs to the session, not to a transaction: the transaction must begin after
        the lock is granted, or its snapshot would miss what the previous holder claimed. Ends
        with a commit.
        """
        cr = self.env.cr
        cr.commit()
        cr.execute(SQL("SELECT pg_advisory_lock(%s)", CLAIM_LOCK))
        cr.commit()
        try:
            yield
            cr.commit()
        except Exception:
            cr.rollback()
            raise
        finally:
            cr.execute(SQL("SELECT pg_advisory_unlock(%s)", CLAIM_LOCK))
            cr.commit()
