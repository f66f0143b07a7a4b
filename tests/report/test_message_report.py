from ..common import MassEmailCase

MEASURES = ["sent", "opened", "clicked", "replied", "opted_out", "bounced", "bounced_for_good"]


class TestMessageReport(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("Anna", "Bob", "Carl"):
            cls._contact(name, cls.target_list)
        cls._contact("Rita", cls.target_list, cls.excluding_list)
        cls.mailing = cls._mass_email()
        cls.mailing._build_queue()
        cls.traces = cls.mailing.mailing_trace_ids.sudo().sorted("id")
        cls.traces[:3]._log_event("sent")
        cls.report = cls.env["mailing.message.report"].with_user(cls.marketer)

    def sums(self, *groupby, domain=()):
        domain = [("campaign_id", "=", self.campaign.id), *domain]
        return self.report._read_group(domain, groupby, [f"{name}:sum" for name in MEASURES])

    def test_a_row_is_a_message_and_counts_once(self):
        anna, bob, carl, _rita = self.traces
        anna._receive_click(self.offer.code)
        anna._receive_click(self.demo.code)
        bob._receive_opt_out()
        bob._receive_opt_in()
        bob._receive_opt_out()
        carl._receive_bounce("final", "550 no such user")
        self.assertEqual(self.report.search_count([("mailing_id", "=", self.mailing.id)]), 4)
        self.assertEqual(self.sums(), [(3, 1, 1, 0, 1, 1, 1)])

    def test_it_tells_the_same_as_the_statistics(self):
        anna, bob, carl, _rita = self.traces
        anna._receive_click(self.offer.code)
        bob._receive_open()
        carl._receive_bounce("temporary", "452 full")
        totals = self.env["mailing.trace.event"].get_statistics(campaign_id=self.campaign.id)
        [sums] = self.sums()
        for name, count in zip(MEASURES[:6], sums, strict=False):
            self.assertEqual(totals["totals"].get(name, 0), count, name)

    def test_machines_staff_and_tests_count_nowhere(self):
        anna, bob, carl, _rita = self.traces
        anna._receive_hit(anna.token, self.offer.id, made_by="machine")
        bob._receive_hit(bob.token, made_by="staff")
        carl.is_test_trace = True
        carl._receive_open()
        self.env.flush_all()
        self.assertEqual(self.sums()[0][:3], (2, 0, 0))

    def test_it_is_grouped_by_target_list_and_mail_domain(self):
        self.traces[0]._receive_open()
        by_list = {target_list: row[1] for target_list, *row in self.sums("list_id")}
        self.assertEqual(by_list[self.target_list], 1)
        domains = dict(
            self.report._read_group([("mailing_id", "=", self.mailing.id)], ["domain"], ["__count"])
        )
        self.assertEqual(domains, {"example.com": 4})

    def test_it_is_exported_by_who_has_no_sales_rights(self):
        self.marketer.group_ids += self.env.ref("base.group_allow_export")
        row = self.report.search([("mailing_id", "=", self.mailing.id)], limit=1)
        exported = row.export_data(["mailing_id", "contact_id", "list_id", "target_type", "opened"])
        self.assertEqual(exported["datas"][0][2:], ["Customers (4)", "Address Only", 0])
