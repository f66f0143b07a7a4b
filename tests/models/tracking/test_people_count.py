from ...common import MassEmailCase


class TestPeopleCount(MassEmailCase):
    """How many people clicked a tracking URL."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("Anna", "Bob", "Carl"):
            cls._contact(name, cls.target_list)
        cls.mailing = cls._mass_email()
        cls.mailing._build_queue()
        cls.traces = cls.mailing.mailing_trace_ids.sudo()

    def test_it_is_people_without_tests_machines_and_staff(self):
        anna, bob, carl = self.traces
        for _time in range(2):
            anna._receive_click(self.offer.code)
        bob._receive_click(self.offer.code)
        bob._receive_click(self.demo.code)
        carl._receive_hit(carl.token, self.offer.id, made_by="machine")
        carl._receive_hit(carl.token, self.offer.id, made_by="staff")
        carl.write({"is_test_trace": True})
        carl._receive_click(self.offer.code)
        self.assertEqual((self.offer.people_count, self.demo.people_count), (2, 1))

    def test_who_clicks_it_in_two_mass_emails_counts_once_per_message_as_in_the_statistics(self):
        again = self._mass_email()
        again._build_queue()
        for mailing in (self.mailing, again):
            mailing.mailing_trace_ids.sudo()[0]._receive_click(self.offer.code)
        statistics = self.env["mailing.trace.event"].get_statistics(self.campaign.id)
        [people] = [link["people"] for link in statistics["links"] if link["id"] == self.offer.id]
        self.assertEqual((self.offer.people_count, people), (2, 2))

    def test_who_was_forgotten_counts_all_the_same(self):
        self.traces[0]._receive_click(self.offer.code)
        self.env["mailing.trace.event"].search([]).sudo().email = False
        self.assertEqual(self.offer.people_count, 1)

    def test_it_takes_one_statement_for_many_tracking_urls(self):
        links = self.offer | self.demo
        for number in range(8):
            links |= self._tracking_url(f"Link {number}", f"https://www.example.com/{number}")
        links.with_user(self.marketer).mapped("title")
        self.env.flush_all()
        with self.assertQueryCount(1):
            links.mapped("people_count")

    def test_odoos_stored_count_is_left_to_odoos_links(self):
        self.traces[0]._receive_click(self.offer.code)
        self.assertEqual(self.offer.count, 0)
        self.assertFalse(self.offer.link_click_ids)

    def test_the_clicks_of_a_campaign_are_people_and_what_odoo_counts_for_its_own_links(self):
        link = self.env["link.tracker"].create(
            {"url": "https://www.example.com/x", "title": "X", "campaign_id": self.campaign.id}
        )
        self.env["link.tracker.click"].add_click(link.code)
        self.env["link.tracker.click"].add_click(self.offer.code)
        for trace in self.traces[:2]:
            trace._receive_click(self.offer.code)
        self.assertEqual(self.campaign.click_count, 3)
        self.offer.unlink()
        self.campaign.invalidate_recordset()
        self.assertEqual(self.campaign.click_count, 3, "of what is deleted by now, too")
