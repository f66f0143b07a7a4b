from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.mass_mailing_campaign.models.privacy import ir_config_parameter

from ...common import MassEmailCase


class TestRetention(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.set_setting("keep_hits", "True")
        self._contact("Anna", self.target_list)
        self.mailing = self._mass_email()
        self.send(self.mailing)
        self.trace = self.mailing.mailing_trace_ids.sudo()
        self.trace.sent_datetime -= timedelta(hours=1)
        self.long_ago = fields.Datetime.now() - timedelta(days=100)

    def hits(self, count, moment):
        return self.env["mailing.trace.hit"].create(
            [
                {"event_type": "opened", "hit_datetime": moment, "trace_id": self.trace.id}
                for _hit in range(count)
            ]
        )

    def vacuum(self):
        hits = self.env["mailing.trace.hit"]._gc_hits()
        clicks = self.env["link.tracker.click"]._gc_ip_addresses()
        words = self.env["mailing.opt.out"]._gc_words()
        self.env.invalidate_all()
        return hits, clicks, words

    def click(self, link, moment):
        click = self.env["link.tracker.click"].create({"link_id": link.id, "ip": "203.0.113.7"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE link_tracker_click SET create_date = %s WHERE id = %s", (moment, click.id)
        )
        return click

    def opt_out(self, words):
        """Opt out of the list, long ago, with some words."""
        reason = self.env["mailing.subscription.optout"].search([], limit=1)
        reason.is_feedback = True
        self.trace._receive_opt_out()
        self.trace._receive_reason(reason, words)
        memory = self.env["mailing.opt.out"].search([("trace_id", "=", self.trace.id)])
        self.env.flush_all()
        self.env.cr.execute("UPDATE mailing_opt_out SET create_date = %s", (self.long_ago,))
        notes = self.env["mail.message"].search([("body", "like", words)])
        notes.date = self.long_ago
        return memory, notes

    def test_everything_is_kept_until_somebody_decides(self):
        hits = self.hits(1, self.long_ago)
        click = self.click(self.offer, self.long_ago)
        memory, notes = self.opt_out("Enough")
        self.vacuum()
        self.assertEqual(hits.exists(), hits)
        self.assertEqual(click.ip, "203.0.113.7")
        self.assertEqual(set(memory.mapped("feedback")), {"Enough"})
        self.assertEqual(notes.exists(), notes)

    def test_old_traces_of_people_go_and_new_ones_stay(self):
        self.set_setting("retention_months", "3")
        old, new = self.hits(2, self.long_ago), self.hits(1, fields.Datetime.now())
        old_click = self.click(self.offer, self.long_ago)
        new_click = self.click(self.offer, fields.Datetime.now())
        memory, notes = self.opt_out("Enough")
        self.assertTrue(notes, "the words are in a note, too")
        self.vacuum()
        self.assertEqual((old + new).exists(), new)
        self.assertEqual((old_click.ip, new_click.ip), (False, "203.0.113.7"))
        self.assertTrue(memory.exists(), "that she left is remembered")
        self.assertFalse(any(memory.mapped("feedback")))
        self.assertFalse(notes.exists())

    def test_words_go_in_whatever_language_the_note_is(self):
        self.env["res.lang"]._activate_lang("ru_RU")
        self.set_setting("retention_months", "3")
        self.trace = self.trace.with_context(lang="ru_RU")
        _memory, notes = self.opt_out("Довольно")
        self.vacuum()
        self.assertFalse(notes.exists())

    def test_other_notes_stay(self):
        self.set_setting("retention_months", "3")
        note = self.trace.contact_id._message_log(body="Called her")
        note.date = self.long_ago
        self.vacuum()
        self.assertTrue(note.exists())

    def test_clicks_on_odoos_own_links_are_not_ours_to_purge(self):
        self.set_setting("retention_months", "3")
        link = self.env["link.tracker"].create({"title": "Own", "url": "https://own.example.com"})
        click = self.click(link, self.long_ago)
        self.vacuum()
        self.assertEqual(click.ip, "203.0.113.7")

    def test_figures_stay(self):
        self.set_setting("retention_months", "3")
        self.trace._receive_click(self.offer.code)
        self.env["mailing.trace.hit"].search([]).hit_datetime = self.long_ago
        names = ["member_count", "opened", "clicks_ratio"]
        before = self.mailing.read(names), self.offer.people_count
        self.vacuum()
        self.assertEqual((self.mailing.read(names), self.offer.people_count), before)

    def test_so_many_go_at_once_and_the_rest_is_told(self):
        self.set_setting("retention_months", "3")
        self.hits(5, self.long_ago)
        self.env["ir.config_parameter"]._kept_since()  # it is read by then
        purge = self.env["mailing.trace.hit"]._gc_hits
        with patch.object(ir_config_parameter, "PURGED_AT_ONCE", 3):
            with self.assertQueryCount(1):
                self.assertEqual(purge(), (3, 1))
            self.assertEqual(purge(), (2, 0))
