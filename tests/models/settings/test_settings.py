from odoo.exceptions import UserError, ValidationError

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

    def test_a_system_parameter_that_makes_no_sense_is_refused(self):
        parameters = self.env["ir.config_parameter"]
        for name, value in (
            ("portion_size", "1 000"),
            ("portion_size", "0"),
            ("smtp_sessions", "-1"),
            ("run_size", "many"),
        ):
            before = parameters._mass_email_setting(name)
            with self.subTest(name=name, value=value):
                with self.assertRaisesRegex(ValidationError, name), self.cr.savepoint():
                    parameters.set_param(f"mass_mailing_campaign.{name}", value)
                self.assertEqual(parameters._mass_email_setting(name), before)
        parameters.set_param("mass_mailing_campaign.run_size", "0")

    def test_new_limits_hold_at_once(self):
        lane = self.env.ref(DELIVERY_CRON)
        self.env["ir.cron.trigger"].search([]).unlink()
        self.env["res.config.settings"].create({"mass_email_portion_size": 5000}).execute()
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", lane.id)]))
