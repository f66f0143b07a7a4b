import itertools
import smtplib
from unittest.mock import patch

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.exceptions import UserError
from odoo.fields import Command

from ...common import DELIVERY_CRON, MassEmailCase


class TestStatus(MassEmailCase):
    def setUp(self):
        super().setUp()
        self._contact("Anna", self.target_list)

    def notes(self, mailing):
        """What the chatter tells of fields called a status: (before, after)."""
        values = mailing.message_ids.sudo().tracking_value_ids.sorted("id")
        return [
            (value.old_value_char, value.new_value_char)
            for value in values
            if value.field_id.name in ("state", "mass_email_status")
        ]

    def test_each_state_has_the_guides_word(self):
        mailing = self._mass_email()
        said = dict(mailing._fields["mass_email_status"].selection)
        for state, word in (
            ("draft", "Draft"),
            ("in_queue", "Pending"),
            ("sending", "In Process"),
            ("done", "Complete"),
        ):
            mailing.state = state
            self.assertEqual(said[mailing.mass_email_status], word)

    def test_who_writes_the_state_moves_it_between_draft_and_pending_only(self):
        mailing = self._mass_email()
        by_marketer = mailing.with_user(self.marketer)
        states = ("draft", "in_queue", "sending", "done")
        for before, after in itertools.product(states, states):
            with self.subTest(before=before, after=after):
                mailing.state = before
                if before == after or {before, after} == {"draft", "in_queue"}:
                    by_marketer.state = after
                else:
                    with self.assertRaises(UserError):
                        by_marketer.state = after
                    self.assertEqual(mailing.state, before)
        with self.assertRaises(UserError):
            by_marketer.copy({"state": "sending"})
        standard = by_marketer.create({"subject": "Odoo's own", "state": "done"})
        with self.assertRaises(UserError):
            standard.delivery_mode = "portions"
        standard.state = "draft"
        with self.assertRaisesRegex(UserError, "target list"):
            standard.write({"delivery_mode": "portions", "state": "in_queue"})
        standard.delivery_mode = "portions"

    def test_what_the_sending_tells_is_not_written_by_hand(self):
        mailing = self._mass_email().with_user(self.marketer)
        mailing.action_set_pending()
        told = ({"is_ended": True}, {"is_queue_partial": True}, {"remedy": "letter"})
        told += ({"retry_datetime": "2099-01-01"}, {"mass_email_status": "complete"})
        for values in told:
            with self.subTest(values), self.assertRaisesRegex(UserError, "follows its sending"):
                mailing.write(values)
            with self.subTest(values), self.assertRaisesRegex(UserError, "follows its sending"):
                mailing.copy(values)
        mailing.sudo().remedy = "letter"
        mailing.action_try_now()
        self.assertEqual(mailing.mass_email_status, "pending")

    def test_what_is_written_with_the_state_is_what_is_checked(self):
        """As by an import, whose columns are written at once."""
        mailing = self._mass_email().with_user(self.marketer)
        with self.assertRaisesRegex(UserError, "target list"):
            mailing.write({"state": "in_queue", "contact_list_ids": [Command.clear()]})
        mailing.contact_list_ids = False
        triggers = self.env["ir.cron.trigger"]
        triggers.search([]).unlink()
        lists = [Command.set(self.target_list.ids)]
        mailing.write({"state": "in_queue", "contact_list_ids": lists})
        self.assertEqual(mailing.mass_email_status, "pending")
        of_lane = [("cron_id", "=", self.env.ref(DELIVERY_CRON).id)]
        self.assertTrue(triggers.search(of_lane), "it goes out at once")

    def test_paused_and_failed_are_said_only_while_it_is_under_way(self):
        mailing = self._mass_email()
        for values, status in (
            ({"is_paused": True}, "paused"),
            ({"remedy": "letter"}, "failed"),
            ({"is_paused": True, "remedy": "letter"}, "paused"),
            ({"delivery_issue": "421 busy"}, "in_process"),
        ):
            mailing.write({"state": "sending", "is_paused": False, "remedy": False, **values})
            self.assertEqual(mailing.mass_email_status, status)
            mailing.state = "done"
            self.assertEqual(mailing.mass_email_status, "complete")

    def test_cards_stand_in_the_order_of_a_life(self):
        for state in ("done", "draft", "sending", "in_queue"):
            self._mass_email(state=state)
        mailings = self.env["mailing.mailing"].with_context(read_group_expand=True)
        groups = mailings.formatted_read_group(
            [("campaign_id", "=", self.campaign.id)], ["mass_email_status"], ["__count"]
        )
        statuses = [group["mass_email_status"] for group in groups]
        self.assertEqual(statuses, ["draft", "pending", "in_process", "complete"])

    def test_the_chatter_tells_one_status_in_the_same_words(self):
        mailing = self._mass_email().with_context(tracking_disable=False)
        self.cr.flush()
        for act in ("action_set_pending", "action_pause", "action_resume"):
            getattr(mailing, act)()
            self.cr.flush()
        self.assertEqual(
            self.notes(mailing),
            [("Draft", "Pending"), ("Pending", "Paused"), ("Paused", "Pending")],
        )

    def test_the_chatter_of_a_standard_mailing_is_odoos(self):
        mailings = self.env["mailing.mailing"].with_context(tracking_disable=False)
        standard = mailings.create({"subject": "Standard news"})
        self.cr.flush()
        standard.action_put_in_queue()
        self.cr.flush()
        self.assertEqual(standard.mass_email_status, "in_queue")
        self.assertEqual(self.notes(standard), [("Draft", "In Queue")])

    # ------------------------------------------------------------
    # Failed: somebody must do something
    # ------------------------------------------------------------

    def check_stopped(self, mailing, status, remedy):
        self.assertEqual((mailing.mass_email_status, mailing.remedy), (status, remedy))
        self.assertTrue(mailing.delivery_issue)
        self.assertTrue(mailing.retry_datetime, "it is tried again all the same")
        self.assertTrue(mailing.waiting_count or mailing.state == "in_queue", "nobody is lost")

    def test_a_letter_that_cannot_be_filled_in_has_failed_until_it_is_mended(self):
        mailing = self._mass_email()
        mailing.action_set_pending()
        mailing.body_html = '<p t-out="object.name.missing()"/>'
        with self.smtp() as server:
            self.run_delivery()
            self.check_stopped(mailing, "failed", "letter")
            mailing.body_html = "<p>Hello</p>"
            mailing.action_try_now()
            self.assertEqual(mailing.mass_email_status, "in_process")
            self.run_delivery()
        self.assertEqual(server.addresses(), ["anna@example.com"])
        self.assertEqual((mailing.mass_email_status, mailing.remedy), ("complete", False))

    def test_a_letter_that_names_what_its_campaign_has_not_has_failed(self):
        mailing = self._mass_email()
        mailing.action_set_pending()
        mailing.body_html = "<p>{trackingUrl:999999}</p>"
        with self.smtp():
            self.run_delivery()
        self.check_stopped(mailing, "failed", "letter")

    def test_what_stops_it_is_told_in_the_language_of_who_is_responsible(self):
        self.env["res.lang"]._activate_lang("ru_RU")
        self.marketer.lang = "ru_RU"
        mailing = self._mass_email()
        mailing.action_set_pending()
        mailing.body_html = "<p>{trackingUrl:999999}</p>"
        with self.smtp():
            self.run_delivery()
        self.assertRegex(mailing.delivery_issue, "[а-я]")

    def test_a_refused_sender_has_failed_and_a_busy_server_has_not(self):
        for reply, status, remedy in (
            ("550 5.7.1 sender not allowed", "failed", "sender"),
            ("421 4.7.0 too many connections", "in_process", False),
        ):
            mailing = self._mass_email()
            with self.smtp() as server, self.subTest(reply):
                server.replies["MAIL"] = reply
                self.send(mailing, server)
                self.check_stopped(mailing, status, remedy)

    def test_a_refused_log_in_has_failed_and_a_server_that_is_down_has_not(self):
        for error, status, remedy in (
            (smtplib.SMTPAuthenticationError(535, b"5.7.8 wrong password"), "failed", "server"),
            (smtplib.SMTPAuthenticationError(454, b"4.7.0 try later"), "in_process", False),
            (ConnectionRefusedError(111, "Connection refused"), "in_process", False),
            # what Python makes of a host, and of a password
            (UnicodeError("encoding with 'idna' codec failed"), "failed", "server"),
            (UnicodeEncodeError("ascii", "пароль", 0, 6, "not in range"), "failed", "server"),
        ):
            mailing = self._mass_email()
            with (
                self.smtp() as server,
                self.subTest(str(error)),
                patch.object(IrMail_Server, "_connect__", side_effect=error),
            ):
                self.send(mailing, server)
                self.check_stopped(mailing, status, remedy)

    def test_sending_that_is_switched_off_has_failed(self):
        mailing = self._mass_email()
        with self.smtp() as server, patch.object(IrMail_Server, "_connect__", return_value=None):
            self.send(mailing, server)
        self.check_stopped(mailing, "failed", "server")

    def test_back_in_line_nothing_is_left_of_the_failure(self):
        mailing = self._mass_email()
        mailing.action_set_pending()
        with self.committing(mailing) as sent:
            sent._stop_for_now("550 no", "sender")
        self.assertEqual(mailing.mass_email_status, "failed")
        mailing.action_back_to_draft()
        mailing.action_set_pending()
        self.assertEqual((mailing.mass_email_status, mailing.delivery_issue), ("pending", False))
