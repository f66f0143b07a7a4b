from ..audience.test_claim import ClaimCase


class TestSignsOfLife(ClaimCase):
    """What comes back of a message that is not to be mailed any more."""

    def test_an_earlier_copy_is_opened_or_bounces_while_another_has_the_address(self):
        anna = self._contact("Anna", self.target_list, email="family@example.com")
        self._contact("Bob", self.target_list, email="family@example.com")
        mailing = self.queue()
        trace = mailing.mailing_trace_ids.filtered(lambda each: each.contact_id == anna).sudo()
        trace.write({"trace_status": "error", "failure_type": "in_doubt"})
        trace.action_send_again()
        self.target_list.contact_ids -= anna
        self.assertEqual(self.claim(mailing), {"Bob": "family@example.com"})
        trace._receive_open()
        trace._receive_reply()
        trace._receive_bounce("final", "no such user")
        self.env.flush_all()
        self.assertEqual(self.outcomes(mailing), {"Anna": "removed", "Bob": "process"})
        kinds = {kind for _name, kind in self.events(mailing)}
        self.assertEqual(kinds, {"opened", "replied", "bounced"})
