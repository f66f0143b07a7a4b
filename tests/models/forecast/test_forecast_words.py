from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command

from ...common import DELIVERY_CRON, MassEmailCase

NOW = datetime(2026, 3, 2, 9, 0)  # a Monday
HOUR = timedelta(hours=1)


@freeze_time(NOW)
class TestForecastWords(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.env.user.tz = "Etc/UTC"
        self.set_setting("portion_size", 10)

    def sending(self, count, sent=0, **values):
        """A mass email in process, so many of whose messages left just now."""
        name = f"List {values.get('name', '')}"
        mailing = self._mass_email(
            contact_list_ids=self._list(name, *self._contacts(count)).ids, **values
        )
        mailing._build_queue()
        mailing.mailing_trace_ids[:sent].sudo().write(
            {"trace_status": "sent", "portion_datetime": NOW, "sent_datetime": NOW}
        )
        return mailing

    def said(self, mailing):
        [told] = mailing.get_progress()
        return told["forecast"] and told["forecast"].replace("\u202f", " ")

    def test_portions_make_it_take_hours(self):
        mailing = self.sending(25, sent=10)
        self.assertEqual(self.said(mailing), "10 of 25 sent, 10 an hour, done about 11:05 AM")

    def test_what_fits_into_the_portion_is_done_within_minutes(self):
        mailing = self.sending(8)
        self.assertEqual(self.said(mailing), "0 of 8 sent, the rest within minutes")

    def test_sending_hours_move_it_to_the_next_day(self):
        calendar = self.env["resource.calendar"].create(
            {
                "name": "Mornings",
                "tz": "UTC",
                "attendance_ids": [
                    Command.clear(),
                    *(
                        Command.create(
                            {
                                "name": str(day),
                                "dayofweek": str(day),
                                "hour_from": 8,
                                "hour_to": 10,
                                "day_period": "morning",
                            }
                        )
                        for day in range(5)
                    ),
                ],
            }
        )
        self.set_setting("calendar_id", calendar.id)
        mailing = self.sending(25, sent=10)
        self.assertEqual(
            self.said(mailing),
            "10 of 25 sent, 10 an hour, done about tomorrow 9:05 AM within sending hours",
        )

    def test_it_is_told_in_the_users_time_zone_and_language(self):
        self.env.user.tz = "Asia/Tokyo"
        mailing = self.sending(25, sent=10)
        self.assertIn("8:05 PM", self.said(mailing))

    def test_what_goes_first_counts(self):
        first = self.sending(20, name="First", schedule_date=NOW - HOUR)
        mailing = self.sending(5, name="Second")
        self.assertEqual(self.said(mailing), "0 of 5 sent, 10 an hour, done about 11:05 AM")
        first.is_paused = True
        self.assertEqual(self.said(mailing), "0 of 5 sent, the rest within minutes")

    def test_one_that_has_no_queue_yet_counts_by_its_members(self):
        later = self._contacts(20, self.target_list)
        self.assertTrue(later)
        first = self._mass_email(schedule_date=NOW - HOUR)
        first.action_set_pending()
        mailing = self.sending(5, name="Second")
        self.assertIn("11:05", self.said(mailing))

    def test_a_servers_portion_and_a_portion_per_run_slow_it_down(self):
        self.set_setting("run_size", 2)
        self.env.ref(DELIVERY_CRON).interval_number = 2
        mailing = self.sending(5)
        self.assertEqual(self.said(mailing), "0 of 5 sent, 1 an hour, done about 1:00 PM")

    def test_the_portion_of_a_domain_slows_it_down(self):
        self.set_setting("domain_portion_size", 2)
        mailing = self.sending(6)
        self.assertIn("11:05", self.said(mailing))

    def test_what_would_take_a_month_is_not_dated(self):
        self.set_setting("portion_size", 1)
        mailing = self.sending(700)
        self.assertIn("more than four weeks", self.said(mailing))

    def test_no_forecast_where_nobody_can_tell(self):
        mailing = self.sending(25)
        for values in ({"is_paused": True}, {"remedy": "letter"}, {"state": "done"}):
            mailing.write({"state": "sending", "is_paused": False, "remedy": False, **values})
            self.assertFalse(self.said(mailing))
        mailing.write({"state": "sending", "is_paused": False, "remedy": False})
        self.campaign.campaign_status = "inactive"
        self.assertFalse(self.said(mailing))
        self.campaign.write({"campaign_status": "active", "active": False})
        self.assertFalse(self.said(mailing))
        self.campaign.active = True
        mailing.mailing_trace_ids.sudo().trace_status = "cancel"
        self.assertFalse(self.said(mailing), "nobody waits")

    def test_it_is_told_before_it_begins_of_a_form_that_is_not_saved(self):
        self._contacts(25, self.target_list)
        values = {
            "campaign_id": self.campaign.id,
            "contact_list_ids": self.target_list.ids,
            "excluding_list_ids": [],
            "use_exclusion_list": True,
            "schedule_date": False,
        }
        mailings = self.env["mailing.mailing"].with_user(self.marketer)
        figures = mailings.get_audience(values)
        self.assertEqual(
            figures["forecast"].replace("\u202f", " "),
            "25 to be sent, 10 an hour, done about 11:05 AM",
        )
        start = fields.Datetime.to_string(NOW + timedelta(days=2))
        figures = mailings.get_audience({**values, "schedule_date": start})
        self.assertIn("Wednesday, 4 March 11:05", figures["forecast"].replace("\u202f", " "))
        self.assertFalse(mailings.get_audience({**values, "contact_list_ids": []})["forecast"])
