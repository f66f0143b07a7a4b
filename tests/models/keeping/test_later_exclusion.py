from ..audience.test_claim import ClaimCase


class TestLaterExclusion(ClaimCase):
    """What goes on after it was complete, or is repeated, goes by who must not get it now."""

    def setUp(self):
        super().setUp()
        self.anna = self._contact("Anna", self.target_list)
        self.heir = self._list("Heir")

    def failed(self):
        """A mass email that is complete, though somebody did not get it."""
        mailing = self.queue()
        message = mailing.mailing_trace_ids.sudo()
        message.write({"trace_status": "error", "failure_type": "mail_smtp"})
        mailing.state = "done"
        return mailing

    def test_whom_its_campaign_excludes_since_gets_no_message_that_failed(self):
        mailing = self.failed()
        self.campaign.excluding_list_ids += self._list("Rivals", self.anna)
        mailing.action_retry_failed()
        self.assertFalse(self.claim(mailing))
        self.assertEqual(self.outcomes(mailing), {"Anna": "excluded"})

    def test_nor_does_who_came_to_what_an_excluding_list_was_merged_into(self):
        mailing = self.failed()
        self.heir.action_merge(self.excluding_list, archive=True)
        self.heir.contact_ids += self.anna
        mailing.action_retry_failed()
        self.assertFalse(self.claim(mailing))
        self.assertEqual(self.outcomes(mailing), {"Anna": "excluded"})

    def test_who_left_what_a_list_was_merged_into_gets_none_that_repeats_its_mass_email(self):
        again = self._mass_email(contact_list_ids=self._list("Did Not Open", self.anna).ids)
        again.repeated_id = self._mass_email(state="done")
        self.heir.action_merge(self.target_list, archive=True)
        self.heir.subscription_ids.opt_out = True
        again._build_queue()
        self.assertEqual(self.outcomes(again), {"Anna": "mail_optout"})
