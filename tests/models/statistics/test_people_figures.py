from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user

from ...common import MassEmailCase

CAMPAIGN_FIGURES = ["sent", "opened", "clicked", "replied", "opted_out", "opted_in", "bounced"]


class FiguresCase(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("Anna", "Bob", "Carl", "Dora"):
            cls._contact(name, cls.target_list)
        cls.mailing = cls._sent()

    @classmethod
    def _sent(cls, **values):
        """A mass email that went to all members, as the log tells."""
        mailing = cls._mass_email(**values)
        mailing._build_queue()
        queued = mailing.mailing_trace_ids.sudo().filtered(lambda t: t.trace_status == "outgoing")
        queued.write({"trace_status": "sent"})
        queued._log_event("sent")
        mailing.state = "done"
        return mailing

    def setUp(self):
        super().setUp()
        self.anna, self.bob, self.carl, self.dora = self.mailing.mailing_trace_ids.sudo()

    def figures(self, record=None, user=None, **options):
        record = record or self.campaign
        figures = record.with_user(user or self.marketer).get_figures(**options)
        return {figure["name"]: figure for figure in figures}

    def counts(self, record=None, user=None, **options):
        figures = self.figures(record, user, **options)
        return {name: figure["count"] for name, figure in figures.items()}

    def people(self, name, record=None, user=None, **options):
        """Who stands behind a figure."""
        record = (record or self.campaign).with_user(user or self.marketer)
        action = record.action_view_figure(name, **options)
        found = record.env[action["res_model"]].search(action["domain"])
        return sorted(found.mapped("contact_id.name"))


class TestPeopleFigures(FiguresCase):
    def test_a_recipient_counts_once_per_message_whatever_she_did_how_often(self):
        self.anna._receive_click(self.offer.code)
        self.anna._receive_click(self.demo.code)
        self.bob._receive_open()
        self.bob._receive_opt_out()
        self.bob._receive_opt_in()
        self.bob._receive_opt_out()
        self.carl._receive_reply()
        self.dora._receive_bounce("final", "no such user")
        expected = {
            "sent": 4,
            "opened": 3,
            "clicked": 1,
            "replied": 1,
            "opted_out": 1,
            "opted_in": 1,
            "bounced": 1,
        }
        self.assertEqual(self.counts(), expected)
        self.assertEqual(self.counts(self.mailing), expected)
        again = self._sent()  # Bob has opted out, Dora's address is dead
        again.mailing_trace_ids.sudo()[0]._receive_click(self.offer.code)
        self.assertEqual(
            self.counts(), expected | {"sent": 6, "opened": 4, "clicked": 2}, "another message"
        )
        self.assertEqual(self.counts(self.mailing), expected, "is none of hers")

    def test_a_figure_opens_the_people_it_counts(self):
        self.anna._receive_click(self.offer.code)
        self.anna._receive_click(self.demo.code)
        self.carl._receive_hit(self.carl.token, self.offer.id, made_by="machine")
        self.dora._receive_bounce("temporary", "mailbox full")
        for record in (self.campaign, self.mailing):
            for with_machines in (False, True):
                counts = self.counts(record, with_machines=with_machines)
                for name, count in counts.items():
                    with self.subTest(record=record, name=name, with_machines=with_machines):
                        people = self.people(name, record, with_machines=with_machines)
                        self.assertEqual(len(people), count)
        self.assertEqual(self.people("clicked"), ["Anna"])
        self.assertEqual(self.people("clicked", with_machines=True), ["Anna", "Carl"])
        self.assertEqual(self.people("bounced"), ["Dora"])

    def test_machines_and_staff_count_by_the_switch_alone_and_tests_never(self):
        self.anna._receive_open()
        self.anna._receive_hit(self.anna.token, made_by="machine")
        self.bob._receive_hit(self.bob.token, self.offer.id, made_by="staff")
        self.carl.write({"is_test_trace": True})
        self.carl._receive_click(self.offer.code)
        self.assertEqual((self.counts()["opened"], self.counts()["clicked"]), (1, 0))
        counts = self.counts(with_machines=True)
        self.assertEqual((counts["opened"], counts["clicked"]), (2, 1))
        self.assertEqual(self.mailing.opened_people_count, 1)

    def test_bounces_for_good_and_for_now_are_told_apart(self):
        self.anna._receive_bounce("final", "no such user")
        self.bob._receive_bounce("temporary", "mailbox full")
        self.carl._receive_bounce("temporary", "mailbox full")
        bounced = self.figures()["bounced"]
        self.assertEqual((bounced["count"], bounced["share"]), (3, 0.75))
        self.assertEqual(bounced["note"], "For Good: 1, For Now: 2")
        self.assertEqual(self.campaign.bounced_final_people_count, 1)
        self.assertEqual(self.mailing.bounced_temporary_people_count, 2)
        self.assertFalse(self.figures(self._sent())["bounced"]["note"])

    def test_shares_are_of_those_sent_to_and_there_are_none_before(self):
        self.anna._receive_click(self.offer.code)
        figures = self.figures()
        self.assertEqual(figures["clicked"]["share"], 0.25)
        self.assertIsNone(figures["sent"]["share"])
        self.assertIsNone(figures["opted_in"]["share"])
        self.assertEqual(self.campaign.clicked_share, 0.25)
        campaign = self.campaign.copy({"title": "Nothing sent"})
        self._mass_email(campaign_id=campaign.id)
        self.assertFalse(any(figure["share"] for figure in self.figures(campaign).values()))
        self.assertEqual(campaign.clicked_share, 0)

    def test_openings_are_no_figure_where_they_are_not_tracked(self):
        self.mailing.open_tracking = False
        self.assertNotIn("opened", self.counts())
        self.assertNotIn("opened", self.counts(self.mailing))
        self.assertFalse(self.campaign.are_openings_tracked)
        tracked = self._sent(open_tracking=True)
        tracked.mailing_trace_ids.sudo()[0]._receive_open()
        self.assertEqual(self.counts()["opened"], 1)
        self.assertNotIn("opened", self.counts(self.mailing))
        tracked.open_tracking = False
        self.assertEqual(self.counts()["opened"], 1, "by then they were")

    def test_figures_stay_when_mass_email_or_target_are_deleted(self):
        self.anna._receive_click(self.offer.code)
        before = self.counts()
        self.mailing.mailing_trace_ids.sudo().portion_datetime = "2030-01-01"
        self.mailing.unlink()
        self.env["mailing.contact"].search([("name", "=", "Anna")]).unlink()
        self.assertEqual(self.counts(), before | {"opened": 1})

    def test_what_is_done_with_letters_of_a_deleted_mass_email_counts(self):
        self.mailing.mailing_trace_ids.sudo().portion_datetime = "2030-01-01"
        self.mailing.unlink()
        self.anna._receive_click(self.offer.code)
        self.bob._receive_opt_out()
        counts = self.counts()
        self.assertEqual((counts["clicked"], counts["opted_out"]), (1, 1))
        self.assertEqual(self.people("clicked"), ["Anna"])
        self.assertEqual(self.people("opted_out"), ["Bob"])

    def test_there_are_figures_by_the_type_of_the_campaign(self):
        expected = {
            "email": [*CAMPAIGN_FIGURES, "leads", "revenue"],
            "newsletter": [*CAMPAIGN_FIGURES, "leads", "revenue"],
            "informational": ["sent", "replied", "bounced"],
            "web": ["opted_in", "leads", "revenue"],
            "television": ["leads", "revenue"],
            "radio": ["leads", "revenue"],
            "mail": ["opted_in", "leads", "revenue"],
        }
        self._mass_email(open_tracking=True)
        for campaign_type, names in expected.items():
            campaign = self.campaign.copy({"title": "T", "campaign_type": campaign_type})
            if campaign.sends_mass_emails:
                self._mass_email(campaign_id=campaign.id, open_tracking=True)
            with self.subTest(campaign_type):
                self.assertEqual(list(self.counts(campaign, self.seller)), names)

    def test_the_figures_of_many_take_as_many_statements_as_those_of_one(self):
        campaigns = self.campaign
        for number in range(49):
            campaigns |= self.campaign.copy({"title": f"Campaign {number}"})
            self._mass_email(campaign_id=campaigns[-1].id, state="sending")
        names = ["sent_people_count", "clicked_share", "progress", "are_openings_tracked"]
        self.statements(campaigns, names)  # the user's groups and rules are known then
        few = self.statements(campaigns[:2], names)
        self.assertEqual(self.statements(campaigns, names), few)
        self.assertLessEqual(few, 9)
        mailings = self.env["mailing.mailing"].browse(campaigns.mass_email_ids.ids)
        one = self.statements(mailings[0], names[:2])
        self.assertEqual(self.statements(mailings, names[:2]), one)
        self.assertLessEqual(one, 4)

    def statements(self, records, names):
        """How many statements reading some computed fields takes."""
        records = records.with_user(self.marketer)
        self.env.flush_all()
        self.env.invalidate_all()
        records.fetch(["create_date"])
        before = self.cr.sql_log_count
        for name in names:
            records.mapped(name)
        return self.cr.sql_log_count - before


class TestLeadsAndRevenue(FiguresCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.won = cls.env["crm.stage"].create({"name": "Done deal", "is_won": True})
        cls.company = cls.env.company
        cls.usd, cls.eur = cls.env.ref("base.USD"), cls.env.ref("base.EUR")
        cls.eur.active = True

    def opportunity(self, revenue, **values):
        return self.env["crm.lead"].create(
            {
                "name": "Deal",
                "type": "opportunity",
                "expected_revenue": revenue,
                "campaign_id": self.campaign.id,
                "user_id": self.seller.id,
                **values,
            }
        )

    def test_revenue_is_of_won_opportunities_in_the_budgets_currency(self):
        self.opportunity(1000, stage_id=self.won.id)
        self.opportunity(500, stage_id=self.won.id)
        self.opportunity(77)
        lost = self.opportunity(88)
        lost.action_set_lost()
        currency = self.company.currency_id
        other = self.eur if currency == self.usd else self.usd
        self.campaign.write({"budget": 500, "budget_currency_id": currency.id})
        figures = self.figures(user=self.seller)
        self.assertEqual((figures["revenue"]["count"], figures["leads"]["count"]), (1500, 4))
        self.assertRegex(figures["revenue"]["note"], "^Budget .*500.*, return 200%$")
        self.campaign.budget_currency_id = other
        rate = currency._get_conversion_rate(currency, other, self.company)
        self.assertAlmostEqual(self.counts(user=self.seller)["revenue"], 1500 * rate, 2)
        self.campaign.budget = 0
        self.assertFalse(self.figures(user=self.seller)["revenue"]["note"])

    def test_they_open_what_they_count(self):
        self.opportunity(77)
        won = self.opportunity(1000, stage_id=self.won.id)
        campaign = self.campaign.with_user(self.seller)
        for name, count in (("leads", 2), ("revenue", 1)):
            action = campaign.action_view_figure(name)
            found = self.env["crm.lead"].with_user(self.seller).search(action["domain"])
            self.assertEqual(len(found), count)
        self.assertEqual(found, won)

    def test_who_has_no_sales_rights_sees_neither_and_meets_no_error(self):
        self.opportunity(1000, stage_id=self.won.id)
        self.campaign.budget = 100
        self.assertFalse({"leads", "revenue"} & self.counts().keys())
        for name in ("leads", "revenue"):
            with self.assertRaises(AccessError):
                self.campaign.with_user(self.marketer).action_view_figure(name)

    def test_who_has_no_email_marketing_sees_no_recipients_figures(self):
        seller = new_test_user(self.env, login="only", groups="sales_team.group_sale_salesman")
        self.assertEqual(list(self.counts(user=seller)), ["leads", "revenue"])
        with self.assertRaises(AccessError):
            self.campaign.with_user(seller).action_view_figure("clicked")
        with self.assertRaises(AccessError):
            self.campaign.with_user(seller).read(["sent_people_count"])


class TestProgress(FiguresCase):
    def test_the_progress_of_a_campaign_is_that_of_what_is_being_sent(self):
        self.assertEqual((self.campaign.is_sending, self.campaign.progress), (False, 0))
        self.mailing.write({"state": "sending"})
        self.anna.trace_status = "outgoing"
        self.env.invalidate_all()
        self.assertEqual((self.campaign.is_sending, self.campaign.progress), (True, 75))
        self.mailing.state = "done"
        self.assertFalse(self.campaign.is_sending)

    def test_campaigns_are_found_by_list(self):
        campaigns = self.env["utm.campaign"].with_user(self.marketer)
        other = self.campaign.copy({"title": "Other", "target_list_ids": [Command.clear()]})
        found = campaigns.search([("target_list_ids", "=", self.target_list.id)])
        self.assertIn(self.campaign, found)
        self.assertNotIn(other, found)
