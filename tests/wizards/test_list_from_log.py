from odoo.exceptions import UserError

from ..common import MassEmailCase


class TestListFromLog(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contacts = {
            name: cls._contact(name, cls.target_list) for name in ("Anna", "Bob", "Carl", "Dora")
        }

    def setUp(self):
        super().setUp()
        self.mailing = self._mass_email()
        self.send(self.mailing)
        self.click("Anna", self.offer)
        self.click("Bob", self.demo)
        self.click("Dora", self.offer)
        self.trace("Dora")._receive_opt_out()

    def trace(self, name):
        return self.mailing.mailing_trace_ids.filtered(
            lambda trace: trace.contact_id.name == name
        ).sudo()

    def click(self, name, link):
        self.trace(name)._receive_click(link.code)

    def create_list(self, *include, exclude=(), **values):
        wizard = self.env["mailing.list.from.log"].with_user(self.marketer)
        wizard = wizard.create(
            {
                "campaign_id": self.campaign.id,
                "name": "From log",
                "include_type_ids": [(4, wizard._event_type(each).id) for each in include],
                "exclude_type_ids": [(6, 0, [wizard._event_type(each).id for each in exclude])],
                **values,
            }
        )
        count = wizard.contact_count
        action = wizard.action_create()
        target_list = self.env["mailing.list"].browse(action["res_id"])
        self.assertEqual(target_list.contact_count, count)
        return sorted(target_list.contact_ids.mapped("name"))

    def test_all_who_clicked_a_given_url(self):
        names = self.create_list("clicked", link_ids=self.offer.ids)
        self.assertEqual(names, ["Anna", "Dora"])

    def test_sent_without_those_who_clicked(self):
        self.assertEqual(self.create_list("sent", exclude=["clicked"]), ["Carl"])

    def test_several_actions_are_joined(self):
        self.assertEqual(self.create_list("clicked", "opted_out"), ["Anna", "Bob", "Dora"])

    def test_who_opted_out_is_left_out_unless_the_user_says_otherwise(self):
        wizard = self.env["mailing.list.from.log"].new({"campaign_id": self.campaign.id})
        self.assertEqual(wizard.exclude_type_ids.mapped("value"), ["opted_out"])

    def test_only_the_chosen_mass_emails_count(self):
        other = self._mass_email()
        with self.assertRaises(UserError):
            self.create_list("sent", mailing_ids=other.ids)

    def test_selected_log_lines_preset_the_wizard(self):
        events = self.env["mailing.trace.event"].search(
            [("link_id", "=", self.offer.id), ("event_type", "=", "clicked")]
        )
        wizard = self.env["mailing.list.from.log"].with_context(
            active_model="mailing.trace.event", active_ids=events.ids
        )
        values = wizard.default_get(["campaign_id", "include_type_ids", "link_ids"])
        self.assertEqual(values["campaign_id"], self.campaign.id)
        self.assertEqual(values["link_ids"], [(6, 0, self.offer.ids)])

    def test_tests_are_left_out(self):
        target = self._contact("Tester")
        with self.smtp(), self.committing(self.mailing) as mailing:
            mailing._send_test(mailing.env["mailing.contact"].browse(target.id))
        self.assertNotIn("Tester", self.create_list("sent"))

    def test_nothing_found_creates_nothing(self):
        with self.assertRaisesRegex(UserError, "Nobody"):
            self.create_list("bounced")
        self.assertFalse(self.env["mailing.list"].search([("name", "=", "From log")]))
