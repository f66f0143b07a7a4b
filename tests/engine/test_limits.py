import random
from collections import Counter
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.addons.mass_mailing_campaign.engine.limits import Limits, SendingHours
from odoo.addons.mass_mailing_campaign.engine.run import Run
from odoo.exceptions import ValidationError
from odoo.fields import Command

from ..common import DELIVERY_CRON, MassEmailCase

HOUR = timedelta(hours=1)


class LimitsCase(MassEmailCase):
    def set_portion(self, size):
        self.set_setting("portion_size", size)

    def triggers(self):
        cron = self.env.ref(DELIVERY_CRON)
        return self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).mapped("call_at")


class TestHourlyPortion(LimitsCase):
    def test_no_more_than_the_portion_leaves_in_any_hour(self):
        self._contacts(7, self.target_list)
        self.set_portion(3)
        mailing = self._mass_email()
        now = fields.Datetime.now()
        with self.smtp() as server:
            self.send(mailing, server)
            self.run_delivery()
            self.assertEqual(len(server.messages), 3)
            self.assertEqual((mailing.state, mailing.waiting_count), ("sending", 4))
            with freeze_time(now + timedelta(minutes=59)):
                self.run_delivery()
            self.assertEqual(len(server.messages), 3)
            with freeze_time(now + timedelta(minutes=61)):
                self.run_delivery()
            self.assertEqual(len(server.messages), 6)
            with freeze_time(now + timedelta(minutes=123)):
                self.run_delivery()
        self.assertEqual(len(set(server.addresses())), 7)
        self.assertEqual(mailing.state, "done")

    def test_the_portion_is_shared_by_all_mass_emails(self):
        self._contacts(3, self.target_list)
        self.set_portion(4)
        first, second = self._mass_email(), self._mass_email()
        with self.smtp() as server:
            first.action_set_pending()
            self.send(second, server)
        self.assertEqual(len(server.messages), 4)
        self.assertEqual((first.state, second.state), ("done", "sending"))

    def test_who_starts_first_has_the_portion_first(self):
        self._contacts(3, self.target_list)
        self.set_portion(4)
        later, earlier = self._mass_email(), self._mass_email()
        earlier.schedule_date -= timedelta(minutes=1)
        earlier.action_set_pending()
        self.send(later)
        self.assertEqual((earlier.state, later.waiting_count), ("done", 2))

    def test_the_cron_is_woken_when_the_portion_frees(self):
        self._contacts(2, self.target_list)
        self.set_portion(1)
        self.send(self._mass_email())
        sent = self.env["mailing.trace"].search([("portion_datetime", "!=", False)])
        self.assertIn(sent.portion_datetime + timedelta(hours=1, seconds=1), self.triggers())

    def test_the_cron_asks_for_no_run_beyond_the_portion(self):
        self._contacts(2, self.target_list)
        self.set_portion(1)
        mailing = self._mass_email()
        mailing._build_queue()
        self.assertEqual(mailing._sendable_count(), 1)
        mailing.mailing_trace_ids[0].sudo().portion_datetime = fields.Datetime.now()
        self.assertEqual(mailing._sendable_count(), 0)

    def test_nobody_takes_or_frees_places_by_hand(self):
        """Rows of Odoo's own mailings are every marketer's to create and write."""
        self._contacts(3, self.target_list)
        self.set_portion(5)
        self.send(self._mass_email())
        rows = self.env["mailing.trace"].with_user(self.marketer)
        values = {"model": "mailing.contact", "res_id": self._contact("Dora").id}
        values |= {"email": "dora@example.com", "portion_datetime": fields.Datetime.now()}
        limits = Limits(self.env, self.env["ir.mail_server"])
        for places in (1_000, -1_000):
            rows.create({**values, "portion_places": places})
            self.assertEqual(limits.left(), 2)

    def test_messages_that_did_not_leave_take_no_place(self):
        self._contacts(2, self.target_list)
        self.set_portion(1)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["target00000@example.com"] = "550 unknown"
            self.send(mailing, server)
        self.assertEqual((mailing.sent_count, mailing.failed_count), (1, 1))


class TestKeptCount(LimitsCase):
    """What is used is not counted at every claim, and yet no portion is exceeded."""

    def setUp(self):
        super().setUp()
        self.counted = 0
        used = Limits._used

        def count(limits):
            self.counted += 1
            return used(limits)

        self.enterContext(patch.object(Limits, "_used", count))
        self._contacts(12, self.target_list)
        self.mailing = self._mass_email()
        self.mailing._build_queue()
        self.mail_server = self.env["ir.mail_server"]

    def claim(self, most, mail_server=None):
        run = Run(self.mailing, mail_server or self.mail_server, "news@garden.example.com")
        with self.committing(self.mailing) as committing:
            return len(committing.env["mailing.trace"]._claim(committing, run, most))

    def test_a_portion_that_leaves_enough_is_counted_once(self):
        self.set_portion(100)
        self.assertEqual([self.claim(2) for _claim in range(4)], [2] * 4)
        self.assertEqual(self.counted, 1)

    def test_runs_together_claim_no_more_than_the_portion(self):
        self.set_portion(7)
        self.assertEqual([self.claim(3) for _claim in range(4)], [3, 3, 1, 0])

    def test_a_mail_server_has_a_count_of_its_own(self):
        self.set_portion(100)
        one, other = self.mail_server.create(
            [
                {"name": name, "smtp_host": "x", "mass_email_portion_size": 3}
                for name in ("one", "other")
            ]
        )
        self.assertEqual([self.claim(2, one) for _claim in range(3)], [2, 1, 0])
        self.assertEqual([self.claim(2, other) for _claim in range(3)], [2, 1, 0])

    def test_tests_count(self):
        self.set_portion(3)
        self.assertEqual(self.claim(1), 1)
        run = Run(self.mailing, self.mail_server, "news@garden.example.com")
        contact = self._contact("Tess")
        with self.committing(self.mailing) as committing:
            tests = committing.env["mailing.trace"]
            tests._claim_tests(committing, run, contact.with_env(committing.env))
        self.assertEqual(self.claim(5), 1)

    def test_what_is_in_doubt_since_now_counts(self):
        self.set_portion(4)
        self.assertEqual(self.claim(1), 1)
        trace = self.mailing.mailing_trace_ids.sorted("id")[-1].sudo()
        trace.write({"trace_status": "process", "claim_key": "long dead", "claim_number": 1})
        with self.committing(self.mailing) as committing:
            committing.env["mailing.journal.run"]._end_claims("long dead", is_lost=True)
        self.assertEqual(trace.failure_type, "in_doubt")
        self.assertEqual(self.claim(5), 2)

    def test_what_was_counted_long_ago_or_by_a_clock_that_was_wrong_is_counted_anew(self):
        self.set_portion(100)
        now = fields.Datetime.now()
        for count, later in enumerate((timedelta(days=1), timedelta(0), timedelta(minutes=2)), 1):
            with freeze_time(now + later):
                self.claim(2)
            self.assertEqual(self.counted, count)

    def test_places_that_are_free_again_are_found(self):
        self.set_portion(2)
        self.assertEqual([self.claim(2), self.claim(2)], [2, 0])
        self.env["mailing.trace"].sudo().search([]).portion_datetime = False
        self.assertEqual(self.claim(2), 2)


class TestKeptByDomain(LimitsCase):
    """What recipient domains got is not counted at every claim, and yet none gets too much."""

    def setUp(self):
        super().setUp()
        self.counted = 0
        used = Limits.used_by_domain

        def count(limits):
            self.counted += 1
            return used(limits)

        self.enterContext(patch.object(Limits, "used_by_domain", count))
        for number in range(30):
            domain = ["busy", "calm", "calm", "quiet"][number % 4]
            self._contact("X", self.target_list, email=f"{number}@{domain}.example.com")
        self.mailing = self._mass_email()
        self.mailing._build_queue()
        self.run = Run(self.mailing, self.env["ir.mail_server"], "news@garden.example.com")

    def claim(self, most, run=None):
        """Return the domains of what a run claims now."""
        with self.committing(self.mailing) as committing:
            rows = committing.env["mailing.trace"]._claim(committing, run or self.run, most)
        return [row.email.split("@")[1].removesuffix(".example.com") for row in rows]

    def test_domains_are_counted_once_and_before_nobody_can_be_mailed(self):
        self.set_setting("domain_portion_size", 6)
        claimed = [domain for _claim in range(3) for domain in self.claim(6)]
        self.assertEqual(self.counted, 1)
        while more := self.claim(6):
            claimed += more
        self.assertEqual(Counter(claimed), {"busy": 6, "calm": 6, "quiet": 6})
        self.assertEqual(self.counted, 2)

    def test_runs_together_send_a_domain_no_more_than_its_portion(self):
        self.set_setting("domain_portion_size", 4)
        other = Run(self.mailing, self.run.mail_server, "news@garden.example.com")
        claimed = [domain for run in (self.run, other) * 4 for domain in self.claim(3, run)]
        self.assertEqual(Counter(claimed), {"busy": 4, "calm": 4, "quiet": 4})

    def test_a_portion_of_domains_that_is_set_again_counts_what_left_meanwhile(self):
        for size in (20, 0, 2):
            self.set_setting("domain_portion_size", size)
            claimed = self.claim(8)
        self.assertEqual(claimed, [])

    def test_tests_count(self):
        self.set_setting("domain_portion_size", 3)
        self.assertEqual(self.claim(1), ["busy"])
        contact = self._contact("Tess", email="tess@busy.example.com")
        with self.committing(self.mailing) as committing:
            tests = committing.env["mailing.trace"]
            tests._claim_tests(committing, self.run, contact.with_env(committing.env))
        self.assertEqual(self.claim(30).count("busy"), 1)

    def test_never_above_the_portion_and_never_idle_whatever_comes_back(self):
        """A random run against an oracle that knows each message, and its minute."""
        for seed in range(2):
            with self.subTest(seed=seed):
                self.play(random.Random(seed))

    def play(self, chance):
        mailing = self.mailing.copy({"contact_list_ids": self.target_list.ids})
        self.env["mailing.trace"].sudo().search([]).portion_datetime = False
        mailing._build_queue()
        rows = mailing.mailing_trace_ids.sudo()
        runs = [Run(mailing, self.run.mail_server, "news@garden.example.com") for _run in "ab"]
        size = chance.randint(1, 5)
        self.set_setting("domain_portion_size", size)
        now = fields.Datetime.now()
        with self.committing(mailing) as committing:
            committing.env["mailing.portion.count"]._forget()
        with freeze_time(now) as clock:
            for _step in range(25):
                now += timedelta(seconds=chance.choice([1, 20, 600, 1800]))
                clock.move_to(now)
                most = chance.randint(1, 9)
                with self.committing(mailing) as committing:
                    claims = committing.env["mailing.trace"]
                    claimed = claims._claim(committing, chance.choice(runs), most)
                taken = [
                    (row.email.split("@")[1], row.portion_datetime)
                    for row in rows.filtered("portion_datetime")
                ]
                used = Counter(domain for domain, moment in taken if moment > now - HOUR)
                self.assertLessEqual(max(used.values(), default=0), size)
                window = HOUR + timedelta(seconds=1)  # for moments have no fractions of a second
                used = Counter(domain for domain, moment in taken if moment > now - window)
                waiting = {
                    row.email.split("@")[1] for row in rows if row.trace_status == "outgoing"
                }
                if waiting and not claimed:
                    self.assertGreaterEqual(min(used[domain] for domain in waiting), size, "idle")
                # settled: taken, failed for good, or back in the queue
                for row in rows.filtered("claim_key"):
                    outcome = chance.choice(["sent", "sent", "error", "outgoing", "process"])
                    if outcome != "process":
                        row.write({"trace_status": outcome, "claim_key": False})
                    if outcome in ("error", "outgoing"):
                        row.portion_datetime = False


class TestOtherLimits(LimitsCase):
    def test_a_mail_server_has_its_own_portion(self):
        self._contacts(4, self.target_list)
        mailing, other = self._mass_email(), self._mass_email()
        now = fields.Datetime.now()
        with self.smtp() as server:
            limited = self.env["ir.mail_server"].search([])
            limited.mass_email_portion_size = 3
            limited.sequence = 1
            other.mail_server_id = limited.copy({"mass_email_portion_size": 0, "sequence": 2})
            mailing.action_set_pending()
            self.send(other, server)
            self.assertEqual((mailing.sent_count, other.sent_count), (3, 4))
            self.assertEqual(mailing._sendable_count(), 0)
            with freeze_time(now + HOUR + timedelta(minutes=1)):
                self.run_delivery()
        self.assertEqual(mailing.state, "done")

    def test_a_mail_server_has_its_own_number_of_sessions(self):
        self._contacts(100, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            self.env["ir.mail_server"].search([]).mass_email_session_count = 2
            mailing._build_queue()
            mail_server, address = self.env["ir.mail_server"]._for_mass_email(mailing)
            one = Run(mailing, mail_server, address)
            self.assertEqual(mailing._session_count(one), 2)
            self.assertEqual(server.messages, [])

    def test_no_domain_gets_more_than_its_portion(self):
        for number in range(4):
            self._contact(f"A{number}", self.target_list, email=f"a{number}@busy.example.com")
        for number in range(2):
            self._contact(f"B{number}", self.target_list, email=f"b{number}@calm.example.com")
        self.set_setting("domain_portion_size", 3)
        mailing = self._mass_email()
        now = fields.Datetime.now()
        with self.smtp() as server:
            self.send(mailing, server)
            self.run_delivery()
            self.assertEqual((mailing.sent_count, mailing.waiting_count), (5, 1))
            self.assertEqual(mailing._sendable_count(), 0)
            sent = mailing.mailing_trace_ids.filtered("portion_datetime")
            oldest = min(
                trace.portion_datetime for trace in sent if trace.email.endswith("busy.example.com")
            )
            self.assertIn(oldest + timedelta(hours=1, seconds=1), self.triggers())
            with freeze_time(now + HOUR + timedelta(minutes=1)):
                self.run_delivery()
        self.assertEqual((len(server.messages), mailing.state), (6, "done"))

    def test_a_run_sends_no_more_than_its_portion_and_the_next_goes_on(self):
        self._contacts(5, self.target_list)
        self.set_setting("run_size", 2)
        first, second = self._mass_email(), self._mass_email()
        with self.smtp() as server:
            first.action_set_pending()
            second.action_set_pending()
            self.run_delivery()
            self.assertEqual(len(server.messages), 2)
            for _run in range(4):
                self.run_delivery()
        self.assertEqual(len(server.messages), 10)

    def test_nothing_leaves_outside_the_sending_hours(self):
        self._contact("Anna", self.target_list)
        calendar = self.env["resource.calendar"].create(
            {
                "name": "Weekday mornings in Moscow",
                "tz": "Europe/Moscow",
                "attendance_ids": [Command.clear()]
                + [
                    Command.create(
                        {"name": day, "dayofweek": day, "hour_from": 9.0, "hour_to": 12.0}
                    )
                    for day in "01234"
                ],
            }
        )
        self.set_setting("calendar_id", calendar.id)
        mailing = self._mass_email(schedule_date="2026-11-20 00:00:00")
        friday_noon, monday_nine = "2026-11-20 09:00:01", datetime(2026, 11, 23, 6)
        with self.smtp() as server:
            with freeze_time(friday_noon):
                mailing.action_set_pending()
                self.run_delivery()
            self.assertFalse(server.messages)
            self.assertIn(monday_nine, self.triggers())
            with freeze_time(monday_nine - timedelta(minutes=1)):
                self.run_delivery()
            self.assertFalse(server.messages)
            with freeze_time(monday_nine):
                self.run_delivery()
        self.assertEqual(len(server.messages), 1)

    def test_holidays_close_the_sending_hours_those_of_other_companies_do_not(self):
        calendar = self.env["resource.calendar"].create({"name": "Office", "tz": "UTC"})
        monday = datetime(2026, 11, 23, 10)
        holidays = self.env["resource.calendar.leaves"]
        holiday = {
            "name": "Holiday",
            "date_from": monday - timedelta(hours=9),
            "date_to": monday + timedelta(hours=9),
        }
        another = self.env["res.company"].create({"name": "Another"})
        with freeze_time(monday):
            self.assertEqual(holidays.with_company(another).create(holiday).company_id, another)
            self.assertTrue(SendingHours(self.env, calendar).are_open())
            holidays.create(holiday)
            self.assertFalse(SendingHours(self.env, calendar).are_open())

    def test_the_limits_are_set_in_the_settings(self):
        settings = self.env["res.config.settings"].create(
            {
                "mass_email_portion_size": 250,
                "mass_email_domain_portion_size": 50,
                "mass_email_run_size": 100,
                "mass_email_lanes": 3,
            }
        )
        settings.execute()
        names = ["portion_size", "domain_portion_size", "run_size", "lanes"]
        parameters = self.env["ir.config_parameter"]
        self.assertEqual(
            [parameters._mass_email_setting(name) for name in names],
            [250, 50, 100, 3],
        )
        for wrong in (
            {"mass_email_portion_size": 0},
            {"mass_email_smtp_sessions": 0},
            {"mass_email_lanes": 0},
            {"mass_email_max_attempts": 0},
            {"mass_email_run_size": -1},
            {"mass_email_domain_portion_size": -1},
        ):
            with self.subTest(wrong), self.assertRaises(ValidationError):
                self.env["res.config.settings"].create(wrong)


class TestSendAgain(LimitsCase):
    def test_what_is_sent_again_within_the_hour_takes_another_place(self):
        self._contacts(3, self.target_list)
        self.set_portion(2)
        self.set_setting("smtp_sessions", 1)
        mailing = self._mass_email()
        now = fields.Datetime.now()
        with self.smtp() as server:
            server.replies["DATA"] = "hang up"
            self.send(mailing, server)
            self.assertEqual((mailing.in_doubt_count, mailing.waiting_count), (2, 1))
            server.replies.clear()
            mailing.action_send_unknown_again()
            self.run_delivery()
            self.assertFalse(server.messages, "both may have left a moment ago")
            with freeze_time(now + timedelta(minutes=61), tick=True):
                self.run_delivery()
        self.assertEqual(len(server.messages), 2)

    def in_doubt(self, count, portion):
        """A mass email that may have left to so many a moment ago, and is to be sent again."""
        self._contacts(count, self.target_list)
        self.set_portion(portion)
        self.set_setting("smtp_sessions", 1)
        mailing, server = self._mass_email(), self.enterContext(self.smtp())
        server.replies["DATA"] = "hang up"
        self.send(mailing, server)
        self.assertEqual(mailing.in_doubt_count, count)
        server.replies.clear()
        mailing.action_send_unknown_again()
        return mailing, server

    def test_both_copies_of_what_is_sent_again_within_the_hour_count(self):
        mailing, server = self.in_doubt(3, portion=4)
        for _run in range(2):
            self.run_delivery()
        self.assertEqual((len(server.messages), mailing.waiting_count), (1, 2))

    def test_who_is_not_sent_to_again_after_all_may_have_been_mailed(self):
        mailing, server = self.in_doubt(1, portion=1)
        self.set_portion(2)
        self.target_list.contact_ids.subscription_ids.opt_out = True
        self.run_delivery()
        self.assertEqual(mailing.mailing_trace_ids.trace_status, "cancel")
        self.assertEqual((server.messages, mailing._limits().left()), ([], 1))

    def test_who_is_sent_to_again_and_not_reached_keeps_the_place_of_what_may_have_left(self):
        mailing, server = self.in_doubt(1, portion=3)
        row = mailing.mailing_trace_ids.sudo()
        may_have_left = row.portion_datetime
        server.replies[row.email] = "450 4.2.1 later"
        self.run_delivery()
        self.assertEqual((row.trace_status, row.smtp_reply), ("outgoing", "450 4.2.1 later"))
        self.assertEqual((row.portion_places, mailing._limits().left()), (1, 2))
        row.retry_datetime = False
        run = Run(mailing, self.env["ir.mail_server"], "news@garden.example.com")
        with self.committing(mailing) as committing:
            self.assertTrue(committing.env["mailing.trace"]._claim(committing, run, 1))
            committing.env["mailing.journal.run"]._end(run.key)
        self.assertEqual(row.trace_status, "outgoing")
        self.assertEqual((row.portion_places, mailing._limits().left()), (1, 2))
        self.assertGreaterEqual(row.portion_datetime, may_have_left)


class TestLanes(LimitsCase):
    def test_each_lane_is_a_cron_that_is_woken_with_the_others(self):
        crons = self.env["ir.cron"]
        crons._set_lane_count(3)
        crons = crons._lanes()
        self.assertEqual(len(crons), 3)
        self._contact("Anna", self.target_list)
        self._mass_email().action_set_pending()
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "in", crons.ids)])
        self.assertEqual(triggers.cron_id, crons)
        actions = crons[1:].ir_actions_server_id
        self.assertEqual(len(actions), 2)
        crons._set_lane_count(1)
        self.assertEqual(crons._lanes(), self.env.ref(DELIVERY_CRON))
        self.assertFalse(actions.exists())

    def test_of_too_many_lanes_the_idle_ones_go_and_one_at_work_with_a_later_job(self):
        crons = self.env["ir.cron"]
        crons._set_lane_count(4)
        first, at_work = crons._lanes()[0], crons._lanes()[3]
        lock = type(crons).try_lock_for_update

        def lock_idle(lanes, **options):
            return lock(lanes - at_work, **options)

        with patch.object(type(crons), "try_lock_for_update", lock_idle):
            self.env["res.config.settings"].create({"mass_email_lanes": 2}).execute()
            self.assertEqual(crons._lanes(), first + at_work)
            self.env["res.config.settings"].create({"mass_email_lanes": 1}).execute()
            self.assertEqual(crons._lanes(), first + at_work)
        self.run_delivery()
        self.assertEqual(crons._lanes(), first)

    def test_a_lane_that_is_too_many_sends_nothing_and_goes_though_all_are_woken_together(self):
        crons = self.env["ir.cron"]
        crons._set_lane_count(2)
        first, second = crons._lanes()
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        lock = type(crons).try_lock_for_update
        with self.smtp() as server:
            with self.committing(mailing.with_context(cron_id=second.id)) as committing:
                committing._cron_deliver_portions()
            self.assertFalse(server.messages)

            def lock_idle(lanes, **options):
                """The other began right behind this one, and has ended before it."""
                return lock(lanes if server.messages else lanes - second, **options)

            with patch.object(type(crons), "try_lock_for_update", lock_idle):
                self.run_delivery()
            self.assertEqual(len(server.messages), 1)
        self.assertEqual(crons._lanes(), first)

    def test_a_job_that_has_not_heard_of_more_lanes_yet_lets_none_go(self):
        self.env["res.config.settings"].create({"mass_email_lanes": 3}).execute()
        with (
            patch.object(type(self.env["ir.config_parameter"]), "get_param", lambda *_args: "1"),
            self.committing(self.env["ir.cron"]) as committing,
        ):
            committing._dismiss_lanes()
        self.assertEqual(len(self.env["ir.cron"]._lanes()), 3)

    def test_a_mass_email_another_lane_prepares_is_left_to_it(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        with (
            patch.object(type(mailing), "try_lock_for_update", lambda self: self.browse()),
            self.committing(mailing) as committing,
        ):
            self.assertFalse(committing._have_queue())
        self.assertFalse(mailing.mailing_trace_ids)

    def test_the_cron_is_woken_to_look_after_who_holds_a_queue_that_is_to_be_built(self):
        """A user who saves the mass email, or a lane that may have died at it."""
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        self.env["ir.cron.trigger"].search([]).unlink()
        with patch.object(type(mailing), "try_lock_for_update", lambda self: self.browse()):
            self.run_delivery()
        self.assertEqual(mailing.state, "in_queue")
        self.assertTrue(self.env["ir.cron.trigger"].search([("call_at", ">", "now")]))

    def test_a_mass_email_is_not_complete_while_another_lane_sends_it(self):
        self._contacts(2, self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        mailing.mailing_trace_ids[0].sudo().write({"trace_status": "process", "claim_key": "x"})
        mailing.mailing_trace_ids[1].trace_status = "sent"
        with self.committing(mailing) as committing:
            committing._finish()
        self.assertEqual(mailing.state, "sending")

    def test_what_another_lane_completed_is_not_completed_again(self):
        mailing = self._mass_email()
        completed_at = fields.Datetime.now() - timedelta(minutes=5)
        mailing.write({"state": "done", "sent_date": completed_at, "kpi_mail_required": True})
        with self.committing(mailing) as committing:
            committing._finish()
        self.assertEqual(mailing.sent_date, completed_at.replace(microsecond=0))
        self.assertTrue(mailing.kpi_mail_required, "Odoo has still to tell of it")

    def test_the_cron_is_woken_to_look_after_a_lane_that_may_have_died(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        mailing.mailing_trace_ids.sudo().write({"trace_status": "process", "claim_key": "x"})
        self.env.flush_all()
        now = fields.Datetime.now()
        with freeze_time(now):
            self.assertEqual(mailing._next_opportunity(), now + timedelta(minutes=1))


class TestSimulatedClock(LimitsCase):
    """Years of sending in seconds: the clock is wound to each moment the cron is woken for."""

    def test_never_above_the_portion_and_never_idle(self):
        for seed in range(6):
            with self.subTest(seed=seed), self.smtp() as server:
                self.play(random.Random(seed), server)

    def play(self, chance, server):
        self.env["mailing.trace"].sudo().search([("portion_datetime", "!=", False)]).write(
            {"portion_datetime": False}
        )
        self.env["ir.cron.trigger"].search([]).unlink()
        portion = chance.randint(1, 7)
        domain_portion = chance.choice([0, chance.randint(1, 5)])
        self.set_portion(portion)
        self.set_setting("domain_portion_size", domain_portion)
        now = start = datetime(2026, 3, 1, chance.randrange(24), 0)
        mailings = self.env["mailing.mailing"]
        for _number in range(chance.randint(1, 3)):
            target_list = self._list("x")
            for member in range(chance.randint(1, 12)):
                domain = chance.choice(["a.example.com", "b.example.com"])
                self._contact("X", target_list, email=f"{chance.random()}.{member}@{domain}")
            mailings += self._mass_email(
                contact_list_ids=[Command.set(target_list.ids)],
                schedule_date=start + timedelta(seconds=chance.randrange(10_000)),
            )
        left = []
        with freeze_time(now) as clock:
            mailings.action_set_pending()
            while not all(mailing.state == "done" for mailing in mailings):
                due = [moment for moment in self.triggers() if moment > now]
                self.assertTrue(due, "nobody wakes the cron though somebody waits")
                now = min(due)
                before = len(server.messages)
                clock.move_to(now)
                self.run_delivery()
                self.assertEqual(mailings._sendable_count(), 0, "idle with quota and work")
                addresses = server.rcpt_tos[before:]
                left += [(now, address.split("@")[1]) for address in addresses]
                self.assertLess(now, start + timedelta(days=10), "it takes too long")
        self.assertEqual(len(left), sum(mailings.mapped("queued_count")))
        for moment, domain in left:
            within = [other for at, other in left if moment <= at < moment + HOUR]
            self.assertLessEqual(len(within), portion)
            if domain_portion:
                self.assertLessEqual(within.count(domain), domain_portion)
        self.assert_no_gap(left, portion, domain_portion, mailings)

    def assert_no_gap(self, left, portion, domain_portion, mailings):
        """Each message left as soon as a place was free for it."""
        if domain_portion or len(mailings) > 1:
            return  # which message takes a place is then a matter of order
        [start] = mailings.mapped("schedule_date")
        moments = [moment for moment, _domain in left]
        for index, moment in enumerate(moments):
            free = moments[index - portion] + HOUR if index >= portion else start
            self.assertLessEqual(moment, max(free, start) + timedelta(seconds=1))
