from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from ...common import MassEmailCase


class TestCampaign(MassEmailCase):
    def test_a_campaign_cannot_end_before_it_starts(self):
        self.campaign.write({"date_start": "2030-01-02", "date_end": "2030-01-02"})
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.campaign.date_end = "2030-01-01"
            self.env.flush_all()

    def test_the_type_is_locked_by_the_first_mass_email(self):
        self.campaign.campaign_type = "email"
        self._mass_email()
        self.campaign.campaign_type = "email"
        with self.assertRaisesRegex(ValidationError, "Summer"):
            self.campaign.campaign_type = "newsletter"

    def test_the_type_is_locked_by_an_archived_mass_email(self):
        self._mass_email().active = False
        with self.assertRaisesRegex(ValidationError, "Summer"):
            self.campaign.campaign_type = "informational"

    def test_a_copy_takes_the_lists_but_not_the_mass_emails(self):
        self._mass_email()
        self.campaign.campaign_status = "active"
        copy = self.campaign.copy()
        self.assertEqual(copy.target_list_ids, self.target_list)
        self.assertEqual(copy.excluding_list_ids, self.excluding_list)
        self.assertEqual(copy.campaign_status, "planning")
        self.assertFalse(copy.mass_email_ids)

    def test_who_has_no_email_marketing_copies_and_opens_a_campaign_without_it(self):
        salesman = new_test_user(
            self.env, login="salesman", groups="sales_team.group_sale_salesman"
        )
        copy = self.campaign.with_user(salesman).copy()
        self.assertFalse(copy.sudo().target_list_ids)
        with Form(self.campaign.with_user(salesman)) as form:
            form.title = "Late summer"
        self.assertEqual(self.campaign.title, "Late summer")

    def test_a_mass_email_is_added_in_its_own_form(self):
        action = self.campaign.with_user(self.marketer).action_add_mass_email()
        form = Form(
            self.env["mailing.mailing"].with_user(self.marketer).with_context(**action["context"]),
            view=self.env["ir.ui.view"].browse(action["view_id"][0]),
        )
        form.subject = "Hello"
        mailing = form.save()
        self.assertEqual((mailing.campaign_id, mailing.delivery_mode), (self.campaign, "portions"))

    def test_the_log_offers_openings_only_where_they_were_tracked(self):
        campaign = self.campaign.with_user(self.marketer)
        mailing = self._mass_email(open_tracking=False)
        self.assertTrue(campaign.action_view_log()["context"].get("openings_are_not_tracked"))
        mailing.open_tracking = True
        self.assertNotIn("openings_are_not_tracked", campaign.action_view_log()["context"])
        self._contact("Anna", self.target_list)
        mailing._build_queue()
        mailing.mailing_trace_ids.sudo()._receive_open()
        mailing.open_tracking = False
        self.assertNotIn("openings_are_not_tracked", campaign.action_view_log()["context"])
