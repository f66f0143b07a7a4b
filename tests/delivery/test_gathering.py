from unittest import TestCase
from unittest.mock import patch

from odoo.addons.mass_mailing_campaign.delivery import gathering
from odoo.addons.mass_mailing_campaign.delivery.envelope import Envelope
from odoo.addons.mass_mailing_campaign.delivery.gathering import GATHER_SECONDS, Gathering
from odoo.addons.mass_mailing_campaign.delivery.reply import Outcome, Result


class TestGathering(TestCase):
    def setUp(self):
        super().setUp()
        self.clock = self.enterContext(patch.object(gathering, "time")).monotonic
        self.clock.return_value = 100.0
        self.gathering = Gathering()

    def send(self, seconds, outcome=Outcome.SENT, tail=b"attachments"):
        envelope = Envelope(1, "from@example.com", "to@example.com", "", b"Hello", tail)
        self.gathering.begin(envelope)
        self.clock.return_value += seconds
        self.gathering.end(envelope, Result(1, outcome))

    def test_it_is_short_before_anything_is_known(self):
        self.assertEqual(self.gathering.seconds, GATHER_SECONDS)

    def test_results_of_a_server_that_is_busy_with_large_messages_gather_longer(self):
        self.send(0.002)
        for _message in range(100):
            self.send(0.012)
        self.assertAlmostEqual(self.gathering.seconds, 0.012 / 2, places=5)

    def test_results_of_huge_messages_are_written_down_at_once_all_the_same(self):
        self.send(0.002)
        for _message in range(100):
            self.send(60)
        self.assertEqual(self.gathering.seconds, 0.01)

    def test_a_server_far_away_keeps_no_session_waiting(self):
        for _message in range(100):
            self.send(0.5)
            self.send(0.6)
        self.assertEqual(self.gathering.seconds, GATHER_SECONDS)

    def test_a_refusal_does_not_tell_how_long_a_message_takes(self):
        self.send(0.001, Outcome.BAD_ADDRESS)
        for _message in range(100):
            self.send(0.5)
        self.assertEqual(self.gathering.seconds, GATHER_SECONDS)

    def test_small_messages_are_not_waited_for(self):
        self.send(0.002, tail=b"")
        for _message in range(100):
            self.send(0.02, tail=b"")
        self.assertEqual(self.gathering.seconds, GATHER_SECONDS)
