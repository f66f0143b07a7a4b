from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .common import MassEmailCase


class TestRights(MassEmailCase):
    def test_a_marketer_can_do_all_of_it(self):
        env = self.env(user=self.marketer)
        target_list = env["mailing.list"].create({"name": "Mine"})
        env["mailing.contact"].create(
            {"name": "A", "email": "a@example.com"}
        ).list_ids = target_list
        campaign = env["utm.campaign"].create(
            {"title": "Mine", "target_list_ids": [(6, 0, target_list.ids)]}
        )
        env["link.tracker"].create(
            {
                "is_tracking_url": True,
                "title": "Link",
                "url": "https://www.example.com/mine",
                "campaign_id": campaign.id,
            }
        )
        mailing = env["mailing.mailing"].create(
            {
                "delivery_mode": "portions",
                "campaign_id": campaign.id,
                "subject": "Hello",
                "body_arch": "<p>Hello</p>",
                "schedule_date": "2020-01-01 00:00:00",
            }
        )
        self.send(mailing)
        self.assertEqual(mailing.state, "done")
        self.assertEqual(campaign.recent_event_ids.mapped("event_type"), ["sent"])
        wizard = env["mailing.list.from.log"].create(
            {
                "campaign_id": campaign.id,
                "name": "Reached",
                "include_type_ids": env["mailing.list.from.log"]._event_type("sent").ids,
            }
        )
        wizard.action_create()
        self.assertTrue(env["mailing.list"].search([("name", "=", "Reached")]).contact_count)

    def test_a_marketer_cannot_change_the_log_nor_read_tokens(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email().with_user(self.marketer)
        self.send(mailing)
        event = self.env["mailing.trace.event"].search([("mailing_id", "=", mailing.id)])
        with self.assertRaises(AccessError):
            event.with_user(self.marketer).unlink()
        with self.assertRaises(AccessError):
            mailing.mailing_trace_ids.read(["token"])

    def test_other_employees_get_nothing_new(self):
        employee = new_test_user(self.env, login="employee", groups="base.group_user")
        for model in ("mailing.trace.event", "mailing.list.from.log", "mailing.send.test"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(employee).search([])
        campaign = self.campaign.with_user(employee)
        self.assertNotIn("target_list_ids", campaign.fields_get())
        with self.assertRaises(AccessError):
            campaign.read(["recent_event_ids"])
