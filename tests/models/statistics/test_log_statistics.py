import re
from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import file_open

from ...common import MassEmailCase


class TestStatistics(MassEmailCase):
    """People, each once per message; tests, machines and staff count nowhere."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._contacts(4, cls.target_list)
        cls.first, cls.second = cls._sent("First"), cls._sent("Second")
        cls.log = cls.env["mailing.trace.event"].with_user(cls.marketer)

    @classmethod
    def _sent(cls, subject):
        mailing = cls._mass_email(subject=subject)
        mailing._build_queue()
        traces = mailing.mailing_trace_ids.sudo()
        traces._log_event("sent")
        traces.sent_datetime = mailing.schedule_date
        return mailing

    def messages(self, mailing):
        return mailing.mailing_trace_ids.sudo().sorted("id")

    def of_campaign(self):
        return self.log.get_statistics(campaign_id=self.campaign.id)

    def test_people_count_once_per_message_whatever_they_click(self):
        one, two, three, four = self.messages(self.first)
        one._receive_click(self.offer.code)
        one._receive_click(self.demo.code)
        two._receive_open()
        three._receive_hit(three.token, self.offer.id, made_by="machine")
        four.is_test_trace = True
        four._receive_click(self.offer.code)
        self.messages(self.second)[0]._receive_click(self.offer.code)
        answer = self.of_campaign()
        self.assertEqual(
            answer["totals"], {"sent": 8, "sent_tracked": 8, "opened": 3, "clicked": 2}
        )
        by_mailing = {each["id"]: each["counts"] for each in answer["mailings"]}
        self.assertEqual(
            by_mailing,
            {
                self.first.id: {"sent": 4, "sent_tracked": 4, "opened": 2, "clicked": 1},
                self.second.id: {"sent": 4, "sent_tracked": 4, "opened": 1, "clicked": 1},
            },
        )
        of_first = self.log.get_statistics(mailing_id=self.first.id)
        self.assertEqual(of_first["totals"], by_mailing[self.first.id])

    def test_every_step_that_the_page_may_show_is_counted(self):
        one, two, three, four = self.messages(self.first)
        one._receive_click(self.offer.code)
        one._receive_reply()
        for trace, bounce_type in ((two, "final"), (three, "temporary"), (four, "policy")):
            trace._receive_bounce(bounce_type, "It came back")
        one._receive_complaint("abuse")
        self.env["crm.lead"].create([{"name": "Lead", "campaign_id": self.campaign.id}] * 2)
        totals = self.of_campaign()["totals"]
        with file_open("mass_mailing_campaign/static/src/statistics/statistics.js") as script:
            steps = set(re.findall(r'{ type: "(\w+)"', script.read()))
        self.assertFalse(steps - totals.keys())
        self.assertEqual((totals["complained"], totals["lead_created"]), (1, 2))

    def test_who_opts_out_in_and_out_again_did_it_once(self):
        one = self.messages(self.first)[0]
        one._receive_opt_out()
        one._receive_opt_in()
        one._receive_opt_out()
        self.assertEqual(self.of_campaign()["totals"]["opted_out"], 1)
        self.assertEqual(self.of_campaign()["totals"]["opted_in"], 1)

    def test_bounces_are_told_by_kind(self):
        one, two, *_others = self.messages(self.first)
        one._receive_bounce("final", "550 no such user")
        two._receive_bounce("temporary", "452 full")
        totals = self.of_campaign()["totals"]
        self.assertEqual(
            (totals["bounced"], totals["bounced_final"], totals["bounced_temporary"]), (2, 1, 1)
        )

    def test_every_tracking_url_has_its_people_most_clicked_first(self):
        one, two, *_others = self.messages(self.first)
        for trace in (one, two, self.messages(self.second)[0]):
            trace._receive_click(self.demo.code)
        one._receive_click(self.offer.code)
        unused = self._tracking_url("Unused", "https://www.example.com/unused")
        links = self.of_campaign()["links"]
        self.assertEqual(
            [(each["id"], each["people"], each["hits"]) for each in links],
            [(self.demo.id, 3, None), (self.offer.id, 1, None), (unused.id, 0, None)],
        )
        of_second = self.log.get_statistics(mailing_id=self.second.id)["links"]
        self.assertEqual(of_second[0]["people"], 1)
        # of what is deleted by now the clicks are told, too
        (self.demo + unused).with_user(self.marketer).unlink()
        links = self.of_campaign()["links"]
        self.assertEqual([each["id"] for each in links], [self.demo.id, self.offer.id])

    def test_hits_are_told_where_every_one_is_kept(self):
        self.set_setting("keep_hits", True)
        one = self.messages(self.first)[0]
        for _time in range(3):
            one._receive_click(self.offer.code)
        one._receive_hit(one.token, self.offer.id, made_by="machine")
        self.messages(self.second)[0]._receive_click(self.offer.code)
        [offer, _demo] = self.of_campaign()["links"]
        self.assertEqual((offer["people"], offer["hits"]), (2, 4))
        [offer, _demo] = self.log.get_statistics(mailing_id=self.first.id)["links"]
        self.assertEqual((offer["people"], offer["hits"]), (1, 3))

    def test_the_curve_counts_hours_from_the_sending_of_each_message(self):
        one, two, three, *_others = self.messages(self.first)
        one._receive_click(self.offer.code)
        one._receive_click(self.demo.code)
        two._receive_open()
        three._receive_open()
        one.sent_datetime -= timedelta(hours=3)
        two.sent_datetime -= timedelta(hours=30)
        self.env.flush_all()
        curve = self.log.get_curve(campaign_id=self.campaign.id)
        self.assertEqual(curve, {"opened": [[0, 1], [3, 1], [30, 1]], "clicked": [[3, 1]]})

    def test_what_is_known_of_no_mass_email_any_more_counts_in_the_campaign(self):
        self.messages(self.second)[0]._receive_click(self.offer.code)
        before = self.of_campaign()["totals"]
        self.messages(self.second).trace_status = "sent"
        self.second.state = "done"
        self.env.flush_all()
        self.second.unlink()
        answer = self.of_campaign()
        self.assertEqual(answer["totals"], before)
        self.assertEqual([each["id"] for each in answer["mailings"]], [self.first.id, False])

    def test_it_takes_as_many_statements_however_many_mass_emails_there_are(self):
        def statements():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.of_campaign()
            return self.env.cr.sql_log_count - before

        statements()
        few = statements()
        for number in range(6):
            mailing = self._sent(f"More {number}")
            link = self._tracking_url(f"Link {number}", f"https://www.example.com/{number}")
            for trace in self.messages(mailing):
                trace._receive_click(link.code)
        self.assertEqual(statements(), few)

    def test_others_see_no_statistics(self):
        employee = new_test_user(self.env, login="employee", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.log.with_user(employee).get_statistics(campaign_id=self.campaign.id)

    def test_a_campaign_that_has_sent_nothing_has_none(self):
        campaign = self.env["utm.campaign"].create({"title": "New"})
        answer = self.log.get_statistics(campaign_id=campaign.id)
        self.assertEqual((answer["totals"], answer["mailings"], answer["links"]), ({}, [], []))
