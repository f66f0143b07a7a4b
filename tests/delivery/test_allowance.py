from unittest import TestCase
from unittest.mock import patch

from odoo.addons.mass_mailing_campaign.delivery import allowance
from odoo.addons.mass_mailing_campaign.delivery.allowance import MESSAGES_TO_GROW, Allowance
from odoo.addons.mass_mailing_campaign.delivery.reply import Outcome


class TestAllowance(TestCase):
    def setUp(self):
        super().setUp()
        self.clock = self.enterContext(patch.object(allowance, "time")).monotonic
        self.clock.return_value = 0
        self.allowance = Allowance(8, probe=False)

    def learn(self, outcome, count=1, is_cut_off=False):
        self.allowance.learn([(outcome, False)] * count, is_cut_off)

    def test_each_rest_in_a_row_is_twice_as_long(self):
        rests = []
        for _rest in range(3):
            self.learn(Outcome.BUSY)
            rests.append(self.allowance.rest_until - self.clock.return_value)
            self.clock.return_value = self.allowance.rest_until
            self.assertFalse(self.allowance.is_rest)
        self.assertEqual(rests, [0.25, 0.5, 1])
        self.learn(Outcome.SENT)
        self.learn(Outcome.BUSY)
        self.assertEqual(self.allowance.rest_until, self.clock.return_value + 0.25)

    def test_what_belongs_to_one_trouble_counts_once(self):
        for _batch in range(2):
            self.learn(Outcome.BUSY, 8)
            self.assertEqual((self.allowance.limit, self.allowance.is_outage), (4, False))

    def test_each_broken_session_makes_it_one_less_unless_it_was_us(self):
        self.learn(Outcome.NOT_SENT, is_cut_off=True)
        self.assertEqual(self.allowance.limit, 8)
        for outcome in (Outcome.NOT_SENT, Outcome.UNKNOWN):
            self.learn(outcome)
        self.assertEqual((self.allowance.limit, self.allowance.is_outage), (6, False))
        self.learn(Outcome.UNKNOWN)
        self.assertTrue(self.allowance.is_outage)

    def test_one_more_is_used_only_after_many_sent_since_it_became_less(self):
        self.learn(Outcome.SENT, MESSAGES_TO_GROW - 1)
        self.learn(Outcome.BUSY)
        self.learn(Outcome.SENT, MESSAGES_TO_GROW - 1)
        self.assertEqual(self.allowance.limit, 4)
        self.learn(Outcome.SENT)
        self.assertEqual(self.allowance.limit, 5)

    def test_who_wants_no_more_is_not_asked_for_long(self):
        self.allowance.be_content(3)
        self.learn(Outcome.NOT_SENT)
        self.learn(Outcome.SENT, 10 * MESSAGES_TO_GROW)
        self.assertEqual(self.allowance.limit, 2)
        self.allowance.be_content(5)
        self.assertEqual(self.allowance.limit, 2, "not more than before")

    def test_one_may_be_used_though_the_last_has_just_ended(self):
        self.allowance.be_content(0)
        self.assertEqual(self.allowance.limit, 1)
