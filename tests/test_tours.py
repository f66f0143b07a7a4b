from datetime import timedelta

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
        mailing = self._mass_email(subject="Mass news", **values)
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
