from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.fields import Command

from ...common import DELIVERY_CRON, MassEmailCase

NOW = datetime(2026, 3, 6, 9, 0)  # a Friday
HOUR = timedelta(hours=1)


@freeze_time(NOW)
class TestWhyWaiting(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.marketer.tz = "Etc/UTC"
        self._contacts(3, self.target_list)
        self.mailing = self._mass_email(name="Roses").with_user(self.marketer)
        self.lane = self.env.ref(DELIVERY_CRON).sudo()
        self.lane.nextcall = NOW + HOUR
        self.env["ir.cron.trigger"].search([]).unlink()

    def build(self):
        self.mailing.action_set_pending()
        self.mailing.sudo()._build_queue()
        self.env["ir.cron.trigger"].search([]).unlink()

    def said(self, mailing=None):
        return (mailing or self.mailing)._why_waiting()

    def check(self, words):
        self.assertRegex((self.said() or "").replace("\u202f", " "), words)

    def test_nothing_is_said_of_what_is_not_under_way_or_goes_out(self):
        self.assertFalse(self.said())
        self.build()
        self.assertFalse(self.said())
        self.mailing.sudo().state = "done"
        self.assertFalse(self.said())

    def test_the_queue_is_being_built(self):
        self.build()
        self.mailing.sudo().is_queue_partial = True
        self.check("queue is being built")
        self.assertFalse(self.mailing.get_progress()[0]["forecast"])

    def test_paused_by_whom(self):
        self.build()
        self.mailing.action_pause()
        self.check("Paused by Marta Marketer")

    def test_the_campaign_is_inactive(self):
        self.build()
        self.campaign.campaign_status = "inactive"
        self.check("“Summer” is inactive")
        self.campaign.action_archive()
        self.check("“Summer” is archived")

    def test_it_is_archived_itself(self):
        self.build()
        self.mailing.action_archive()
        self.check("Archived: it waits")
        self.assertFalse(self.mailing.get_progress()[0]["forecast"])

    def test_the_start_date_is_ahead(self):
        self.mailing.schedule_date = NOW + timedelta(days=1, hours=5)
        self.mailing.action_set_pending()
        self.check("starts tomorrow at 2:00 PM")
        self.mailing = self.mailing.with_context(tz="Asia/Tokyo")
        self.check("starts tomorrow at 11:00 PM")

    def test_the_clock_is_the_one_that_is_set_for_the_users_language(self):
        self.env["res.lang"]._activate_lang("ru_RU")
        in_russian = self.env["res.lang"].search([("code", "=", "ru_RU")])
        self.mailing.schedule_date = datetime(2026, 3, 7, 8, 40)
        self.mailing.action_set_pending()
        self.mailing = self.mailing.with_context(lang="ru_RU", tz="Asia/Tokyo")
        self.check("17:40")
        in_russian.time_format = "%I:%M:%S %p"
        self.check("5:40 PM")
        self.mailing = self.mailing.with_context(lang="en_US")
        self.check("5:40 PM")
        in_english = self.env["res.lang"].search([("code", "=", "en_US")])
        in_english.time_format = "%H:%M:%S"
        self.check("17:40")

    def test_what_the_system_says_of_a_connection_is_said_in_the_users_language(self):
        self.env["res.lang"]._activate_lang("ru_RU")
        self.build()
        trace = self.mailing.mailing_trace_ids[0].sudo()
        trace.write({"trace_status": "error", "failure_type": "mail_smtp"})
        for issue, english, russian in (
            ("Connection refused", "No mail server takes", "никто не принимает"),
            ("timed out", "in time \\(timed out\\)", "не отвечает"),
            ("421 4.3.2 try later", ": 421 4.3.2 try later", ": 421 4.3.2 try later"),
        ):
            trouble = {"delivery_issue": f"Relay: {issue}", "retry_datetime": NOW + HOUR}
            self.mailing.sudo().write(trouble)
            trace.failure_reason = issue
            for lang, words in (("en_US", english), ("ru_RU", russian)):
                with self.subTest(issue, lang=lang):
                    self.assertRegex(self.said(self.mailing.with_context(lang=lang)), words)
                    self.assertRegex(trace.with_context(lang=lang).why_not, words)

    def test_what_the_mail_server_says_and_when_it_is_tried_again(self):
        self.build()
        with self.committing(self.mailing.sudo()) as mailing:
            mailing._stop_for_now("421 4.7.0 too many connections")
        self.check("^421 4.7.0 too many connections. Next attempt today at 9:01 AM.$")
        self.mailing.action_try_now()
        self.check("tried again right now.*421")

    def test_outside_the_sending_hours(self):
        days = [
            Command.create(
                {
                    "name": str(day),
                    "dayofweek": str(day),
                    "hour_from": 9,
                    "hour_to": 12,
                    "day_period": "morning",
                }
            )
            for day in range(4)
        ]
        calendar = self.env["resource.calendar"].create(
            {"name": "Hours", "tz": "UTC", "attendance_ids": [Command.clear(), *days]}
        )
        self.set_setting("calendar_id", calendar.id)
        self.build()
        self.check("Outside the sending hours until Monday, 9 March 9:00 AM")
        calendar.attendance_ids.unlink()
        self.check("“Hours” has no working hour within the next four weeks")

    def test_the_portion_is_used_up(self):
        self.set_setting("portion_size", 2)
        self.build()
        self.mailing.mailing_trace_ids[:2].sudo().write(
            {"trace_status": "sent", "portion_datetime": NOW - HOUR / 2}
        )
        self.check("portion is used up until 9:30 AM")

    def test_who_waits_was_deferred(self):
        self.build()
        self.mailing.mailing_trace_ids.sudo().retry_datetime = NOW + HOUR
        self.env.flush_all()
        self.check("tried again today at 10:00 AM")

    def test_the_portion_of_the_domain_is_used_up(self):
        self.set_setting("domain_portion_size", 2)
        self.build()
        self.mailing.mailing_trace_ids[:2].sudo().write(
            {"trace_status": "sent", "portion_datetime": NOW - HOUR / 2}
        )
        self.check("from 9:30 AM on: the portion of their domain")

    def test_the_scheduled_action_is_off_late_or_gone(self):
        self.build()
        self.lane.nextcall = NOW - HOUR
        self.check("should have run today at 8:00 AM and did not")
        self.lane.active = False
        self.check("send the hourly portion” is switched off")
        self.lane.unlink()
        self.check("was deleted")

    def test_the_scheduled_action_fails(self):
        self.build()
        self.lane.failure_count = 2
        self.check("send the hourly portion” failed 2 times in a row")
        self.lane.user_id = self.seller
        self.seller.active = False
        self.check("hourly portion” does not run, for its user, Sam Seller, is archived")

    def test_a_job_that_was_due_a_moment_ago_is_not_late(self):
        self.build()
        self.lane.nextcall = NOW - timedelta(minutes=2)
        self.assertFalse(self.said())

    def test_others_go_first(self):
        self.build()
        other = self._mass_email(name="Tulips", schedule_date=NOW - HOUR, user_id=self.marketer.id)
        other._build_queue()
        self.check("“Tulips” goes first")
        self.assertFalse(self.said(other))
        self._mass_email(schedule_date=NOW - 2 * HOUR)._build_queue()
        self.check("2 mass emails go first")
        other.action_pause()
        self.check("“Summer .* goes first")


class TestWrongClock(MassEmailCase):
    def test_what_left_in_a_future_that_was_wrong_holds_nobody_up_for_longer_than_an_hour(self):
        self._contacts(3, self.target_list)
        self.set_setting("portion_size", 2)
        mailing = self._mass_email(schedule_date=NOW)
        with self.smtp() as server, freeze_time(NOW) as clock:
            clock.move_to(NOW + timedelta(days=400))
            self.send(mailing, server)
            waiting = mailing.mailing_trace_ids.filtered(
                lambda trace: trace.trace_status == "outgoing"
            )
            waiting.sudo().retry_datetime = NOW + timedelta(days=401)
            clock.move_to(NOW)
            self.run_delivery()
            self.assertEqual(len(server.messages), 2)  # they take their places from now on
            clock.move_to(NOW + HOUR + timedelta(seconds=2))
            self.run_delivery()
            self.assertEqual(len(server.messages), 3)
        self.assertEqual(mailing.state, "done")
