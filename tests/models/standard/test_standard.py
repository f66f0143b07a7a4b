from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form

from ...common import MassEmailCase

FORM = "mass_mailing_campaign.mailing_mailing_view_form_mass_email"


class TestStandard(MassEmailCase):
    """What Odoo's own buttons do with a mass email."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._contact("Anna", cls.target_list)
        cls.start = "2030-01-01 08:00:00"
        cls.mailing = cls._mass_email(schedule_date=cls.start).with_user(cls.marketer)
        cls.standard = cls.env["mailing.mailing"].create(
            {
                "subject": "Standard",
                "body_html": "<p>x</p>",
                "contact_list_ids": cls.target_list.ids,
                "mailing_model_id": cls.env["ir.model"]._get_id("mailing.list"),
            }
        )

    def check_start(self, state):
        self.assertEqual((self.mailing.state, str(self.mailing.schedule_date)), (state, self.start))

    def test_send_and_schedule_are_set_pending(self):
        for method in ("action_launch", "action_schedule"):
            with self.subTest(method):
                getattr(self.mailing, method)()
                self.check_start("in_queue")
                self.mailing.action_back_to_draft()
                with self.assertRaisesRegex(UserError, "body"):
                    empty = self._mass_email("<p></p>")
                    getattr(empty, method)()

    def test_schedule_in_a_dialog_is_set_pending(self):
        dialog = self.env["mailing.mailing.schedule.date"].create(
            {"mass_mailing_id": self.mailing.id, "schedule_date": self.start}
        )
        dialog.action_schedule_date()
        self.check_start("in_queue")

    def test_cancel_is_back_to_draft_and_keeps_the_start_date(self):
        self.mailing.action_set_pending()
        self.mailing.action_cancel()
        self.check_start("draft")
        self.mailing.sudo().state = "sending"
        self.mailing.action_cancel()
        self.check_start("sending")

    def test_its_test_is_send_test(self):
        self.assertEqual(self.mailing.action_test()["res_model"], "mailing.send.test")
        wizard = self.env["mailing.mailing.test"].with_user(self.marketer)
        wizard = wizard.create({"mass_mailing_id": self.mailing.id, "email_to": "a@example.com"})
        with self.assertRaisesRegex(UserError, "Send Test"):
            wizard.send_mail_test()

    def test_nothing_sends_it_past_the_portion(self):
        for send in (self.mailing.action_send_mail, self.mailing._action_send_mail):
            with self.assertRaisesRegex(UserError, "portions"):
                send()
        self.assertFalse(self.mailing.mailing_trace_ids)

    def test_it_is_no_ab_test(self):
        with self.assertRaisesRegex(ValidationError, "A/B"):
            self.mailing.ab_testing_enabled = True
        with self.assertRaisesRegex(UserError, "portions"):
            self.mailing.action_select_as_winner()

    def test_standard_mailings_beside_it_are_what_they_were(self):
        mailings = self.mailing.sudo() + self.standard
        mailings.action_launch()
        self.assertEqual(mailings.mapped("state"), ["in_queue", "in_queue"])
        self.assertEqual(self.standard.schedule_type, "now")
        mailings.action_cancel()
        self.assertEqual(mailings.mapped("state"), ["draft", "draft"])
        self.check_start("draft")
        self.assertEqual(self.standard.action_test()["res_model"], "mailing.mailing.test")
        self.assertNotIn("id", self.standard.get_formview_action())

    def test_it_opens_in_its_own_form(self):
        form = self.env.ref(FORM).id
        self.assertEqual(self.mailing.get_formview_id(), form)
        action = self.mailing.action_duplicate()
        self.assertEqual(action["views"], [(form, "form")])
        copy = self.env["mailing.mailing"].browse(action["res_id"])
        self.assertNotEqual(copy, self.mailing)
        self.assertEqual((copy.delivery_mode, copy.state), ("portions", "draft"))
        self.assertNotEqual(self.standard.get_formview_id(), form)

    def test_odoos_form_of_standard_mailings_works(self):
        with Form(self.standard, view="mass_mailing.view_mail_mass_mailing_form") as form:
            form.subject = "Other"
        self.assertEqual(self.standard.subject, "Other")
