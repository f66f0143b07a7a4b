from lxml import etree
from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from ...common import MassEmailCase


class TestCampaign(MassEmailCase):
    def test_a_campaign_cannot_end_before_it_starts(self):
        self.campaign.write({"date_start": "2030-01-02", "date_end": "2030-01-02"})
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.campaign.date_end = "2030-01-01"
            self.env.flush_all()

    def test_it_is_made_with_its_target_lists_in_one_step(self):
        campaigns = self.env["utm.campaign"].with_user(self.marketer)
        with Form(campaigns, "utm.utm_campaign_view_form_quick_create") as form:
            form.title = "Autumn"
            form.target_list_ids.add(self.target_list)
        self.assertEqual(form.record.target_list_ids, self.target_list)

    def test_what_is_imported_with_a_campaign_is_of_its_kinds(self):
        fields = [
            "title",
            "tracking_url_ids/title",
            "tracking_url_ids/url",
            "mass_email_ids/subject",
        ]
        row = ["Imported", "Offer", "https://www.example.com/imported", "News"]
        result = self.env["utm.campaign"].with_user(self.marketer).load(fields, [row])
        campaign = self.env["utm.campaign"].browse(result["ids"])
        self.assertEqual(campaign.tracking_url_ids.title, "Offer")
        self.assertEqual(campaign.mass_email_ids.subject, "News")

    def test_the_type_is_locked_by_the_first_mass_email(self):
        self.campaign.campaign_type = "email"
        self._mass_email()
        self.campaign.campaign_type = "email"
        with self.assertRaisesRegex(ValidationError, "Summer"):
            self.campaign.campaign_type = "newsletter"

    def test_the_type_is_locked_by_letters_whose_mass_email_was_deleted(self):
        """Their opt-out links would not work any more in an informational campaign."""
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        letter = mailing.mailing_trace_ids.sudo()
        mailing.unlink()
        with self.assertRaises(ValidationError):
            self.campaign.campaign_type = "informational"
        self.assertFalse(letter._opt_out_scope().is_refused)

    def test_a_test_of_a_draft_that_was_deleted_does_not_lock_the_type(self):
        anna = self._contact("Anna", self.target_list)
        draft = self._mass_email()
        with self.smtp(), self.committing(draft) as committing:
            committing._send_test(committing.env["mailing.contact"].browse(anna.id))
        letter = self.env["mailing.trace"].sudo().search([("contact_id", "=", anna.id)])
        with self.assertRaises(ValidationError):
            self.campaign.campaign_type = "informational"
        draft.unlink()
        self.campaign.campaign_type = "informational"
        letter._receive_opt_out()
        self.assertTrue(anna.subscription_ids.opt_out, "its opt-out link works as before")

    def test_the_type_is_locked_by_an_archived_mass_email(self):
        self._mass_email().active = False
        with self.assertRaisesRegex(ValidationError, "Summer"):
            self.campaign.campaign_type = "informational"

    def test_what_it_holds_back_is_not_let_go_by_deleting_it(self):
        mailing = self._mass_email(state="in_queue")
        self.campaign.campaign_status = "inactive"
        for is_active in (True, False):
            mailing.active = is_active
            with self.assertRaisesRegex(UserError, "pending"):
                self.campaign.with_user(self.marketer).unlink()
        mailing.action_back_to_draft()
        self.campaign.with_user(self.marketer).unlink()

    def test_without_it_nobody_is_said_not_to_have_opened_an_informational_email(self):
        self.campaign.campaign_type = "informational"
        mailing = self._mass_email(state="done", open_tracking=True)
        self.assertFalse(mailing.are_openings_tracked)
        self.campaign.with_user(self.marketer).unlink()
        self.assertFalse(mailing.are_openings_tracked)

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
        mailings = self.env["mailing.mailing"].with_user(self.marketer)
        form = Form(
            mailings.with_context(
                default_campaign_id=self.campaign.id, default_delivery_mode="portions"
            ),
            view="mass_mailing_campaign.mailing_mailing_view_form_mass_email",
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

    def test_a_copy_takes_other_lists_where_they_are_given(self):
        copy = self.campaign.copy({"target_list_ids": [Command.clear()]})
        self.assertFalse(copy.target_list_ids)
        self.assertEqual(copy.excluding_list_ids, self.excluding_list)

    def test_the_form_locks_the_type_with_the_first_mass_email(self):
        campaign = self.campaign.with_user(self.marketer)
        with Form(campaign) as form:
            form.campaign_type = "email"
        self._mass_email().active = False
        with self.assertRaisesRegex(AssertionError, "readonly"), Form(campaign) as form:
            form.campaign_type = "newsletter"

    def test_one_status_stands_on_the_form_and_groups_the_cards(self):
        views = (
            self.env["utm.campaign"]
            .with_user(self.marketer)
            .get_views([(False, "form"), (False, "kanban"), (False, "list")])["views"]
        )
        form = etree.fromstring(views["form"]["arch"])
        statuses = form.xpath("//header/field[@widget='statusbar']/@name")
        self.assertEqual(statuses, ["campaign_status"])
        self.assertFalse(form.xpath("//field[@name='stage_id']"))
        kanban = etree.fromstring(views["kanban"]["arch"])
        self.assertEqual(kanban.get("default_group_by"), "campaign_status")
        column = etree.fromstring(views["list"]["arch"]).xpath("//field[@name='stage_id']")
        self.assertEqual([each.get("column_invisible") for each in column], ["True"])

    def test_every_status_has_a_column_though_no_campaign_is_in_it(self):
        found = (
            self.env["utm.campaign"]
            .with_context(read_group_expand=True)
            .web_read_group([("id", "=", self.campaign.id)], ["campaign_status"], ["__count"])
        )
        self.assertEqual(
            [group["campaign_status"] for group in found["groups"]],
            ["planning", "active", "inactive", "complete"],
        )

    def test_no_button_of_the_header_is_louder_than_the_panels_which_adds_a_mass_email(self):
        view = self.env["utm.campaign"].with_user(self.marketer).get_view(view_type="form")
        buttons = etree.fromstring(view["arch"]).xpath("//header/button")
        loud = [
            button.get("name")
            for button in buttons
            if {"oe_highlight", "btn-primary"} & set(button.get("class", "").split())
        ]
        self.assertEqual(loud, [])
        self.assertTrue(buttons)

    def test_a_marketer_without_sales_rights_plans_a_campaign(self):
        team = self.env["crm.team"].create({"name": "Gardeners"})
        with Form(self.env["utm.campaign"].with_user(self.marketer)) as form:
            form.title = "Winter"
            form.budget = 1200
            form.description = "To those who came in summer"
            form.team_id = team
        campaign = form.record
        self.assertEqual((campaign.budget, campaign.team_id), (1200, team))
        self.assertEqual(campaign.budget_currency_id, self.env.company.currency_id)

    def test_a_budget_is_not_negative(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.campaign.budget = -1
            self.env.flush_all()

    def test_filters_and_groups_of_campaigns_work(self):
        campaigns = self.env["utm.campaign"].with_user(self.marketer)
        arch = etree.fromstring(campaigns.get_view(view_type="search")["arch"])
        for node in arch.iter("filter"):
            with self.subTest(node.get("name")):
                if node.get("domain"):
                    campaigns.search(safe_eval(node.get("domain"), {"uid": self.marketer.id}))
                elif node.get("context"):
                    group_by = safe_eval(node.get("context"))["group_by"]
                    campaigns.formatted_read_group([], [group_by], ["__count"])
        self.assertIn(self.campaign, campaigns.search([("target_list_ids", "ilike", "Custom")]))

    def test_menus_lead_to_mass_emails_templates_and_tracking_urls(self):
        mailing = self._mass_email()
        self.env["mailing.mailing"].create({"subject": "Odoo's own"})
        template = self.env["mail.template"].create(
            {"name": "Letter", "model_id": self.env["ir.model"]._get_id("mailing.contact")}
        )
        found = {}
        names = ("mailing_mailing_menu_mass_emails", "mail_template_menu_mass_email")
        for name in (*names, "link_tracker_menu_tracking_url"):
            menu = self.env.ref(f"mass_mailing_campaign.{name}")
            self.assertEqual(menu.parent_id, self.env.ref("mass_mailing_campaign.mass_email_menu"))
            records = self.env[menu.action.res_model].with_user(self.marketer)
            records.get_views(menu.action.views)
            found[name] = records.search(safe_eval(menu.action.domain))
        self.assertIn(mailing, found["mailing_mailing_menu_mass_emails"])
        self.assertEqual(
            set(found["mailing_mailing_menu_mass_emails"].mapped("delivery_mode")), {"portions"}
        )
        self.assertIn(template, found["mail_template_menu_mass_email"])
        self.assertIn(self.offer, found["link_tracker_menu_tracking_url"])

    def test_an_informational_campaign_has_no_tracking_urls_on_its_form(self):
        view = self.env["utm.campaign"].with_user(self.marketer).get_view(view_type="form")
        [page] = etree.fromstring(view["arch"]).xpath("//page[@name='tracking_urls']")
        self.assertIn("informational", page.get("invisible"))
