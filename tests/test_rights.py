from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

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
        self.assertEqual(campaign.get_log_figures()["counts"], {"sent": 1})
        wizard = env["mailing.list.from.log"].create(
            {
                "campaign_id": campaign.id,
                "name": "Reached",
                "did_ids": env["mailing.list.from.log"]._options("event_type", ["sent"]).ids,
            }
        )
        wizard.action_create()
        self.assertTrue(env["mailing.list"].search([("name", "=", "Reached")]).contact_count)

    def test_a_marketer_without_sales_rights_opens_every_form(self):
        lead = self.env["crm.lead"].create({"name": "Lee", "email_from": "lee@example.com"})
        target = self.env["mailing.contact"]._for_records(lead)
        target.list_ids = self.target_list
        mailing = self._mass_email()
        self.send(mailing)
        for record, view in (
            (target, "mass_mailing.mailing_contact_view_form"),
            (self.target_list, "mass_mailing.mailing_list_view_form"),
            (self.campaign, "utm.utm_campaign_view_form"),
            (mailing, "mass_mailing_campaign.mailing_mailing_view_form_mass_email"),
            (mailing.mailing_trace_ids, "mass_mailing.mailing_trace_view_form"),
        ):
            with self.subTest(view):
                Form(record.with_user(self.marketer), view=view)
        self.assertNotIn("lead_id", self.fields_on(target, self.marketer))
        self.assertIn("lead_id", self.fields_on(target, self.seller))

    def fields_on(self, record, user):
        """The fields that a user sees on a record's form."""
        form = etree.fromstring(record.with_user(user).get_view(view_type="form")["arch"])
        return {
            node.get("name")
            for node in form.iter("field")
            if node.get("invisible") not in ("1", "True")
        }

    def test_a_form_fills_in_no_record_that_its_user_may_not_read(self):
        lead = self.env["crm.lead"].create({"name": "Big deal", "email_from": "lee@example.com"})
        contacts = self.env["mailing.contact"].with_user(self.marketer)
        spec = {"name": {}, "email": {}, "company_name": {}}
        with self.assertRaises(AccessError):
            contacts.onchange({"lead_id": lead.id}, ["lead_id"], spec)
        with self.assertRaises(AccessError):
            contacts.with_context(default_lead_id=lead.id).onchange({}, [], spec)
        target = self.env["mailing.contact"]._for_records(lead).with_user(self.marketer)
        target.onchange({"lead_id": lead.id, "country_id": False}, ["country_id"], spec)
        of_seller = self.env["mailing.contact"].with_user(self.seller)
        lead.user_id = self.seller
        values = of_seller.onchange({"lead_id": lead.id}, ["lead_id"], spec)["value"]
        self.assertEqual(values["email"], "lee@example.com")

    def test_nobody_deletes_members_of_a_mass_email(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        with self.assertRaisesRegex(UserError, "opt-out links"):
            mailing.mailing_trace_ids.with_user(self.marketer).unlink()
        members = self.env.ref("mass_mailing_campaign.mailing_trace_view_list_members")
        self.assertIn('delete="0"', members.arch)
        mailing.with_user(self.marketer).unlink()
        self.assertFalse(mailing.exists())

    def test_messages_of_standard_mailings_are_deleted_as_ever(self):
        trace = self.env["mailing.trace"].create(
            {"model": "mailing.contact", "res_id": self._contact("Anna").id}
        )
        trace.with_user(self.marketer).unlink()
        self.assertFalse(trace.exists())

    def test_a_marketer_cannot_change_the_log_nor_read_tokens(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email().with_user(self.marketer)
        self.send(mailing)
        event = self.env["mailing.trace.event"].search([("mailing_id", "=", mailing.id)])
        with self.assertRaises(AccessError):
            event.with_user(self.marketer).unlink()
        with self.assertRaises(AccessError):
            mailing.mailing_trace_ids.read(["token"])

    def test_what_is_under_way_stays_in_its_campaign_and_goes_out_in_portions(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        news = self.env["utm.campaign"].create({"title": "News", "campaign_type": "informational"})
        for values in ({"delivery_mode": "standard"}, {"campaign_id": news.id}):
            with self.assertRaisesRegex(UserError, "stays in its campaign"):
                mailing.with_user(self.marketer).write(values)
        mailing.with_user(self.marketer).action_back_to_draft()
        mailing.with_user(self.marketer).campaign_id = news

    def test_what_was_sent_stays_in_the_campaign_of_its_log(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        other = self.env["utm.campaign"].create({"title": "Other"})
        for values in ({"delivery_mode": "standard"}, {"campaign_id": other.id}):
            with self.assertRaisesRegex(UserError, "stays in its campaign"):
                mailing.with_user(self.marketer).write(values)

    def test_other_employees_get_nothing_new(self):
        employee = new_test_user(self.env, login="employee", groups="base.group_user")
        for model in ("mailing.trace.event", "mailing.list.from.log", "mailing.send.test"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(employee).search([])
        campaign = self.campaign.with_user(employee)
        self.assertNotIn("target_list_ids", campaign.fields_get())
        with self.assertRaises(AccessError):
            campaign.get_log_figures()
