from odoo.exceptions import UserError

from ...common import DELIVERY_CRON, MassEmailCase


class TestSettings(MassEmailCase):
    def test_saving_them_brings_a_deleted_delivery_cron_back(self):
        self.env["ir.cron"]._lanes().unlink()
        self.env["res.config.settings"].create({"mass_email_lanes": 2}).execute()
        self.assertEqual(len(self.env["ir.cron"]._lanes()), 2)
        self._contacts(1, self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        self.assertEqual(mailing.state, "done")
        self.assertEqual(self.env.ref(DELIVERY_CRON).interval_type, "hours")

    def test_the_working_schedule_of_the_sending_hours_cannot_be_deleted(self):
        calendar = self.env["resource.calendar"].create({"name": "Quiet"})
        settings = self.env["res.config.settings"]
        settings.create({"mass_email_calendar_id": calendar.id}).execute()
        with self.assertRaisesRegex(UserError, "“Quiet”"):
            calendar.unlink()
        settings.create({"mass_email_calendar_id": False}).execute()
        calendar.unlink()
        self.assertFalse(calendar.exists())
