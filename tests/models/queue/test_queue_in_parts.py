from itertools import chain, repeat
from types import SimpleNamespace
from unittest.mock import patch

from odoo import fields
from odoo.addons.mass_mailing_campaign.engine.job_time import JobTime
from odoo.addons.mass_mailing_campaign.models.queue import mailing_mailing as queue

from ...common import MassEmailCase

NO_TIME = SimpleNamespace(is_over=lambda: True)


class TestQueueInParts(MassEmailCase):
    """Odoo kills a job that takes long: the queue of very many members is built in parts."""

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(queue, "MEMBERS_AT_ONCE", 2))

    def begin(self, count=5):
        """A mass email with one part of its queue."""
        self._contacts(count, self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        triggers = self.env["ir.cron.trigger"].search([])
        with self.committing(mailing) as committing:
            self.assertFalse(committing._have_queue(NO_TIME))
        self.assertEqual(len(mailing.mailing_trace_ids), 2)
        woken = self.env["ir.cron.trigger"].search([]) - triggers
        self.assertLessEqual(min(woken.mapped("call_at")), fields.Datetime.now(), "at once")
        return mailing

    def rows(self, size):
        """What the queue says of everybody when it is built in parts of a size."""
        mailing = self._mass_email()
        mailing.action_set_pending()
        with (
            patch.object(queue, "MEMBERS_AT_ONCE", size),
            self.committing(mailing) as committing,
        ):
            self.assertTrue(committing._have_queue())
        self.assertFalse(mailing.is_queue_partial)
        return [
            (
                trace.res_id,
                trace.email,
                trace.trace_status,
                trace.failure_type,
                trace.target_list_id,
                trace.excluding_list_id,
                trace.same_address_contact_id,
            )
            for trace in mailing.mailing_trace_ids.sorted("id")
        ]

    def test_in_parts_or_in_one_everybody_has_the_same_outcome(self):
        readers = self._list("Readers")
        self.campaign.target_list_ids += readers
        for name, lists, email in (
            ("Left", self.target_list, "one@example.com"),
            ("Anna", self.target_list, "one@example.com"),
            ("Bad", readers, "no address"),
            ("Bob", self.target_list + readers, "two@example.com"),
            ("Also Anna", readers, "one@example.com"),
            ("Rival", self.target_list + self.excluding_list, "three@example.com"),
            ("Also Bob", self.target_list, "TWO@example.com"),
            ("Rival's", readers, "three@example.com"),
            ("Once More Anna", self.target_list, "one@example.com"),
        ):
            self._contact(name, *lists, email=email)
        first = self.target_list.contact_ids.filtered(lambda contact: contact.name == "Left")
        first.subscription_ids.opt_out = True
        whole = self.rows(100)
        self.assertEqual(len(whole), 9)
        self.assertEqual(len({row[3] for row in whole}), 5, "of all kinds")
        for size in (1, 2, 3, 4, 9):
            self.assertEqual(self.rows(size), whole, size)

    def test_nothing_goes_out_before_the_queue_is_complete(self):
        self._contacts(5, self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        triggers = self.env["ir.cron.trigger"].search([])
        is_over = chain([False, False], repeat(True))
        with self.smtp() as server, patch.object(JobTime, "is_over", lambda _time: next(is_over)):
            self.run_delivery()
        self.assertFalse(server.messages)
        self.assertEqual((mailing.state, mailing.is_queue_partial), ("sending", True))
        self.assertEqual(len(mailing.mailing_trace_ids), 4)
        self.assertTrue(self.env["ir.cron.trigger"].search([]) - triggers, "for what is left")

    def test_the_next_job_goes_on_where_one_ended(self):
        mailing = self.begin()
        with self.smtp() as server:
            self.run_delivery()
        self.assertEqual(len(set(server.addresses())), 5)
        self.assertEqual((mailing.state, mailing.is_queue_partial), ("done", False))

    def test_who_joins_between_two_parts_is_mailed_too(self):
        mailing = self.begin()
        self._contact("Late", self.target_list)
        with self.smtp() as server:
            self.run_delivery()
        self.assertIn("late@example.com", server.addresses())
        self.assertEqual(mailing.sent_count, 6)

    def test_a_mass_email_that_was_taken_back_gets_no_queue(self):
        """By its user, while a lane that had found it due began."""
        self._contacts(1, self.target_list)
        mailing = self._mass_email()
        with self.committing(mailing) as committing:
            self.assertFalse(committing._have_queue())
        self.assertEqual((mailing.state, len(mailing.mailing_trace_ids)), ("draft", 0))

    def test_a_mass_email_that_is_paused_gets_no_further_part(self):
        mailing = self.begin()
        mailing.action_pause()
        with self.smtp():
            self.run_delivery()
        self.assertEqual(len(mailing.mailing_trace_ids), 2)

    def test_a_mass_email_that_is_paused_meanwhile_gets_no_further_part_of_the_same_job(self):
        self._contacts(5, self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        go_on = type(mailing)._go_on_with_queue

        def pause(mailing):
            is_ready = go_on(mailing)
            mailing.is_paused = True
            return is_ready

        with (
            patch.object(type(mailing), "_go_on_with_queue", pause),
            self.committing(mailing) as committing,
        ):
            self.assertFalse(committing._have_queue())
        self.assertEqual(len(mailing.mailing_trace_ids), 2)

    def test_who_had_no_row_when_it_was_ended_has_an_outcome_and_is_not_mailed(self):
        self._contact("Rival", self.target_list, self.excluding_list)
        mailing = self.begin()
        triggers = self.env["ir.cron.trigger"].search([])
        with self.committing(mailing) as committing:
            committing.action_end()
        self.assertTrue(self.env["ir.cron.trigger"].search([]) - triggers)
        mailing.active = False
        with self.smtp() as server:
            self.run_delivery()
            self.assertEqual((mailing.state, mailing.is_queue_partial), ("done", False))
            self.assertEqual(sorted(self.outcomes(mailing).values()), ["ended"] * 5 + ["excluded"])
            self.assertEqual((mailing.member_count, mailing.cancelled_count), (6, 6))
            mailing._reopen()
            self.run_delivery()
        self.assertFalse(server.messages)
        self.assertEqual(len(mailing.mailing_trace_ids), 6)

    def test_what_is_left_of_the_queue_of_an_ended_one_waits_for_a_job_with_time(self):
        mailing = self.begin()
        with self.committing(mailing) as committing:
            committing.action_end()
        triggers = self.env["ir.cron.trigger"].search([])
        is_over = chain([False], repeat(True))
        with self.committing(mailing) as committing:
            committing._complete_ended_queues(SimpleNamespace(is_over=lambda: next(is_over)))
        self.assertEqual((len(mailing.mailing_trace_ids), mailing.is_queue_partial), (4, True))
        self.assertEqual({*self.outcomes(mailing).values()}, {"ended"})
        self.assertTrue(self.env["ir.cron.trigger"].search([]) - triggers)
