from datetime import datetime, timedelta
from math import ceil

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL, formatLang

from ...delivery.forecast import Gate, done_at
from ...delivery.portion import Portion
from ...engine.limits import RECIPIENT_DOMAIN, SendingHours
from ...engine.moments import until
from ..sending.mailing_trace import IS_WAITING

# What is done that soon is done at once.
AT_ONCE = timedelta(minutes=5)
# A forecast is about right, so it is told in steps.
STEP = timedelta(minutes=5)
# So many addresses are looked at to learn which domains they belong to.
DOMAIN_SAMPLE = 20_000


class MailingMailing(models.Model):
    """When a mass email will be done, by the portions, the hours and what goes before it.

    Arithmetic (``delivery.forecast``), no promise: who defers a message or is slow is not foreseen.
    """

    _inherit = "mailing.mailing"

    def _forecast(self, waiting):
        """Say how fast it goes and when it will be done; False where nobody can tell.

        :param waiting: how many messages are still to be sent
        """
        self.ensure_one()
        if not waiting or self._waits_for_somebody():
            return False
        now = fields.Datetime.now()
        begin = max(filter(None, (now, self.schedule_date, self.retry_datetime)))
        hours = SendingHours(self.env)
        limits = self._limits()
        gates = [*limits.gates(), *self._run_gates()]
        done = done_at(waiting + self._waiting_ahead(begin), gates, hours.intervals(begin))
        if done and limits.domain_portion:
            count, gate = self._busiest_domain(limits, waiting)
            at_last = count and done_at(count, [gate], hours.intervals(begin))
            done = at_last and max(done, at_last) if count else done
        per_hour = min([limits.per_hour(), *(gate.per_hour() for gate in self._run_gates())])
        return self._forecast_in_words(waiting, per_hour, begin, done, bool(hours))

    def _waits_for_somebody(self):
        """Tell whether nothing goes out until somebody does something."""
        is_stopped = self.remedy or self._why_somebody_stopped_it()
        return self.state == "done" or bool(is_stopped)

    def _run_gates(self):
        """The portion per run as a gate: so many with each run by the clock, of every lane."""
        run_size = self.env["ir.config_parameter"]._mass_email_setting("run_size")
        lanes = self.env["ir.cron"]._lanes()
        if not run_size or not lanes:
            return []
        return [Gate(Portion(run_size * len(lanes), lanes[0]._interval()))]

    # ------------------------------------------------------------
    # What goes before
    # ------------------------------------------------------------

    def _before(self, begin):
        """The mass emails that are sent before this one."""
        mine = self._origin.id
        start = begin if self.state == "draft" else self.schedule_date or begin
        earlier = Domain("schedule_date", "<", start)
        if mine and self.state != "draft":
            earlier |= Domain("schedule_date", "=", start) & Domain("id", "<", mine)
        others = self._active_domain() & Domain("remedy", "=", False) & earlier
        return self.sudo().search(others & Domain("id", "!=", mine), order="schedule_date, id")

    def _waiting_ahead(self, begin):
        """Return how many messages are before those of this mass email.

        As if all went through one mail server. Raw SQL: one look at a partial index.
        """
        before = self._before(begin)
        [(queued,)] = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM mailing_trace WHERE mass_mailing_id = ANY(%s) AND %s",
                before.ids,
                IS_WAITING,
            )
        )
        for mailing in before.filtered(lambda mailing: mailing.state == "in_queue"):
            members = Domain("list_id", "in", mailing.contact_list_ids.ids)
            [(count,)] = (
                self.env["mailing.subscription"]
                .sudo()
                ._read_group(
                    members & Domain("opt_out", "=", False), [], ["contact_id:count_distinct"]
                )
            )
            queued += count
        return queued

    def _busiest_domain(self, limits, waiting):
        """Return how many of the messages go to the domain that gets most, and its gate.

        Raw SQL: a sample tells, where a million wait.
        """
        sample = SQL(
            "SELECT email FROM mailing_trace WHERE mass_mailing_id = %s AND %s LIMIT %s",
            self._origin.id or None,
            IS_WAITING,
            DOMAIN_SAMPLE,
        )
        if self.state != "sending":
            sample = SQL(
                """
                SELECT contact.address AS email
                  FROM mailing_subscription member
                  JOIN mailing_contact contact ON contact.id = member.contact_id
                 WHERE member.list_id = ANY(%s) AND contact.address IS NOT NULL
                 LIMIT %s
                """,
                self.contact_list_ids.ids,
                DOMAIN_SAMPLE,
            )
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT %s AS domain, COUNT(*), SUM(COUNT(*)) OVER ()
                  FROM (%s) sample GROUP BY 1 ORDER BY 2 DESC LIMIT 1
                """,
                RECIPIENT_DOMAIN,
                sample,
            )
        )
        if not rows:
            return 0, None
        [(domain, count, total)] = rows
        used = self.env.execute_query(
            SQL(
                "SELECT oldest, count FROM (%s) used WHERE domain = %s",
                limits.used_by_domain(),
                domain,
            )
        )
        return ceil(count * waiting / int(total)), Gate(limits.domain_portion, used)

    # ------------------------------------------------------------
    # Words
    # ------------------------------------------------------------

    def _forecast_in_words(self, waiting, pace, begin, done, has_hours):
        is_sending = self.state == "sending"
        numbers = {
            "sent": self.sent_count,
            "all": self.queued_count if is_sending else waiting,
            "pace": pace,
        }
        words = {name: formatLang(self.env, count, digits=0) for name, count in numbers.items()}
        progress = (
            self.env._("%(sent)s of %(all)s sent", **words)
            if is_sending
            else self.env._("%(all)s to be sent", **words)
        )
        if done and done - begin <= AT_ONCE and begin <= fields.Datetime.now():
            if is_sending:
                return self.env._("%s, the rest within minutes", progress)
            return self.env._("%s, all within minutes", progress)
        per_hour = self.env._("%(pace)s an hour", **words)
        if not done:
            return self.env._(
                "%(progress)s, %(pace)s: at that pace it takes more than four weeks",
                progress=progress,
                pace=per_hour,
            )
        moment = until(self.env, done + (datetime.min - done) % STEP)
        values = {"progress": progress, "pace": per_hour, "moment": moment}
        if has_hours:
            return self.env._(
                "%(progress)s, %(pace)s, done about %(moment)s within sending hours", **values
            )
        return self.env._("%(progress)s, %(pace)s, done about %(moment)s", **values)
