from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.mass_mailing_campaign.models.checkup.dns_records import DnsCheck
from odoo.addons.mass_mailing_campaign.models.checkup.mail_server import MailServerCheck
from odoo.addons.mass_mailing_campaign.models.checkup.public_address import PublicAddressCheck
from odoo.addons.mass_mailing_campaign.models.checkup.queue import PortionCheck, WaitingCheck
from odoo.addons.mass_mailing_campaign.models.checkup.scheduled_action import (
    ScheduledActionCheck,
    WorkersCheck,
)
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user
from odoo.tools import config, mute_logger

from ...common import DELIVERY_CRON, MassEmailCase


class CheckupCase(MassEmailCase):
    def found(self, check):
        """What a check finds, as a list of (grade, words, button)."""
        return [(each.grade, each.words, each.mend) for each in check(self.env).findings()]

    def assert_found(self, check, grade, words="", mend=None):
        """There is one finding of a check, and it is like this; what is not good has a remedy."""
        [finding] = check(self.env).findings()
        self.assertEqual(finding.grade, grade, finding.words)
        self.assertIn(words, finding.words)
        if mend is not None:
            self.assertEqual(finding.mend, mend)
        self.assertTrue(finding.remedy or grade in ("good", "unchecked"))


class TestScheduledActionCheck(CheckupCase):
    def setUp(self):
        super().setUp()
        self.lane = self.env.ref(DELIVERY_CRON)
        now = fields.Datetime.now()
        self.env["ir.cron.trigger"].search([]).unlink()
        self.lane.write({"nextcall": now + timedelta(minutes=50), "lastcall": now})

    def test_one_that_ran_on_time_is_good_and_can_be_run_now(self):
        self.assert_found(ScheduledActionCheck, "good", "It ran today", "run_now")

    def test_a_new_one_has_not_run_yet(self):
        self.lane.lastcall = False
        self.assert_found(ScheduledActionCheck, "good", "not run yet")

    def test_one_that_is_off_is_switched_on(self):
        self.lane.active = False
        self.assert_found(ScheduledActionCheck, "bad", "send the hourly portion", "switch_on")

    def test_one_lane_of_several_that_is_off_is_told_and_switched_on_beside_busy_ones(self):
        crons = self.env["ir.cron"]
        crons._set_lane_count(3)
        crons._lanes()[1].active = False
        self.assert_found(ScheduledActionCheck, "bad", "1 of 3 lanes", "switch_on")
        locked = []
        self.patch(type(crons), "lock_for_update", lambda lanes, **_how: locked.append(lanes))
        values = {"topic": "scheduled_action", "grade": "bad", "words": "Off", "mend": "switch_on"}
        self.env["mailing.checkup.finding"].create(values).action_mend()
        self.assertEqual(locked, [crons._lanes()[1]], "the others may be at work")

    def test_one_whose_user_is_archived_is_told_before_it_fails(self):
        self.lane.user_id = self.marketer
        self.assert_found(ScheduledActionCheck, "good")
        self.marketer.active = False
        self.assert_found(
            ScheduledActionCheck, "bad", "its user, Marta Marketer, is archived", "open_settings"
        )

    def test_modules_that_wait_to_be_upgraded_hold_up_all_scheduled_actions(self):
        self.lane.nextcall = fields.Datetime.now() - timedelta(minutes=20)
        module = self.env["ir.module.module"].search([("name", "=", "mass_mailing_sms")])
        module.state = "to upgrade"
        self.assert_found(ScheduledActionCheck, "bad", f"upgraded or removed: {module.shortdesc}")

    def test_in_a_neutralized_copy_it_is_off_with_good_reason(self):
        self.lane.active = False
        self.env["ir.config_parameter"].set_param("database.is_neutralized", True)
        self.assert_found(ScheduledActionCheck, "unchecked", "neutralized", "")

    def test_a_deleted_one_is_brought_back(self):
        self.env["ir.cron"]._lanes().unlink()
        self.assert_found(ScheduledActionCheck, "bad", "deleted", "restore")

    def test_one_that_fails_is_told_with_how_often(self):
        self.lane.write({"failure_count": 4, "first_failure_date": "2026-11-20 10:00:00"})
        self.assert_found(ScheduledActionCheck, "bad", "failed 4 times", "run_now")

    def test_one_that_did_not_run_in_time_is_late(self):
        self.lane.nextcall = fields.Datetime.now() - timedelta(minutes=20)
        self.assert_found(ScheduledActionCheck, "bad", "should have run")
        self.lane.nextcall = fields.Datetime.now() - timedelta(minutes=5)
        self.assert_found(ScheduledActionCheck, "good")

    def test_one_that_was_woken_and_did_not_run_is_late(self):
        self.lane._trigger(fields.Datetime.now() - timedelta(minutes=20))
        self.assert_found(ScheduledActionCheck, "bad", "should have run")

    def test_lanes_need_a_cron_worker_each_and_one_more(self):
        for lanes, workers, grade in ((1, 2, "good"), (2, 2, "warning"), (5, 2, "warning")):
            self.env["ir.cron"]._set_lane_count(lanes)
            with self.subTest(lanes=lanes), patch.dict(config.options, max_cron_threads=workers):
                self.assert_found(WorkersCheck, grade)

    def test_a_server_without_cron_workers_is_told_unless_another_one_has_them(self):
        with patch.dict(config.options, max_cron_threads=0):
            self.assert_found(WorkersCheck, "good", "another Odoo server")
            self.lane.lastcall = fields.Datetime.now() - timedelta(hours=3)
            self.assert_found(WorkersCheck, "warning", "max_cron_threads")
            self.lane.lastcall = False
            self.assert_found(WorkersCheck, "warning", "max_cron_threads")


class TestQueueChecks(CheckupCase):
    def under_way(self, **values):
        return self._mass_email(state="sending", **values)

    def test_nothing_waits(self):
        self.assert_found(WaitingCheck, "good", "No mass email")
        self.under_way()
        self.assert_found(WaitingCheck, "good", "Under way: 1")

    def test_what_waits_is_told_by_its_reason(self):
        for issue in ("421 4.7.0 busy", "421 4.7.0 busy", "550 5.7.1 blocked"):
            self.under_way().delivery_issue = issue
        self.assertEqual(
            sorted(words for _grade, words, _mend in self.found(WaitingCheck)),
            ["Waiting: 1. 550 5.7.1 blocked", "Waiting: 2. 421 4.7.0 busy"],
        )

    def test_a_paused_one_and_an_inactive_campaign_hold_up(self):
        self.under_way(is_paused=True)
        self.assert_found(WaitingCheck, "warning", "Paused", "open_waiting")
        self.env["mailing.mailing"].search([("state", "=", "sending")]).is_paused = False
        self.campaign.campaign_status = "inactive"
        self.assert_found(WaitingCheck, "warning", "is inactive", "open_waiting")
        self.campaign.write({"campaign_status": "active", "active": False})
        self.assert_found(WaitingCheck, "warning", "is archived", "open_waiting")

    def test_an_archived_one_waits_too(self):
        self.under_way().action_archive()
        self.assert_found(WaitingCheck, "warning", "Archived: it waits", "open_waiting")

    def test_who_stopped_it_is_told_before_what_was_the_trouble(self):
        self.under_way(is_paused=True).delivery_issue = "421 4.7.0 busy"
        self.assert_found(WaitingCheck, "warning", "Paused", "open_waiting")

    def test_outside_the_sending_hours_it_waits(self):
        self.under_way()
        calendar = self.env["resource.calendar"].create({"name": "Never", "attendance_ids": False})
        self.set_setting("calendar_id", calendar.id)
        self.assert_found(WaitingCheck, "bad", "“Never” has no working hour", "open_settings")
        someday = {"dayofweek": str((fields.Date.today() + timedelta(days=3)).weekday())}
        hours = {"name": "Then", "hour_from": 9, "hour_to": 12, "day_period": "morning"}
        calendar.attendance_ids = [Command.create(someday | hours)]
        self.assert_found(WaitingCheck, "warning", "sending hours until", "open_settings")

    def test_the_used_portion_of_a_mail_server_is_told(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as smtp:
            server = self.env["ir.mail_server"].search([])
            server.mass_email_portion_size = 2
            self.assert_found(PortionCheck, "good", "1000 of 1000")
            self.send(mailing, smtp)
            self.assertEqual(
                [(grade, words[:28]) for grade, words, _mend in self.found(PortionCheck)],
                [
                    ("good", "998 of 1000 may still leave "),
                    ("warning", "Loopback: all 2 of this hour"),
                ],
            )
            server.active = False
            self.assert_found(PortionCheck, "good", "998 of 1000")

    def test_the_used_portion_is_told(self):
        self.set_setting("portion_size", 2)
        self.assert_found(PortionCheck, "good", "2 of 2")
        self._contacts(2, self.target_list)
        self.send(self._mass_email())
        self.assert_found(PortionCheck, "warning", "All 2", "open_settings")


class TestCheckup(CheckupCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        group = "mass_mailing_campaign.group_manager"
        cls.manager = new_test_user(cls.env, login="manager", groups=group, email="m@example.com")
        cls.admin = cls.env.ref("base.user_admin")

    def setUp(self):
        super().setUp()
        for check in (MailServerCheck, PublicAddressCheck, DnsCheck):
            self.patch(check, "findings", lambda self: [self.good("Fine")])
        self.lane = self.env.ref(DELIVERY_CRON)
        self.lane.nextcall = fields.Datetime.now() + timedelta(minutes=50)
        self.env["ir.cron.trigger"].search([]).unlink()
        self.findings = self.env["mailing.checkup.finding"]
        self.findings.search([]).unlink()

    def check_up(self, user):
        with self.committing(self.findings.with_user(user)) as findings:
            action = findings.action_check_up()
        self.assertEqual(action["res_model"], "mailing.checkup.finding")
        return self.findings.with_user(user).search([])

    def finding(self, topic):
        return self.findings.search([("topic", "=", topic)])

    def test_it_tells_each_topic_and_the_worst_first(self):
        self.lane.active = False
        found = self.check_up(self.manager)
        self.assertEqual(found[0].topic, "scheduled_action")
        topics = {topic for topic, _name in self.findings._fields["topic"].selection}
        self.assertEqual(topics - set(found.mapped("topic")), {"opt_out"})

    def test_looking_again_takes_the_place_of_what_was_found(self):
        self.check_up(self.manager)
        count = self.findings.search_count([])
        self.check_up(self.manager)
        self.assertEqual(self.findings.search_count([]), count)

    def test_a_button_switches_the_scheduled_action_on(self):
        self.lane.active = False
        self.check_up(self.manager)
        self.finding("scheduled_action").with_user(self.manager).action_mend()
        self.assertTrue(self.lane.active)
        self.assertEqual(self.finding("scheduled_action").grade, "good")
        self.assertEqual(self.finding("mail_server").words, "Fine", "what asks others stays")
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", self.lane.id)]))

    def test_a_button_brings_a_deleted_scheduled_action_back_with_its_lanes(self):
        self.set_setting("lanes", 2)
        self.env["ir.cron"]._lanes().unlink()
        self.check_up(self.manager)
        self.finding("scheduled_action").with_user(self.manager).action_mend()
        self.assertEqual(len(self.env["ir.cron"]._lanes()), 2)
        self.assertEqual(self.finding("scheduled_action").grade, "good")

    def test_settings_are_opened_by_administrators_only(self):
        finding = self.findings.create(
            {"topic": "portion", "grade": "warning", "words": "Full", "mend": "open_settings"}
        )
        self.assertFalse(finding.with_user(self.manager).is_mend_allowed)
        with self.assertRaises(AccessError):
            finding.with_user(self.manager).action_mend()
        action = finding.with_user(self.admin).action_mend()
        self.assertEqual(action["res_model"], "res.config.settings")

    def test_every_button_opens_a_screen_that_is_there(self):
        finding = self.findings.create({"topic": "dns", "grade": "bad", "words": "Bad"})
        for mend, _label in self.findings._fields["mend"].selection:
            with self.subTest(mend):
                finding.mend = mend
                if mend.startswith("open_"):
                    action = finding.with_user(self.admin).action_mend()
                    self.assertIn(action["res_model"], self.env)

    def test_the_red_dot_tells_of_what_is_bad_now(self):
        alert = self.findings.with_user(self.manager).get_alert
        self.check_up(self.manager)
        self.assertEqual(alert(), 0)
        self.lane.active = False
        self.assertEqual(alert(), 1, "it is seen without another check-up")
        self.finding("mail_server").grade = "bad"
        self.assertEqual(alert(), 2, "and so is what the last one found elsewhere")

    def test_the_red_dot_asks_no_other_machine(self):
        asked = []
        self.patch(MailServerCheck, "findings", lambda check: asked.append(check) or [])
        self.findings.with_user(self.manager).get_alert()
        self.assertFalse(asked)

    def test_a_check_that_fails_itself_hides_no_other(self):
        def fail(_check):
            raise ValueError("something unforeseen")

        self.patch(PortionCheck, "findings", fail)
        with mute_logger(
            "odoo.addons.mass_mailing_campaign.models.checkup.mailing_checkup_finding"
        ):
            self.check_up(self.manager)
        self.assertEqual(self.finding("portion").grade, "unchecked")
        self.assertIn("something unforeseen", self.finding("portion").words)
        self.assertTrue(self.finding("mail_server"))

    def test_who_cannot_mend_it_sees_no_dot(self):
        self.lane.active = False
        self.assertIsNone(self.findings.with_user(self.marketer).get_alert())
        with self.assertRaises(AccessError):
            self.findings.with_user(self.marketer).action_check_up()

    def test_it_is_done_some_times_a_day_by_itself(self):
        cron = self.env.ref("mass_mailing_campaign.ir_cron_check_up")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertTrue(self.finding("mail_server"))
