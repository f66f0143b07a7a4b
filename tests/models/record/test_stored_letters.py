from unittest.mock import patch

from odoo.tools import mute_logger

from .test_record import RecordCase


class TestStoredLetters(RecordCase):
    """With *Store Sent Emails*, letters are found on the records that they went to."""

    def setUp(self):
        super().setUp()
        self.plain = self._contact("Anna", self.target_list)
        for record in self.records:
            self.subscribe(record, self.target_list)
        self.places = (self.person, self.lead, self.user.partner_id, self.plain)

    def letters(self):
        """The stored letters of each."""
        return [self.letters_of(record) for record in self.places]

    def letters_of(self, record):
        return record.message_ids.filtered(lambda each: each.message_type == "email_outgoing")

    def test_each_stands_on_the_record_of_who_got_it_and_notifies_nobody(self):
        follower = self.env["res.partner"].create({"name": "Fay", "email": "fay@example.com"})
        self.person.message_subscribe(follower.ids)
        mailing = self._mass_email(keep_archives=True, preview="Seeds")
        with self.smtp() as server:
            self.send(mailing, server)
        self.assertEqual(len(server.messages), 4)
        for letter, name in zip(self.letters(), ("Ann", "Lee", "Uma", "Anna"), strict=True):
            self.assertEqual(len(letter), 1)
            self.assertEqual(letter.subject, f"News for {name}")
            self.assertIn(f"Dear {name}", letter.body)
            self.assertIn(name.lower(), letter.outgoing_email_to)
            self.assertEqual(letter.author_id, self.marketer.partner_id)
            self.assertFalse(letter.notification_ids)
            self.assertFalse(self.env["mail.mail"].search([("mail_message_id", "=", letter.id)]))

    def test_its_links_are_nobodys(self):
        mailing = self._mass_email(keep_archives=True)
        self.send(mailing)
        [body] = [each.body for each in self.letters_of(self.person)]
        self.assertIn(self.offer.url, body)
        self.assertNotIn("/mailing/", body)
        for token in mailing.mailing_trace_ids.mapped("token"):
            self.assertNotIn(token, body)

    def test_without_it_nothing_is_stored_and_tests_never_are(self):
        self.send(self._mass_email())
        mailing = self._mass_email(keep_archives=True)
        with self.smtp(), self.committing(mailing) as committing:
            committing._send_test(self.plain.with_env(committing.env))
        self.assertFalse(any(self.letters()))

    def test_erasing_her_address_erases_them_and_before_they_are_told(self):
        self.send(self._mass_email(keep_archives=True))
        to_another = self.letters_of(self.person).copy({"outgoing_email_to": "x@example.com"})
        for address, record in (("ann@example.com", self.person), ("anna@example.com", self.plain)):
            lookup = self.env["mailing.address.lookup"].create({"email": address})
            lookup.action_look_up()
            told = lookup.line_ids.filtered(lambda line: line.topic == "Stored Letter")
            self.assertEqual(told.subject, f"News for {record.name}")
            letter = self.letters_of(record) - to_another
            self.env["mailing.erased.address"]._erase(address)
            self.assertFalse(letter.exists())
        self.assertTrue(self.letters_of(self.lead))
        self.assertTrue(to_another.exists())

    @mute_logger("odoo.addons.mass_mailing_campaign.models.record.mailing_trace_event")
    def test_a_letter_that_cannot_be_stored_was_sent_all_the_same(self):
        mailing = self._mass_email(keep_archives=True)
        with patch.object(type(mailing), "_store_letters", side_effect=ValueError):
            self.send(mailing)
        self.assertEqual(set(self.outcomes(mailing).values()), {"sent"})
        self.assertEqual(mailing.state, "done")
