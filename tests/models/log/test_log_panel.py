from odoo.tests import new_test_user

from ...common import ALL_CAMPAIGNS, MassEmailCase


class LogCase(MassEmailCase):
    """Three messages, and something came of two of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("Anna", "Bob", "Carl"):
            cls._contact(name, cls.target_list)
        cls.mailing = cls._mass_email(subject="First news")
        cls.mailing._build_queue()
        cls.traces = cls.mailing.mailing_trace_ids.sudo().sorted("id")
        cls.anna, cls.bob, cls.carl = cls.traces
        cls.traces._log_event("sent")
        cls.log = cls.env["mailing.trace.event"].with_user(cls.marketer)

    def figures(self, campaign=None, **options):
        return (campaign or self.campaign).with_user(self.marketer).get_log_figures(**options)

    def line(self, event_type, trace=None):
        domain = [("event_type", "=", event_type), ("campaign_id", "=", self.campaign.id)]
        if trace:
            domain.append(("trace_id", "=", trace.id))
        return self.log.search(domain, limit=1)

    def details(self, event_type, trace=None):
        return self.line(event_type, trace).details


class TestLogPanel(LogCase):
    def test_a_chip_counts_what_it_lists(self):
        self.anna._receive_click(self.offer.code)
        self.anna._receive_click(self.demo.code)
        self.bob._receive_open()
        self.carl._receive_hit(self.carl.token, self.offer.id, made_by="machine")
        self.carl._receive_hit(self.carl.token, made_by="staff")
        for with_machines in (False, True):
            figures = self.figures(with_machines=with_machines)
            lines = self.log.search(figures["domain"])
            for event_type, count in figures["counts"].items():
                listed = lines.filtered(lambda line, of=event_type: line.event_type == of)
                self.assertEqual(len(listed), count, (event_type, with_machines))
            self.assertEqual(len(lines), sum(figures["counts"].values()))
        self.assertEqual(self.figures()["counts"], {"sent": 3, "opened": 2, "clicked": 2})
        self.assertEqual(
            self.figures(with_machines=True)["counts"], {"sent": 3, "opened": 4, "clicked": 3}
        )

    def test_the_newest_line_stands_first(self):
        self.anna._receive_click(self.offer.code)
        lines = self.log.search(self.figures()["domain"])
        self.assertEqual(lines.mapped("id"), sorted(lines.ids, reverse=True))

    def test_a_filter_by_the_name_of_a_message_goes_by_the_address(self):
        messages = self.env["mailing.trace"].with_user(self.marketer)
        named = [("mass_mailing_id", "=", self.mailing.id), ("display_name", "=", self.anna.email)]
        self.assertEqual(messages.search(named), self.anna.with_user(self.marketer))

    def test_tests_are_listed_and_marked(self):
        self.bob.is_test_trace = True
        self.bob._receive_open()
        self.carl._receive_hit(self.carl.token, made_by="machine")
        self.assertEqual(self.line("opened", self.bob).mark, "test")
        self.assertEqual(self.line("opened", self.carl).mark, "machine")
        self.assertFalse(self.line("sent", self.anna).mark)
        self.assertEqual(self.figures()["counts"]["opened"], 1)

    def test_the_figures_take_as_many_statements_however_long_the_log_is(self):
        campaign = self.campaign.with_user(self.marketer)

        def statements():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            campaign.get_log_figures()
            return self.env.cr.sql_log_count - before

        statements()
        few = statements()
        for trace in self.traces:
            trace._receive_click(self.offer.code)
            trace._receive_bounce("final", "550 no")
        self.assertLessEqual(statements(), few)

    def test_a_page_of_lines_is_told_in_words_by_as_many_statements_however_long_it_is(self):
        for trace in self.traces:
            trace._receive_click(self.offer.code)
            trace._receive_opt_out()

        def statements(lines):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            lines.mapped("details")
            return self.env.cr.sql_log_count - before

        page = self.log.search([("campaign_id", "=", self.campaign.id)])
        one_of_each = self.line("sent") | self.line("clicked") | self.line("opted_out")
        statements(page)
        self.assertEqual(statements(page), statements(one_of_each))

    def test_the_panel_knows_whether_the_campaign_is_sending(self):
        self.mailing.state = "done"
        self.assertFalse(self.figures()["is_sending"])
        self.mailing.state = "in_queue"
        self.assertTrue(self.figures()["is_sending"])
        self.mailing.schedule_date = "2099-01-01"
        self.assertFalse(self.figures()["is_sending"])
        self.mailing.state = "sending"
        self.assertTrue(self.figures()["is_sending"])

    def test_there_is_no_chip_of_openings_where_none_is_tracked(self):
        self.mailing.open_tracking = False
        self.assertFalse(self.figures()["are_openings_tracked"])
        self.mailing.open_tracking = True
        self.assertTrue(self.figures()["are_openings_tracked"])

    def test_the_form_loads_no_line_of_the_log(self):
        view = self.env["utm.campaign"].with_user(self.marketer).get_view(view_type="form")
        self.assertIn('<widget name="campaign_log"', view["arch"])
        self.assertNotIn("mailing.trace.event", view["models"])


class TestLogInWords(LogCase):
    def test_a_click_tells_the_tracking_url_by_its_name(self):
        self.anna._receive_click(self.offer.code)
        self.assertEqual(self.details("clicked"), "Offer")

    def test_a_bounce_tells_its_class_and_the_servers_words(self):
        self.anna._receive_bounce("final", "550 5.1.1\nno such user")
        self.assertEqual(self.details("bounced"), "For Good: 550 5.1.1 no such user")

    def test_an_opt_out_tells_the_list_and_the_reason(self):
        reason = self.env["mailing.subscription.optout"].create(
            {"name": "Too many", "is_feedback": True}
        )
        self.anna._receive_opt_out()
        self.assertEqual(self.details("opted_out"), "Customers")
        self.anna._receive_reason(reason, "every day!")
        self.env.invalidate_all()
        self.assertEqual(self.details("opted_out"), "Customers: Too many: every day!")

    def test_an_opt_out_of_everything_says_so(self):
        self.mailing.opt_out_entirely = True
        self.bob._receive_opt_out()
        self.assertEqual(self.details("opted_out", self.bob), "All mass emails")

    def test_what_is_sent_tells_the_mass_email(self):
        self.assertEqual(self.details("sent"), self.mailing.display_name)

    def test_a_lead_is_told_to_who_may_read_it(self):
        lead = self.env["crm.lead"].create(
            {"name": "Deal", "campaign_id": self.campaign.id, "user_id": self.seller.id}
        )
        line = self.line("lead_created")
        self.assertFalse(line.details)
        self.assertEqual(line.with_user(self.seller).details, "Deal")
        self.assertEqual(line.with_user(self.seller).action_open()["res_id"], lead.id)
        other = new_test_user(
            self.env,
            login="otherseller",
            groups=f"{ALL_CAMPAIGNS},sales_team.group_sale_salesman",
        )
        self.assertFalse(line.with_user(other).details)

    def test_a_line_opens_what_it_tells_of(self):
        self.anna._receive_click(self.offer.code)
        opened = {
            event_type: self.line(event_type, self.anna).action_open()
            for event_type in ("sent", "clicked")
        }
        self.assertEqual(opened["sent"]["res_model"], "mailing.trace")
        self.assertEqual(opened["sent"]["res_id"], self.anna.id)
        self.assertEqual(opened["clicked"]["res_model"], "link.tracker")
        self.assertEqual(opened["clicked"]["res_id"], self.offer.id)

    def test_a_line_whose_message_is_gone_opens_the_mass_email_or_the_target(self):
        line = self.line("sent", self.anna)
        line.sudo().trace_id = False
        self.assertEqual(line.action_open()["res_model"], "mailing.mailing")
        line.sudo().mailing_id = False
        self.assertEqual(line.action_open()["res_model"], "mailing.contact")
        line.sudo().contact_id = False
        self.assertEqual(line.action_open()["tag"], "display_notification")


class TestListFromChip(LogCase):
    def test_the_wizard_begins_with_the_action_that_the_log_is_filtered_by(self):
        def wizard(**context):
            wizards = self.env["mailing.list.from.log"].with_user(self.marketer)
            return wizards.with_context(default_campaign_id=self.campaign.id, **context).new({})

        self.assertEqual(wizard().did_ids.mapped("value"), ["sent"])
        clicked = wizard(log_event_type="clicked")
        self.assertEqual(clicked.did_ids.mapped("value"), ["clicked"])
        self.assertEqual(clicked.did_not_ids.mapped("value"), ["opted_out"])
        opted_out = wizard(log_event_type="opted_out")
        self.assertEqual(opted_out.did_ids.mapped("value"), ["opted_out"])
        self.assertFalse(opted_out.did_not_ids)


class TestClickMap(LogCase):
    def click_map(self, mailing=None):
        return (mailing or self.mailing).with_user(self.marketer).get_click_map()

    def test_the_letter_shows_its_links_and_tracks_nothing(self):
        before = self.log.search_count([])
        page = self.click_map()["page"]
        self.assertIn(f'href="#link-{self.offer.id}"', page)
        self.assertIn('href="#opt-out"', page)
        # whoever of the members it shows
        self.assertRegex(page, "<p>Dear (Anna|Bob|Carl),</p>")
        for secret in (self.anna.token, "/mailing/open/", "/mailing/click/", ".invalid"):
            self.assertNotIn(secret, page)
        self.assertEqual(self.log.search_count([]), before)

    def test_links_are_counted_by_people(self):
        self.anna._receive_click(self.offer.code)
        self.bob._receive_click(self.offer.code)
        self.carl._receive_hit(self.carl.token, self.offer.id, made_by="machine")
        click_map = self.click_map()
        self.assertEqual((click_map["people"], click_map["sent"]), ({self.offer.id: 2}, 3))

    def test_a_letter_without_a_reader_or_with_a_broken_field_shows_no_page(self):
        nobody = self._mass_email(contact_list_ids=[(6, 0, self._list("Empty").ids)])
        self.assertFalse(self.click_map(nobody)["page"])
        self.mailing.body_html = '<p><a href="{trackingUrl:999999}">gone</a></p>'
        self.assertFalse(self.click_map()["page"])
