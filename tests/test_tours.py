from datetime import timedelta
from unittest.mock import patch
from urllib.parse import unquote

from lxml import html

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import MassEmailData


@tagged("post_install", "-at_install")
class TestTours(MassEmailData, HttpCase):
    def test_the_guide_from_new_campaign_to_target_list_from_log(self):
        customers = self._list("Customers of the guide")
        competitors = self._list("Competitors of the guide")
        self._contact("Anna", customers)
        self._contact("Bob", customers)
        self._contact("Rival", customers, competitors)

        # the user makes a campaign with a tracking URL
        self.start_tour(
            "/odoo/action-mass_mailing.action_view_utm_campaigns?view_type=list",
            "mass_email_guide_campaign",
            login="marketer",
        )
        campaign = self.env["utm.campaign"].search([("title", "=", "Autumn")])
        self.assertEqual(campaign.campaign_type, "newsletter")
        self.assertEqual(campaign.target_list_ids, customers)
        self.assertEqual(campaign.excluding_list_ids, competitors)
        offer = campaign.tracking_url_ids

        # writes the mass email from a template, sets it pending and sends a test
        self.env["mail.template"].create(
            {
                "name": "Autumn letter",
                "model_id": self.env["ir.model"]._get_id("mailing.contact"),
                "subject": "Autumn for {{ object.name }}",
                "body_html": f'<p>Dear <t t-out="object.name"/>: '
                f'<a href="{offer.placeholder}">offer</a></p>',
            }
        )
        campaign_path = f"/odoo/action-mass_mailing.action_view_utm_campaigns/{campaign.id}"
        with self.smtp() as server:
            self.env["ir.mail_server"].search([]).from_filter = "example.com"
            self.start_tour(campaign_path, "mass_email_guide_mass_email", login="marketer")
            self.assertEqual(server.addresses(), ["marta@example.com"])
            mailing = campaign.mass_email_ids
            self.assertEqual((mailing.state, mailing.contact_list_ids), ("in_queue", customers))

            # the cron sends it, and Anna clicks
            self.run_delivery()
        self.assertEqual(
            server.addresses(), ["anna@example.com", "bob@example.com", "marta@example.com"]
        )
        anna = mailing.mailing_trace_ids.filtered(lambda trace: trace.contact_id.name == "Anna")
        anna.sudo()._receive_click(offer.code)

        # the user makes a target list of those who clicked
        self.start_tour(campaign_path, "mass_email_guide_log", login="marketer")
        clicked = self.env["mailing.list"].search([("name", "=", "Clicked the offer")])
        self.assertEqual(clicked.contact_ids.mapped("name"), ["Anna"])
        unopened = self.env["mailing.list"].search([("name", "=", "Autumn: Did Not Open")])
        self.assertEqual(unopened.contact_ids.mapped("name"), ["Bob"])

    def test_a_target_list_is_filled_and_emptied_on_its_form(self):
        names = [f"Wedding guest {number}" for number in range(90)]
        self.env["res.partner"].create(
            [{"name": name, "email": f"{name.replace(' ', '.')}@example.com"} for name in names]
        )
        guests = self._list("Guests")
        self._contact("Anna", guests)
        path = f"/odoo/action-mass_mailing.action_view_mass_mailing_lists/{guests.id}"
        self.start_tour(path, "target_list_form", login="marketer")
        self.assertFalse(guests.contact_ids)

    def test_a_mass_email_opens_in_its_own_form_from_everywhere(self):
        values = {"user_id": self.marketer.id, "state": "draft"}
        mailing = self._mass_email(name="Mass news", **values)
        self.env["mailing.mailing"].create({"subject": "Standard news", **values})
        path = "/odoo/action-mass_mailing.mailing_mailing_action_mail"
        self.start_tour(path, "mass_email_forms", login="marketer")
        for url in (
            f"{path}/{mailing.id}",
            f"/mail/view?model=mailing.mailing&res_id={mailing.id}",
        ):
            self.start_tour(url, "mass_email_form_by_url", login="marketer")

    def test_a_campaigns_buttons_end_and_add_mass_emails(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        path = f"/odoo/action-mass_mailing.action_view_utm_campaigns/{self.campaign.id}"
        self.start_tour(path, "mass_email_campaign_buttons", login="marketer")
        self.assertEqual(set(mailing.mailing_trace_ids.mapped("failure_type")), {"ended"})

    def test_the_panel_has_status_and_menu_at_hand_on_a_phone(self):
        self._contacts(3, self.target_list)
        self._mass_email(name="A mass email with a name that is rather long for a phone")
        path = f"/odoo/action-mass_mailing.action_view_utm_campaigns/{self.campaign.id}"
        with self.smtp(), patch.object(type(self), "browser_size", "390x844"):
            self.env["ir.mail_server"].search([]).from_filter = "garden.example.com"
            self.start_tour(path, "mass_email_panel_on_a_phone", login="marketer")
        self.assertEqual(self.campaign.mass_email_ids.mapped("mass_email_status"), ["pending"])

    def test_who_did_not_open_gets_another_mass_email_in_one_click(self):
        anna, bob = self._contact("Anna", self.target_list), self._contact("Bob", self.target_list)
        mailing = self._mass_email(name="Roses")
        self.send(mailing)
        mailing.mailing_trace_ids.filtered(lambda t: t.contact_id == anna).sudo()._receive_reply()
        path = f"/odoo/action-mass_mailing.action_view_utm_campaigns/{self.campaign.id}"
        self.start_tour(path, "mass_email_to_unopened", login="marketer")
        again = self.campaign.mass_email_ids - mailing
        self.assertEqual(again.contact_list_ids.contact_ids, bob)
        self.assertEqual((again.mass_email_status, again.subject), ("draft", mailing.subject))

    def test_the_user_pauses_and_decides_on_unknown_messages(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email(campaign_id=self.campaign.id)
        mailing.action_set_pending()
        mailing._build_queue()
        mailing.write(
            {
                "state": "sending",
                "delivery_issue": "421 4.7.0 too many connections",
                "retry_datetime": fields.Datetime.now() + timedelta(minutes=4),
            }
        )
        unknown = mailing.mailing_trace_ids[0]
        unknown.write({"trace_status": "error", "failure_type": "in_doubt"})
        path = f"/odoo/action-mass_mailing_campaign.mailing_mailing_action_mass_email/{mailing.id}"
        self.start_tour(path, "mass_email_decisions", login="marketer")
        self.assertEqual(unknown.failure_type, "left")
        self.assertFalse(mailing.is_paused)
        self.assertFalse(mailing.retry_datetime)

    def test_a_list_fills_itself_by_a_criterion(self):
        """And says so when the criterion does not work any more."""
        partners = self.env["res.partner"].create(
            [{"name": name, "email": f"{name}@example.com", "ref": "fits"} for name in "ABC"]
        )
        saved = (
            self.env["ir.filters"]
            .with_user(self.marketer)
            .create(
                {
                    "name": "Fitting people",
                    "model_id": "res.partner",
                    "domain": "[('ref', '=', 'fits')]",
                    "user_ids": self.marketer.ids,
                }
            )
        )
        target_list = self._list("Of the tour")
        path = f"/odoo/action-mass_mailing.action_view_mass_mailing_lists/{target_list.id}"
        self.start_tour(path, "target_list_criteria", login="marketer")
        self.assertEqual(target_list.criterion_ids.mode, "keep")
        self.assertEqual(target_list.contact_ids.partner_id, partners)

        partners[0].ref = False
        saved.domain = "[('ref', '=', 'fits'), ('name', '=', 'B')]"
        self.start_tour(path, "target_list_criteria_again", login="marketer")
        self.assertEqual(target_list.contact_ids.partner_id, partners[1])

        saved.unlink()
        self.start_tour(path, "target_list_criteria_broken", login="marketer")
        self.assertFalse(target_list.criterion_ids)
        self.assertEqual(target_list.contact_ids.partner_id, partners[1])

    def test_the_form_tells_who_gets_a_mass_email(self):
        readers = self._list("Readers")
        rivals = self._list("Rivals")
        anna = self._contact("Anna", readers)
        self._contact("Bob", readers)
        self._contact("Rita", readers, rivals)
        self._contact("Carl", readers).subscription_ids.opt_out = True
        earlier = self._mass_email(contact_list_ids=[(6, 0, self._list("Few", anna).ids)])
        self.send(earlier)
        self.campaign.target_list_ids = False
        self.campaign.excluding_list_ids = False
        self.start_tour(
            "/odoo/action-mass_mailing_campaign.mailing_mailing_action_mass_email/new",
            "mass_email_audience",
            login="marketer",
        )
        mailing = self.env["mailing.mailing"].search([("subject", "=", "Hello")])
        self.assertEqual(mailing.excluding_list_ids, rivals)

    def test_a_seller_sees_why_a_lead_was_not_mailed(self):
        lead = self.env["crm.lead"].create(
            {"name": "Big deal", "email_from": "lee@example.com", "user_id": self.seller.id}
        )
        target = self.env["mailing.contact"]._for_records(lead)
        self.target_list.contact_ids = target
        self.send(self._mass_email(name="First news"))
        self.excluding_list.contact_ids = target
        self._contact("Bob", self.target_list)
        self.send(self._mass_email(name="Summer offer"))
        self.start_tour(f"/odoo/crm/{lead.id}", "mass_email_why_not", login="seller")

    def test_a_marketer_without_sales_rights_sees_to_the_lists_of_a_contact(self):
        person = self.env["res.partner"].create({"name": "Ann Record", "email": "ann@example.com"})
        path = f"/odoo/action-contacts.action_contacts/{person.id}"
        self.start_tour(path, "mass_email_target_lists", login="marketer")
        self.assertEqual(person.target_list_ids, self.target_list)
        self.assertTrue(person.is_address_dead)

    def test_ticked_records_and_all_search_results_become_members(self):
        self.env["crm.lead"].create(
            [
                {
                    "name": f"Fair {n}",
                    "email_from": f"lead{n}@example.com",
                    "type": "lead",
                    "user_id": self.seller.id,
                }
                for n in range(90)
            ]
        )
        three, found = self._list("Three"), self._list("All Found")
        action = self.env["ir.actions.act_window"].create(
            {
                "name": "Fair",
                "res_model": "crm.lead",
                "domain": "[('name', '=like', 'Fair %')]",
                "view_mode": "list",
            }
        )
        # the client names fewer than are found
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", "50")
        self.start_tour(f"/odoo/action-{action.id}", "add_to_target_list", login="seller")
        self.env.invalidate_all()
        self.assertEqual(three.contact_count, 3)
        self.assertEqual(found.contact_count, 90)

    def test_a_marketer_reads_the_log_and_the_statistics_of_a_campaign(self):
        self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list)
        for subject in ("First news", "Second news"):
            mailing = self._mass_email(subject=subject, name=subject)
            mailing._build_queue()
            mailing.state = "done"
            mailing.mailing_trace_ids.sudo()._log_event("sent")
        anna, bob = mailing.mailing_trace_ids.sudo().sorted("id")
        anna._receive_click(self.offer.code)
        bob._receive_open()
        bob._receive_hit(bob.token, made_by="machine")
        bob._receive_bounce("final", "550 no such user")
        path = f"/odoo/action-mass_mailing.action_view_utm_campaigns/{self.campaign.id}"
        self.start_tour(path, "campaign_log", login="marketer")

    def test_the_check_up_switches_the_scheduled_action_on(self):
        lane = self.lane_switched_off()
        path = "/odoo/action-mass_mailing.action_view_utm_campaigns"
        self.start_tour(path, "delivery_checkup", login="admin")
        self.assertTrue(lane.active)

    def test_links_of_a_letter_are_picked_by_name(self):
        mailing = self._mass_email(
            f'<p><a href="{self.offer.placeholder}">see our offer</a></p>'
            '<p><a href="https://www.example.com/">a page</a></p>'
            '<p><a href="https://www.example.com/2">another page</a></p>'
            "<p>first line</p><p>second line</p>"
        )
        path = f"/odoo/action-mass_mailing_campaign.mailing_mailing_action_mass_email/{mailing.id}"
        self.start_tour(path, "letter_editor_mass_email", login="marketer")
        self.assertEqual(
            self._links(mailing.body_html),
            [
                (self.offer.placeholder, "look at it"),
                ("{optOutUrl}", "a page"),
                (self.demo.placeholder, "another page"),
                (self.offer.placeholder, "Offer"),
                ("{optOutUrl}", "Unsubscribe"),
            ],
        )
        self.start_tour(path, "letter_editor_mass_email_again", login="marketer")

    def test_a_tracking_url_is_made_without_leaving_the_letter(self):
        mailing = self._mass_email("<p>first line</p>")
        path = f"/odoo/action-mass_mailing_campaign.mailing_mailing_action_mass_email/{mailing.id}"
        self.start_tour(path, "letter_editor_new_tracking_url", login="marketer")
        link = self.campaign.tracking_url_ids.filtered(lambda link: link.title == "Spring sale")
        self.assertEqual(link.url, "https://www.example.com/spring")
        self.assertEqual(self._links(mailing.body_html), [(link.placeholder, "Spring sale")])

    def test_a_letter_is_previewed_checked_kept_and_tested(self):
        self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list)
        mailing = self._mass_email(
            f'<p>Dear <t t-out="object.name"/>: <a href="{self.offer.placeholder}">offer</a></p>'
            "<p>code: {optOut}</p><p><a href='#'>empty</a></p>",
            preview="Seeds and tools",
        )
        path = f"/odoo/action-mass_mailing_campaign.mailing_mailing_action_mass_email/{mailing.id}"
        self.start_tour(path, "letter_preview", login="marketer")
        self.assertFalse(mailing.mailing_trace_ids)
        self.start_tour(path, "letter_save_as_template", login="marketer")
        template = self.env["mail.template"].search([("name", "=", "Monthly news")])
        self.assertEqual(template.body_html, mailing.body_html)
        with self.smtp() as server:
            self.start_tour(path, "letter_check_error", login="marketer")
            self.assertEqual(mailing.state, "draft")
            mailing.body_arch = mailing.body_arch.replace("{optOut}", "{optOutLink}")
            self.start_tour(path, "letter_check_warning", login="marketer")
            self.assertEqual(mailing.state, "in_queue")
            self.env["mail.blacklist"]._add("blocked@example.com")
            self.start_tour(path, "letter_send_test", login="marketer")
            self.assertEqual(server.addresses(), ["new@example.com"])

    def test_links_of_a_template_are_picked_by_name(self):
        values = {
            "name": "Letter",
            "model_id": self.env["ir.model"]._get_id("mailing.contact"),
            "body_html": '<p><a href="https://www.example.com/">a page</a></p><p>first line</p>',
        }
        templates = self.env["mail.template"].with_user(self.marketer)
        template = templates.create(values)
        path = "/odoo/action-mail.action_email_template_tree_all"
        self.start_tour(f"{path}/{template.id}", "letter_editor_template", login="marketer")
        self.assertEqual(
            self._links(template.body_html),
            [(self.offer.placeholder, "a page"), ("{optOutUrl}", "Unsubscribe")],
        )
        other = templates.create(
            {**values, "model_id": self.env["ir.model"]._get_id("res.partner")}
        )
        self.start_tour(f"{path}/{other.id}", "letter_editor_other_template", login="marketer")

    def _links(self, body):
        """The links in a body as a list of (address, text)."""
        return [
            (unquote(link.get("href")), link.text_content().strip("\ufeff"))
            for link in html.fromstring(body).iter("a")
        ]
