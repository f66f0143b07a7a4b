from datetime import timedelta

from odoo.tools import config

from ...engine.moments import in_words
from .check import Check, is_neutralized

# A lane that should have run so long ago is not only waiting for a free worker.
LATE = timedelta(minutes=15)


class ScheduledActionCheck(Check):
    """The scheduled action that sends: there, switched on, on time, without errors."""

    topic = "scheduled_action"

    def findings(self):
        lanes = self.env["ir.cron"]._lanes()
        trouble = self._trouble(lanes)
        if trouble:
            yield trouble
            return
        last = max(filter(None, lanes.mapped("lastcall")), default=None)
        words = self.env._(
            "It has not run yet; the next time is %s.", self._time(lanes[0].nextcall)
        )
        if last:
            words = self.env._(
                "It ran %(last)s, and runs again %(next)s at the latest.",
                last=self._time(last),
                next=self._time(min(lanes.mapped("nextcall"))),
            )
        yield self.good(words, mend="run_now")

    def _trouble(self, lanes):
        if not lanes:
            return self.bad(
                self.env._("The scheduled action that sends mass emails was deleted."),
                self.env._("Bring it back; it then runs every hour, and when something is due."),
                "restore",
            )
        off = lanes.filtered(lambda lane: not lane.active)
        if off and is_neutralized(self.env):
            return self.unchecked(
                self.env._("This is a neutralized copy of a database. It sends no mass emails.")
            )
        if off:
            return self.bad(
                self.env._("“%s” is switched off: nothing is sent.", off[0].name)
                if off == lanes
                else self.env._("%(off)s of %(all)s lanes are off.", off=len(off), all=len(lanes)),
                self.env._("Switch it on."),
                "switch_on",
            )
        if without_user := lanes._of_archived_user():
            return self.bad(
                self.env._(
                    "Odoo does not run “%(name)s”: its user, %(user)s, is archived.",
                    name=without_user[0].name,
                    user=without_user[0].user_id.name,
                ),
                self.env._(
                    "Give it another user, like OdooBot: the settings open it under “Scheduled "
                    "Action”."
                ),
                "open_settings",
            )
        if failed := lanes.filtered("failure_count"):
            lane = failed[0]
            return self.bad(
                self.env._(
                    "“%(name)s” failed %(count)s times in a row, the first time %(since)s.",
                    name=lane.name,
                    count=lane.failure_count,
                    since=self._time(lane.first_failure_date or lane.lastcall or lane.nextcall),
                ),
                self.env._("Look for its error in the server's log, then run it again."),
                "run_now",
            )
        due = lanes._overdue_since(LATE)
        if due and (modules := self._modules_in_change()):
            return self.bad(
                self.env._(
                    "Odoo runs no scheduled actions while modules wait to be installed, upgraded "
                    "or removed: %s",
                    ", ".join(modules.mapped("shortdesc")),
                ),
                self.env._("Have that done, or cancelled, in Apps."),
            )
        if due:
            return self.bad(
                self.env._(
                    "It should have run %s and did not: Odoo runs no scheduled actions, or all "
                    "its workers are busy.",
                    self._time(due),
                ),
                self.env._(
                    "Start an Odoo server on this database with max_cron_threads of two or more, "
                    "and look whether another scheduled action runs for very long."
                ),
            )
        return None

    def _modules_in_change(self):
        return self.env["ir.module.module"].sudo().search([("state", "=like", "to %")])

    def _time(self, moment):
        return in_words(self.env, moment)


class WorkersCheck(Check):
    """Cron workers: one for each lane, and one for Odoo's other jobs."""

    topic = "workers"

    def findings(self):
        all_lanes = self.env["ir.cron"]._lanes()
        lanes = len(all_lanes) or 1
        workers = config["max_cron_threads"]
        if not workers and all_lanes._ran_on_time(LATE):
            yield self.good(
                self.env._("The scheduled actions of this database run on another Odoo server.")
            )
        elif not workers:
            yield self.warning(
                self.env._("This Odoo server runs no scheduled actions (max_cron_threads is 0)."),
                self.env._("See that another Odoo server on this database does."),
            )
        elif workers <= lanes:
            yield self.warning(
                self.env._(
                    "Lanes: %(lanes)s, cron workers on this Odoo server: %(workers)s. While mass "
                    "emails are sent, nothing else that is scheduled runs here.",
                    lanes=lanes,
                    workers=workers,
                ),
                self.env._(
                    "Set max_cron_threads to %s, have other Odoo servers on this database, or set "
                    "fewer lanes.",
                    lanes + 1,
                ),
                "open_settings",
            )
        else:
            yield self.good(
                self.env._(
                    "Cron workers: %(workers)s. Lanes: %(lanes)s.", workers=workers, lanes=lanes
                )
            )
