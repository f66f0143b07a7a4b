from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.mass_mailing_campaign.models.keeping import mailing_trace
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form

from ...common import MassEmailCase

FORM = "mass_mailing_campaign.mailing_mailing_view_form_mass_email"


class TestMassEmail(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.env["mail.template"].create(
            {
                "name": "Summer",
                "model_id": cls.env["ir.model"]._get_id("mailing.contact"),
                "subject": "Summer for {{ object.name }}",
                "body_html": "<p>It is <b>summer</b></p>",
                "attachment_ids": [(0, 0, {"name": "flyer.txt", "raw": b"Flowers"})],
            }
        )

    def form(self, **context):
        mailings = self.env["mailing.mailing"].with_user(self.marketer)
        context = {
            "default_delivery_mode": "portions",
            "default_campaign_id": self.campaign.id,
            **context,
        }
        return Form(mailings.with_context(**context), view=FORM)

    def test_a_new_mass_email_starts_with_its_campaigns_lists(self):
        with self.form() as form:
            form.subject = "Hello"
            self.assertEqual(form.schedule_type, "now", "unless the user says otherwise")
            form.schedule_type = "scheduled"
            form.schedule_date = "2030-01-01 08:00:00"
            self.assertEqual(form.contact_list_ids[:], self.target_list)
        mailing = form.record
        self.assertEqual(mailing.contact_list_ids, self.target_list)
        self.assertEqual(mailing.excluding_list_ids, self.excluding_list)
        self.assertEqual((mailing.delivery_mode, mailing.state), ("portions", "draft"))
        self.assertEqual(str(mailing.schedule_date), "2030-01-01 08:00:00")

    def test_one_that_is_imported_keeps_its_name_and_has_its_campaigns_lists(self):
        mailings = self.env["mailing.mailing"].with_user(self.marketer)
        result = mailings.with_context(default_delivery_mode="portions").load(
            ["name", "subject", "campaign_id"], [["Roses", "News", self.campaign.title]]
        )
        mailing = mailings.browse(result["ids"])
        self.assertEqual((mailing.name, mailing.delivery_mode), ("Roses", "portions"))
        self.assertEqual(mailing.contact_list_ids, self.campaign.target_list_ids)

    def test_its_lists_are_its_own_afterwards(self):
        mailing = self._mass_email()
        self.campaign.target_list_ids = self._list("Later")
        self.assertEqual(mailing.contact_list_ids, self.target_list)

    def test_whom_its_campaign_excludes_later_it_excludes_as_well(self):
        states = ("draft", "in_queue", "sending", "done")
        mailings = [self._mass_email(state=state) for state in states]
        rivals = self._list("Rivals")
        self.campaign.with_user(self.marketer).excluding_list_ids += rivals
        both = self.excluding_list + rivals
        for mailing in mailings:  # one that is complete may go on
            self.assertEqual(mailing.excluding_list_ids, both, mailing.state)
        self.campaign.with_user(self.marketer).excluding_list_ids = False
        self.assertEqual(mailings[0].excluding_list_ids, both, "its lists are its own")

    def test_a_campaign_that_is_chosen_later_excludes_as_well(self):
        menu = {"default_campaign_id": False}
        button = {**menu, **self.target_list.action_send_mailing()["context"]}
        for context in (menu, button):
            with self.form(**context) as form:
                form.subject = "Hello"
                form.campaign_id = self.campaign
            self.assertEqual(form.record.contact_list_ids, self.target_list)
            self.assertEqual(form.record.excluding_list_ids, self.excluding_list)

    def test_another_campaign_excludes_as_well(self):
        rivals, others = self._list("Rivals"), self._list("Others")
        another = self.env["utm.campaign"].create(
            {
                "title": "Winter",
                "target_list_ids": [Command.set(others.ids)],
                "excluding_list_ids": [Command.set(rivals.ids)],
            }
        )
        chosen, moved = self._mass_email(), self._mass_email()
        with Form(chosen, view=FORM) as form:
            form.campaign_id = another
        moved.with_user(self.marketer).campaign_id = another
        for mailing in chosen + moved:
            self.assertEqual(mailing.contact_list_ids, self.target_list)
            self.assertEqual(mailing.excluding_list_ids, self.excluding_list + rivals)

    def test_choosing_a_template_copies_subject_body_and_attachments(self):
        with self.form() as form:
            form.mail_template_id = self.template
            self.assertEqual(form.subject, self.template.subject)
        mailing = form.record
        self.assertIn("<b>summer</b>", mailing.body_html)
        self.assertEqual(mailing.attachment_ids.raw, b"Flowers")
        self.assertNotEqual(mailing.attachment_ids, self.template.attachment_ids)
        self.template.body_html = "<p>Winter</p>"
        self.assertIn("summer", mailing.body_html)

    def test_a_template_by_rpc_fills_what_is_not_given(self):
        mailing = self.env["mailing.mailing"].create(
            {
                "delivery_mode": "portions",
                "campaign_id": self.campaign.id,
                "mail_template_id": self.template.id,
                "subject": "My own",
            }
        )
        self.assertEqual(mailing.subject, "My own")
        self.assertIn("summer", mailing.body_html)
        self.assertTrue(mailing.attachment_ids)

    def test_pending_says_what_is_missing_and_changes_nothing(self):
        cases = {
            "target list": {"contact_list_ids": [(5,)]},
            "members": {"contact_list_ids": [(6, 0, self._list("Nobody").ids)]},
            "body": {"body_arch": "<p><br></p>"},
        }
        self._contact("Anna", self.target_list)
        for missing, values in cases.items():
            with self.subTest(missing=missing):
                mailing = self._mass_email()
                mailing.write(values)
                with self.assertRaisesRegex(UserError, missing):
                    mailing.action_set_pending()
                self.assertEqual(mailing.state, "draft")

    def test_what_would_reach_nobody_now_is_refused_with_the_reasons(self):
        self._contact("Anna", self.target_list).subscription_ids.opt_out = True
        self._contact("Bob", self.target_list, self.excluding_list)
        mailing = self._mass_email().with_user(self.marketer)
        words = r"None of the 2 members .*: .*Competitors \(1\), Opted Out \(1\)"
        with self.assertRaisesRegex(UserError, words):
            mailing.action_set_pending()
        self.assertEqual(mailing.state, "draft")

    def test_lists_may_be_filled_until_the_start_date(self):
        later = fields.Datetime.now() + timedelta(days=1)
        mailing = self._mass_email(schedule_date=later).with_user(self.marketer)
        warning = mailing.action_set_pending()
        self.assertEqual(mailing.state, "in_queue")
        self.assertEqual(warning["tag"], "display_notification")
        self.assertIn("no members", warning["params"]["message"])
        self._contact("Anna", self.target_list)
        mailing.action_back_to_draft()
        self.assertIs(mailing.action_set_pending(), True)

    def test_one_who_may_be_mailed_is_enough(self):
        self._contact("Anna", self.target_list).subscription_ids.opt_out = True
        self._contact("Bob", self.target_list)
        self.assertIs(self._mass_email().action_set_pending(), True)

    def test_setting_pending_what_is_no_draft_any_more_changes_nothing(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        for state in ("in_queue", "sending"):
            mailing.write({"state": state, "is_paused": True})
            mailing.with_user(self.marketer).action_set_pending()
            self.assertEqual((mailing.state, mailing.is_paused), (state, True))
        mailing.state = "done"
        with self.assertRaisesRegex(UserError, "was sent"):
            mailing.with_user(self.marketer).action_set_pending()
        with self.assertRaisesRegex(UserError, "was sent"):
            mailing.with_user(self.marketer).state = "in_queue"

    def test_a_pending_mass_email_can_go_back_to_draft(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        mailing.action_pause()
        mailing.action_back_to_draft()
        self.assertEqual((mailing.state, mailing.is_paused), ("draft", False))
        self.assertTrue(mailing.schedule_date, "the start date is kept")

    def test_without_a_start_date_it_starts_now(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email(schedule_date=False)
        self.assertFalse(mailing.schedule_date)
        mailing.action_set_pending()
        self.assertLessEqual(mailing.schedule_date, fields.Datetime.now())
        self.assertTrue(mailing._is_due())
        mailing.action_back_to_draft()
        self.assertFalse(mailing.schedule_date, "or it would start then, whenever then is")

    def test_a_start_date_that_was_given_is_kept_however_it_was_given(self):
        self._contact("Anna", self.target_list)
        start = fields.Datetime.now() + timedelta(days=3)
        created = self._mass_email(schedule_date=start)
        written = self._mass_email(schedule_date=False)
        written.schedule_date = start
        for mailing in created + written:
            mailing.action_set_pending()
            self.assertEqual((mailing.schedule_type, mailing.schedule_date), ("scheduled", start))

    def test_a_draft_knows_that_its_start_date_is_over(self):
        now = fields.Datetime.now()
        for start, is_past in ((False, False), (now - timedelta(hours=1), True)):
            self.assertEqual(self._mass_email(schedule_date=start).is_start_past, is_past)
        self.assertFalse(self._mass_email(schedule_date=now + timedelta(hours=1)).is_start_past)

    def test_only_campaigns_that_send_e_mail_have_mass_emails(self):
        radio = self.env["utm.campaign"].create({"title": "On air", "campaign_type": "radio"})
        with self.assertRaisesRegex(ValidationError, "On air"):
            self._mass_email("<p>x</p>", campaign_id=radio.id)

    def test_a_copy_is_a_draft_with_the_same_content_and_lists(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        copy = mailing.copy()
        self.assertEqual((copy.state, copy.delivery_mode), ("draft", "portions"))
        self.assertEqual(copy.contact_list_ids, mailing.contact_list_ids)
        self.assertEqual(copy.excluding_list_ids, mailing.excluding_list_ids)
        self.assertEqual(copy.body_html, mailing.body_html)

    def test_counts_of_many_mass_emails_take_one_statement(self):
        mailings = self._mass_email() + self._mass_email()
        self._contacts(3, self.target_list)
        for mailing in mailings:
            mailing._build_queue()
        self.env.flush_all()
        mailings.invalidate_recordset()
        with self.assertQueryCount(1):
            self.assertEqual(mailings.mapped("waiting_count"), [3, 3])

    def test_what_becomes_of_a_member_is_not_written_by_hand(self):
        self._contacts(2, self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        first, second = mailing.mailing_trace_ids.with_user(self.marketer)
        for values in (
            *({"trace_status": "outgoing"}, {"email": "eve@example.com"}, {"res_id": 1}),
            # its place in the portion; by what its links outlive the mass email; whose log it is in
            *({"portion_datetime": False}, {"message_id": False}, {"campaign_id": False}),
            *({"is_test_trace": True}, {"trace_status": False}),
            # whether it may be sent again
            *({"failure_type": "in_doubt"}, {"failure_reason": "It is there."}),
        ):
            with self.subTest(values), self.assertRaisesRegex(UserError, "by hand"):
                first.write(values)
        second.set_opened()  # as other addons do
        self.assertEqual(second.trace_status, "open")
        first.sudo().trace_status = "outgoing"
        with self.assertRaisesRegex(UserError, "by hand"):
            first.trace_status = "bounce"  # nobody would mail her
        standard = self.env["mailing.trace"].create({"model": "mailing.contact", "res_id": 1})
        standard.with_user(self.marketer).trace_status = "outgoing"

    def test_whether_openings_are_tracked_is_decided_before_it_is_sent(self):
        """Letters that went out without the pixel would count as never opened."""
        mailing = self._mass_email()
        with Form(mailing.with_user(self.marketer), FORM) as form:
            form.open_tracking = False
        mailing.state = "done"
        form = Form(mailing.with_user(self.marketer), FORM)
        with self.assertRaises(AssertionError):
            form.open_tracking = True

    def test_what_is_being_sent_cannot_be_deleted(self):
        mailing = self._mass_email()
        mailing.state = "sending"
        with self.assertRaisesRegex(UserError, "End it first"):
            mailing.unlink()

    def test_a_campaign_is_not_deleted_while_a_mass_email_waits_in_it(self):
        """It would go out though an inactive campaign holds it back."""
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.campaign.campaign_status = "inactive"
        mailing.action_set_pending()
        mailing.active = False
        with self.assertRaisesRegex(UserError, "before you delete the campaign"):
            self.campaign.unlink()
        mailing.action_back_to_draft()
        self.campaign.unlink()

    def test_what_has_too_many_messages_to_be_deleted_is_archived(self):
        """A million take longer than a request may."""
        self._contacts(3, self.target_list)
        mailing = self._mass_email().with_user(self.marketer)
        mailing.sudo()._build_queue()
        mailing.sudo().mailing_trace_ids.trace_status = "sent"
        mailing.sudo().state = "done"
        self.enterContext(patch.object(mailing_trace, "MOST_DETACHED", 2))
        for record in (mailing, mailing.campaign_id):
            with self.subTest(record), self.assertRaisesRegex(UserError, "Archive it instead"):
                record.unlink()
        mailing_trace.MOST_DETACHED = 3
        mailing.campaign_id.unlink()
        mailing.unlink()
        self.assertFalse(mailing.exists())

    def test_an_old_screen_undoes_no_pause_and_no_end(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing.action_set_pending()
        mailing.action_pause()
        mailing.action_set_pending()
        self.assertEqual(mailing.mass_email_status, "paused")
        mailing._build_queue()
        with self.committing(mailing) as ended:
            ended.action_end()
        with self.assertRaisesRegex(UserError, "was sent"):
            mailing.action_set_pending()
        mailing.action_pause()
        self.assertEqual(
            (mailing.state, mailing.is_ended, mailing.is_paused), ("done", True, False)
        )

    def test_links_in_the_inbox_outlive_the_mass_email_and_its_campaign(self):
        anna = self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        trace = mailing.mailing_trace_ids.sudo()
        mailing.unlink()
        self.campaign.unlink()
        self.assertEqual(self.env["mailing.trace"].sudo()._from_token(trace.token), trace)
        trace._receive_opt_out()
        self.assertTrue(anna.subscription_ids.opt_out)
        event = self.env["mailing.trace.event"].search([("trace_id", "=", trace.id)], limit=1)
        self.assertEqual((event.event_type, event.email), ("opted_out", "anna@example.com"))

    def test_a_mass_email_opens_in_its_own_form(self):
        mailing = self._mass_email()
        self.assertEqual(mailing.get_formview_id(), self.env.ref(FORM).id)
        mailing.delivery_mode = "standard"
        self.assertNotEqual(mailing.get_formview_id(), self.env.ref(FORM).id)
