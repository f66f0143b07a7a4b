from odoo import fields

from .test_people_figures import FiguresCase


class TestShares(FiguresCase):
    """Openings are a share of those of whom they are told; without any, nothing is said."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.untracked = cls._sent(open_tracking=False)
        cls.log = cls.env["mailing.trace.event"].with_user(cls.marketer)

    def share(self, record=None):
        return self.figures(record)["opened"]["share"]

    def test_who_was_sent_a_letter_without_the_pixel_is_no_part_of_the_whole(self):
        self.anna._receive_open()
        self.assertEqual(self.counts()["sent"], 8)
        self.assertEqual((self.share(), self.share(self.mailing)), (0.25, 0.25))
        self.assertEqual(self.campaign.opened_share, 0.25)
        self.assertEqual(self.figures()["opened"]["note"], "Of 4 whose openings are tracked")
        self.assertFalse(self.figures(self.mailing)["opened"]["note"])
        self.assertEqual(self.figures()["clicked"]["share"], 0, "nobody clicked, that is known")

    def test_by_now_they_may_not_be_told_any_more_or_it_may_be_deleted(self):
        self.anna._receive_open()
        self.mailing.open_tracking = False
        self.assertEqual(self.share(), 0.25)
        self.mailing.mailing_trace_ids.sudo().portion_datetime = "2030-01-01"
        self.mailing.unlink()
        self.campaign.mass_email_ids.open_tracking = False
        self.assertEqual(self.share(), 0.25)

    def test_what_machines_do_tells_that_they_are_told(self):
        self.anna._receive_hit(self.anna.token, made_by="machine")
        self.mailing.open_tracking = False
        figures = self.figures(self.mailing, with_machines=True)
        self.assertNotIn("opened", figures)
        self.mailing.open_tracking = True
        figures = self.figures(with_machines=True)
        self.assertEqual((figures["opened"]["count"], figures["opened"]["share"]), (1, 0.25))

    def test_where_none_is_told_of_nothing_is_said(self):
        campaign = self.campaign.copy({"title": "Other"})
        blind = self._sent(campaign_id=campaign.id, open_tracking=False)
        self._mass_email(campaign_id=campaign.id, open_tracking=True)  # a draft
        self.assertIsNone(self.share(campaign))
        for record in (campaign, blind):
            self.assertEqual(record.sent_people_count, 4)
            self.assertEqual(record.sent_tracked_people_count, 0)
        self.assertEqual(self.campaign.sent_tracked_people_count, 4)

    def test_statistics_and_analysis_tell_the_same_whole(self):
        self.anna._receive_open()
        answer = self.log.get_statistics(campaign_id=self.campaign.id)
        self.assertEqual(answer["totals"]["sent_tracked"], 4)
        by_mailing = {each["id"]: each["counts"] for each in answer["mailings"]}
        self.assertEqual(by_mailing[self.mailing.id]["sent_tracked"], 4)
        self.assertNotIn("sent_tracked", by_mailing[self.untracked.id])
        report = self.env["mailing.message.report"].with_user(self.marketer)
        for _toggled in range(2):
            sums = report._read_group(
                [("campaign_id", "=", self.campaign.id)], ["mailing_id"], ["sent_tracked:sum"]
            )
            self.assertEqual(dict(sums), {self.mailing: 4, self.untracked: 0})
            self.mailing.open_tracking = False
            self.env.flush_all()

    def test_odoos_list_of_all_mailings_has_these_figures(self):
        self.anna._receive_click(self.offer.code)
        self.bob._receive_bounce("temporary", "mailbox full")
        names = ["sent", "opened", "clicked", "bounced", "opened_ratio", "clicks_ratio"]
        rows = (self.mailing + self.untracked).with_user(self.marketer).read(names)
        told = [[row[name] for name in names] for row in rows]
        self.assertEqual(told, [[4, 1, 1, 1, 25, 25], [4, 0, 0, 0, 0, 0]])

    def test_an_informational_email_tells_no_openings_whatever_its_box_says(self):
        campaign = self.campaign.copy({"title": "Info", "campaign_type": "informational"})
        mailing = self._sent(campaign_id=campaign.id, open_tracking=True)
        mailing.mailing_trace_ids.sudo()[0]._receive_reply()
        counts = self.log.get_statistics(campaign_id=campaign.id)["totals"]
        self.assertEqual(counts, {"sent": 4, "replied": 1})

    def test_the_report_of_the_next_day_has_these_figures(self):
        self.anna._receive_open()
        self._contact("Rita", self.target_list, self.excluding_list)
        for mailing, columns in (
            (self.mailing, ["25.0%", "0.0%", "0.0%"]),
            (self.untracked, ["0.0%", "0.0%"]),
        ):
            mailing.sent_date = fields.Datetime.now()
            mailing._build_queue()  # Rita is not mailed
            mailing.state = "done"
            values = mailing._prepare_statistics_email_values()
            engagement, benefits = values["kpi_data"]
            told = [engagement[f"kpi_col{number}"] for number in (1, 2, 3)]
            self.assertEqual([each["value"] for each in told if each], columns)
            for kpi in (engagement, benefits):
                self.assertIn(" 4 ", kpi["kpi_fullname"])
        mails = self.mailing._action_send_statistics()
        self.assertIn("25.0%", mails.body_html)
