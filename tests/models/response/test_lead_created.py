from ...common import MassEmailCase


class TestLeadCreated(MassEmailCase):
    def lead(self, *names, user=None, **values):
        leads = self.env["crm.lead"].with_user(user or self.env.user)
        values = {"campaign_id": self.campaign.id, **values}
        return leads.create(
            [{"name": name, "email_from": f"{name}@example.com", **values} for name in names]
        )

    def events(self):
        return self.env["mailing.trace.event"].search([("event_type", "=", "lead_created")])

    def test_a_lead_from_a_campaign_is_logged(self):
        [lead] = self.lead("leo", user=self.seller)
        [event] = self.events()
        self.assertEqual(event.campaign_id, self.campaign)
        self.assertEqual((event.lead_id, event.email), (lead, "leo@example.com"))
        self.assertFalse(event.contact_id | event.mailing_id.contact_list_ids.contact_ids)
        self.assertEqual(self.campaign.get_log_figures()["counts"], {"lead_created": 1})

    def test_a_lead_without_a_campaign_is_not_and_none_is_logged_later(self):
        lead = self.lead("leo", campaign_id=False)
        lead.campaign_id = self.campaign
        self.assertFalse(self.events())

    def test_the_target_is_that_of_the_customer(self):
        partner = self.env["res.partner"].create({"name": "Leo", "email": "leo@example.com"})
        target = self.env["mailing.contact"]._for_records(partner)
        self.lead("leo", partner_id=partner.id)
        self.assertEqual(self.events().contact_id, target)

    def test_many_are_logged_in_one_statement(self):
        self.lead("first")
        event_model = self.env["mailing.trace.event"]
        leads = self.lead(*(f"lead{number}" for number in range(50)))
        self.env.flush_all()
        with self.assertQueryCount(1):
            event_model._log_leads(leads)
        self.assertEqual(len(self.events()), 101)

    def test_a_line_survives_its_lead(self):
        self.lead("leo").unlink()
        self.assertEqual(self.events().email, "leo@example.com")
