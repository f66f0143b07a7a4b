from odoo.exceptions import UserError, ValidationError

from ...common import BASE_URL, DELIVERY_CRON, MassEmailCase


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

    def test_saving_them_brings_one_of_several_lanes_back_and_leaves_no_other(self):
        crons = self.env["ir.cron"]
        crons._set_lane_count(4)
        (crons._lanes()[0] | crons._lanes()[2]).unlink()
        self.env["res.config.settings"].create({"mass_email_lanes": 4}).execute()
        self.assertEqual(len(crons._lanes()), 4)
        everything_that_sends = [("code", "=", "model._cron_deliver_portions()")]
        self.assertEqual(crons.search(everything_that_sends), crons._lanes())
        self.assertEqual(len({*crons._lanes().mapped("name")}), 4)

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
            ("smtp_sessions", "5000"),
            ("recent_days", "9999999"),
            ("dead_after_days", str(10**12)),
        ):
            before = parameters._mass_email_setting(name)
            with self.subTest(name=name, value=value):
                with self.assertRaisesRegex(ValidationError, name), self.cr.savepoint():
                    parameters.set_param(f"mass_mailing_campaign.{name}", value)
                self.assertEqual(parameters._mass_email_setting(name), before)
        parameters.set_param("mass_mailing_campaign.run_size", "0")

    def test_a_number_that_makes_no_sense_is_refused_by_its_name(self):
        settings = self.env["res.config.settings"]
        for values, words in (
            ({"mass_email_portion_size": 0}, "“Hourly Portion” cannot be less than 1"),
            ({"mass_email_lanes": -1}, "“Lanes” cannot be less than 1"),
            ({"mass_email_lanes": 500}, "“Lanes” cannot be more than 100"),
            ({"mass_email_retention_months": 10**5}, "cannot be more than 1200"),
            ({"mass_email_portion_size": 10**11}, "“Hourly Portion” cannot be more than"),
            ({"mass_email_recent_days": 10**6}, "“Written To Lately” cannot be more than 3650"),
            (
                {"mass_email_retention_months": 10**6},
                "“Delete Traces of People: Months” cannot be more than",
            ),
            ({"mass_email_dead_after_days": 0}, "“Dead Addresses: Days” cannot be less than 1"),
            ({"mass_email_run_size": -5}, "“Portion per Run” cannot be less than 0"),
            (
                {"mass_email_retention_months": -1},
                "“Delete Traces of People: Months” cannot be less than 0",
            ),
        ):
            with self.subTest(words), self.assertRaisesRegex(ValidationError, words):
                settings.create(values)

    def test_sending_hours_that_never_come_are_refused(self):
        calendar = self.env["resource.calendar"].create({"name": "Never", "attendance_ids": False})
        with self.assertRaisesRegex(ValidationError, "“Never”"):
            self.env["res.config.settings"].create({"mass_email_calendar_id": calendar.id})

    def test_a_flexible_schedule_that_says_no_hours_is_refused(self):
        calendars = self.env["resource.calendar"].create(
            [{"name": "Any Time", "flexible_hours": True}, {"name": "Office"}]
        )
        settings = self.env["res.config.settings"]
        with self.assertRaisesRegex(ValidationError, "“Any Time” is flexible"):
            settings.create({"mass_email_calendar_id": calendars[0].id})
        settings.create({"mass_email_calendar_id": calendars[1].id}).execute()
        with self.assertRaisesRegex(ValidationError, "“Office” is flexible"):
            calendars[1].schedule_type = "flexible"

    def test_a_system_parameter_names_no_schedule_that_says_no_hours(self):
        calendar = self.env["resource.calendar"].create(
            {"name": "Any Time", "flexible_hours": True}
        )
        for schedule, words in (
            (calendar.id, "“Any Time” is flexible"),
            (2**30, "no working schedule"),
        ):
            with self.assertRaisesRegex(ValidationError, words), self.cr.savepoint():
                self.set_setting("calendar_id", schedule)
        self.set_setting("calendar_id", 0)

    def test_the_opt_out_link_is_mandatory_or_not_as_the_screen_says(self):
        setting = self.env["ir.config_parameter"]._mass_email_setting
        settings = self.env["res.config.settings"]
        self.assertTrue(settings.create({}).mass_email_opt_out_mandatory)
        settings.create({"mass_email_opt_out_mandatory": False}).execute()
        self.assertTrue(setting("opt_out_optional"))
        self.assertFalse(settings.create({}).mass_email_opt_out_mandatory)
        settings.create({"mass_email_opt_out_mandatory": True}).execute()
        self.assertFalse(setting("opt_out_optional"))

    def test_the_scheduled_action_is_a_click_away_and_found_by_its_name(self):
        settings = self.env["res.config.settings"].create({})
        lane = self.env.ref(DELIVERY_CRON)
        self.assertEqual(settings.action_view_scheduled_action()["res_id"], lane.id)
        self.assertEqual(lane.name, "Mass Email: send the hourly portion")
        self.env["ir.cron"]._set_lane_count(2)
        domain = settings.action_view_scheduled_action()["domain"]
        self.assertEqual(self.env["ir.cron"].search(domain), self.env["ir.cron"]._lanes())

    def test_an_administrator_may_change_the_schedule_and_it_stays(self):
        lane = self.env.ref(DELIVERY_CRON)
        lane.write({"interval_number": 10, "interval_type": "minutes"})
        self.env["res.config.settings"].create({}).execute()
        self.assertEqual((lane.interval_number, lane.interval_type), (10, "minutes"))

    def test_new_limits_hold_at_once(self):
        lane = self.env.ref(DELIVERY_CRON)
        self.env["ir.cron.trigger"].search([]).unlink()
        self.env["res.config.settings"].create({"mass_email_portion_size": 5000}).execute()
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", lane.id)]))

    def test_the_public_address_is_that_of_a_server_and_nothing_more(self):
        parameters = self.env["ir.config_parameter"]
        self.assertEqual(parameters._public_url(), BASE_URL)
        for url in (
            *(
                "news.example.com",
                "ftp://news.example.com",
                "https://",
                "https:///path",
                "http://:80",
            ),
            *(
                "https://news.example.com/odoo",
                "https://news.example.com?a=b",
                "https://a b.example",
            ),
            *(
                "https://ann@news.example.com",
                "https://news.example.com#top",
                "javascript:alert(1)",
            ),
            *(
                "https://news.example.com:port",
                "https://news.example.com\r\nX: y",
                "https://news.example.com/nëws",
            ),
            *("https://news.example.com//", "https://%6eews.example.com", "https://a\\b.example"),
        ):
            with self.subTest(url=url), self.assertRaises(ValidationError), self.cr.savepoint():
                self.set_setting("public_url", url)
            self.assertEqual(parameters._public_url(), BASE_URL)
        for url in ("https://news.example.com", "http://192.0.2.1:8069", "https://[2001:db8::1]"):
            self.set_setting("public_url", f"{url}/")
            self.assertEqual(parameters._public_url(), url)
        self.set_setting("public_url", "https://Новости.рф/")
        self.assertEqual(parameters._public_url(), "https://xn--b1amnebsh.xn--p1ai")
        settings = self.env["res.config.settings"]
        settings.create({"mass_email_public_url": False}).execute()
        self.assertEqual(parameters._public_url(), BASE_URL)
