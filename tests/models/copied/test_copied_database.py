from odoo.modules.neutralize import get_neutralization_queries

from ...common import BASE_URL, MassEmailCase

NAME = "mass_mailing_campaign"


class TestCopiedDatabase(MassEmailCase):
    """Two databases have the same queue; only one may send it."""

    def setUp(self):
        super().setUp()
        self._contacts(4, self.target_list)
        self.set_setting("portion_size", 2)
        self.mailing = self._mass_email()
        with self.smtp():
            self.send(self.mailing, "the rest waits for the next portion")
        self.assertEqual((self.mailing.sent_count, self.mailing.waiting_count), (2, 2))
        self.set_setting("portion_size", 1000)

    def was_copied(self):
        """This database was another one until now."""
        self.set_setting("sending_database", "a UUID/a server/a database")

    def sent_now(self):
        with self.smtp() as server:
            self.run_delivery()
        return server.addresses()

    def test_the_database_that_was_sending_goes_on(self):
        self.assertEqual(len(self.sent_now()), 2)
        self.assertEqual(self.mailing.state, "done")

    def test_a_copy_pauses_what_was_under_way_and_says_why(self):
        pending = self._mass_email(state="in_queue", active=False)
        draft = self._mass_email()
        standard = self._mass_email(delivery_mode="standard", state="in_queue")
        self.was_copied()
        self.assertEqual(self.sent_now(), [])
        for mailing in self.mailing + pending:
            self.assertEqual(mailing.mass_email_status, "paused")
            words = "".join(mailing.message_ids.mapped("body"))
            self.assertIn("copy of the one that was sending", words)
        self.assertFalse((draft + standard).filtered("is_paused"))

    def test_what_is_resumed_in_the_copy_goes_on_there(self):
        self.was_copied()
        self.sent_now()
        self.mailing.action_resume()
        self.assertEqual(len(self.sent_now()), 2)

    def test_what_was_claimed_when_it_was_copied_is_in_doubt(self):
        waiting = self.mailing.mailing_trace_ids.filtered(
            lambda trace: trace.trace_status == "outgoing"
        )
        waiting.sudo().write({"trace_status": "process", "claim_key": "run", "claim_number": 1})
        self.env.flush_all()
        # it noted one of them as begun; but it went on, and began the other one, too
        self.env.cr.execute(
            """
            INSERT INTO mailing_journal_run (key) VALUES ('run');
            INSERT INTO mailing_journal_ack (
                run_key, ack_datetime, begun_trace_id, begun_claim_number)
            VALUES ('run', NOW() AT TIME ZONE 'UTC', %s, 1)
            """,
            [waiting[0].id],
        )
        self.was_copied()
        self.assertEqual(self.sent_now(), [])
        self.assertEqual(set(waiting.mapped("failure_type")), {"in_doubt"})
        self.assertFalse(self.env["mailing.journal.run"].search([]))

    def test_a_neutralized_copy_is_paused_and_its_links_lead_to_it(self):
        self.set_setting("public_url", "https://news.example.com")
        self.env.flush_all()
        for query in get_neutralization_queries([NAME]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.assertEqual(self.sent_now(), [])
        self.assertEqual(self.mailing.mass_email_status, "paused")
        self.mailing._compute_mass_email_status()
        self.assertEqual(self.mailing.mass_email_status, "paused")
        self.assertEqual(self.env["ir.config_parameter"]._public_url(), BASE_URL)
