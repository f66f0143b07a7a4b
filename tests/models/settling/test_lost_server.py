from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome, Result
from odoo.addons.mass_mailing_campaign.models.settling.mailing_journal_ack import SETBACKS_OF_A_DAY

from ...common import MassEmailCase

NOBODY = "550 5.1.1 User unknown in relay recipient table"


class TestLostServer(MassEmailCase):
    """A mail server that refuses nearly everybody for good says nothing of their addresses."""

    def settle(self, *chunks, domains=3):
        """Settle chunk by chunk what a server said of members at so many domains.

        :param chunks: of True for who was refused for good, False for who was taken
        """
        count = sum(map(len, chunks))
        contacts = [
            self._contact(f"C{n}", self.target_list, email=f"c{n}@domain{n % domains}.example")
            for n in range(count)
        ]
        mailing = self._mass_email()
        mailing._build_queue()
        traces = mailing.mailing_trace_ids.sudo().sorted("id")
        traces.write({"trace_status": "process", "claim_key": "run", "claim_number": 1})
        waiting = list(traces.ids)
        with self.committing(mailing) as committing:
            acks, after = committing.env["mailing.journal.ack"], 0
            for chunk in chunks:
                results = [
                    Result(waiting.pop(0), Outcome.BAD_ADDRESS, NOBODY, "<1@x>")
                    if is_refused
                    else Result(waiting.pop(0), Outcome.SENT, "250 ok", "<1@x>")
                    for is_refused in chunk
                ]
                acks._acknowledge(acks.env.cr, "run", [(1, each) for each in results], True)
                after = acks._settle_acknowledged("run", after)
            committing.env["mailing.journal.run"]._end("run")
        self.assertEqual(len(contacts), len(traces))
        return self.env["mailing.address"].search([])

    def test_who_is_refused_with_all_others_is_not_dead(self):
        known = self.settle([True] * 20)
        self.assertFalse(known.filtered("dead_datetime"))
        self.assertEqual(set(known.mapped("temporary_count")), {1})
        self.assertEqual(len(known), 20)

    def test_who_was_refused_before_it_showed_lives_again(self):
        known = self.settle([True], [True, True], [True] * 5, [True] * 3)
        self.assertFalse(known.filtered("dead_datetime"))
        self.assertEqual(known.mapped("temporary_count"), [1] * 11)
        self.assertTrue(all(known.mapped("temporary_since")))

    def test_who_is_refused_among_others_who_are_taken_is_dead(self):
        known = self.settle([True, False, False] * 8)
        self.assertEqual(len(known.filtered("dead_datetime")), 8)

    def test_one_domain_that_refuses_all_may_well_be_gone(self):
        known = self.settle([True] * 12, domains=2)
        self.assertEqual(len(known.filtered("dead_datetime")), 12)

    def test_a_few_that_are_refused_are_dead(self):
        known = self.settle([True] * 4)
        self.assertEqual(len(known.filtered("dead_datetime")), 4)

    def test_a_bad_hour_later_in_the_run_is_seen_all_the_same(self):
        known = self.settle([False] * 150, [True] * 80)
        self.assertFalse(known.filtered("dead_datetime"))


class TestServerOutOfOrder(MassEmailCase):
    """A mail server that defers or refuses nearly everybody costs nobody an attempt, for a day."""

    def setUp(self):
        super().setUp()
        self.mailing = self._mass_email()

    def defer(self, reply, hours, domains=4):
        """A server defers members at so many domains, and is asked again hour by hour."""
        for n in range(8):
            email = f"c{n}@domain{n % domains}.example"
            self._contact(f"C{n}", self.target_list, email=email)
        now = fields.Datetime.now()
        with self.smtp() as server, freeze_time(now) as clock:
            server.replies["DATA"] = reply
            self.mailing.action_set_pending()
            for _hour in range(hours):
                self.run_delivery()
                clock.tick(timedelta(hours=2))
        return self.mailing.mailing_trace_ids

    def test_who_is_deferred_with_all_others_is_not_given_up(self):
        traces = self.defer("451 4.7.1 Service unavailable - try again later", hours=4)
        self.assertEqual(set(traces.mapped("trace_status")), {"outgoing"})
        self.assertEqual(set(traces.mapped("attempt_count")), {0})
        with self.smtp() as server:
            self.mailing.action_try_now()
            self.run_delivery()
        self.assertEqual((len(server.messages), self.mailing.state), (8, "done"))

    def test_who_is_refused_with_all_others_is_not_given_up(self):
        traces = self.defer("554 5.2.252 SendAsDenied; not your address", hours=4)
        self.assertEqual(set(traces.mapped("trace_status")), {"outgoing"})
        self.assertEqual(set(traces.mapped("attempt_count")), {0})
        self.assertEqual(self.mailing.remedy, "sender")

    def test_after_a_day_it_counts_all_the_same(self):
        traces = self.defer("451 4.3.0 queue file write error", hours=1)
        traces.write({"setback_count": SETBACKS_OF_A_DAY, "retry_datetime": False})
        with self.smtp() as server:
            server.replies["DATA"] = "451 4.3.0 queue file write error"
            self.run_delivery()
        self.assertEqual(set(traces.mapped("attempt_count")), {1})

    def test_mailboxes_and_one_domain_have_their_own_reasons(self):
        for reply, domains in (("450 4.2.1 mailbox busy", 4), ("451 4.3.0 try later", 2)):
            with self.subTest(reply):
                self.mailing = self._mass_email(contact_list_ids=self._list("Others"))
                self.target_list = self.mailing.contact_list_ids
                traces = self.defer(reply, hours=1, domains=domains)
                self.assertEqual(set(traces.mapped("attempt_count")), {1})
