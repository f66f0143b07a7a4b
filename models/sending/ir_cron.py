import itertools
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import convert_file

from ...engine.job_time import note_work
from ...engine.turns import retried

DELIVERY_CRON = "mass_mailing_campaign.ir_cron_deliver_portions"
# A lane that should have run so long ago does not run.
TOO_LATE = timedelta(minutes=10)


class IrCron(models.Model):
    """The lanes: crons that send mass emails at the same time, and when they are woken.

    Odoo runs one cron in one worker at a time: so many lanes, so many workers can send at once, of
    one server or of several.
    """

    _inherit = "ir.cron"

    @api.model
    def _lanes(self):
        """Return the crons that send, the first of them first."""
        module, name = DELIVERY_CRON.split(".")
        data = (
            self.env["ir.model.data"]
            .sudo()
            .search(
                [("module", "=", module), ("model", "=", "ir.cron"), ("name", "=like", f"{name}%")]
            )
        )
        by_number = data.sorted(lambda each: (len(each.name), each.name))
        return self.sudo().browse(by_number.mapped("res_id")).exists()

    @api.model
    def _restore_lanes(self):
        """Bring the scheduled action back when an administrator deleted it, or it and all lanes."""
        if not self.env.ref(DELIVERY_CRON, raise_if_not_found=False):
            file = "data/ir_cron_data.xml"
            convert_file(self.sudo().env, "mass_mailing_campaign", file, None, noupdate=True)
            count = self.env["ir.config_parameter"]._mass_email_setting("lanes")
            self._set_lane_count(count)

    @api.model
    def _set_lane_count(self, count):
        """Have as many crons send as wanted; what is too many and at work goes by and by."""
        self._dismiss_beyond(count)
        lanes = self._lanes()
        numbered = ((number, f"{DELIVERY_CRON}_{number}") for number in itertools.count(2))
        free = (each for each in numbered if not self.env.ref(each[1], raise_if_not_found=False))
        for number, xml_id in itertools.islice(free, max(count - len(lanes), 0)):
            lane = lanes[0].copy({"name": f"{lanes[0].name} ({number})"})
            self.env["ir.model.data"]._update_xmlids(
                [{"xml_id": xml_id, "record": lane, "noupdate": True}]
            )

    @api.model
    def _wanted_count(self):
        """Return how many lanes are wanted by what this transaction sees of the settings."""
        return self.env["ir.config_parameter"]._mass_email_setting("lanes", is_cached=False)

    @api.model
    def _is_too_many(self):
        """Tell whether the lane that is at work here is beyond those that are wanted."""
        beyond = self._lanes()[max(self._wanted_count(), 1) :]
        return self.env.context.get("cron_id") in beyond.ids

    @api.model
    @retried
    def _dismiss_lanes(self):
        """Delete lanes that are too many by now, though another lane does; committed on return."""
        self._dismiss_beyond(self._wanted_count())

    @api.model
    def _dismiss_beyond(self, count):
        """Delete lanes beyond so many, whichever are idle: Odoo deletes none that is at work."""
        lanes = self._lanes()
        if (surplus := len(lanes) - count) > 0:
            idle = lanes[:0:-1].try_lock_for_update(limit=surplus)
            actions = idle.ir_actions_server_id
            idle.unlink()
            actions.unlink()  # Odoo would leave what a lane runs

    def _of_archived_user(self):
        """Return those that Odoo does not run, for their user is archived."""
        return self.filtered(lambda cron: not (cron.user_id.active or cron.user_id._is_superuser()))

    def _interval(self):
        """Return how long it is from one run by the clock to the next."""
        now = fields.Datetime.now()
        return now + relativedelta(**{self.interval_type: self.interval_number}) - now

    def _overdue_since(self, too_late=TOO_LATE):
        """Return since when the next of these should have run; None when nobody is late.

        A worker takes a job within a minute, and is at it for another.

        :param timedelta too_late: how much later than it should counts as late
        """
        triggers = self.env["ir.cron.trigger"].sudo().search([("cron_id", "in", self.ids)])
        moment = min([*self.mapped("nextcall"), *triggers.mapped("call_at")], default=None)
        return moment if moment and moment < fields.Datetime.now() - too_late else None

    def _ran_on_time(self, too_late=TOO_LATE):
        """Tell whether one of these ran by its clock, on whatever server."""
        last_turn = fields.Datetime.now() - too_late
        return any(each.lastcall and each.lastcall > last_turn - each._interval() for each in self)

    @classmethod
    def _process_job(cls, cron_cr, job):
        note_work(cron_cr)
        return super()._process_job(cron_cr, job)

    @api.model
    def _wake_lanes(self, moments=None):
        """Have the lanes run at these moments; now, if there are none."""
        for lane in self._lanes():
            lane._trigger(moments)
