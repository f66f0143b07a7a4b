from ...common import MassEmailCase, mail

RETURNED = """\
Message-ID: {message_id}
From: news@garden.example.com
To: anna@example.com
Subject: News

News
"""


class TestBounceRouting(MassEmailCase):
    def bounce(self, status, times=1):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        message_id = mailing.mailing_trace_ids.message_id
        for _time in range(times):
            report = mail("delivery_report").format(
                status=status,
                address="anna@example.com",
                returned=RETURNED.format(message_id=message_id),
            )
            self.env["mail.thread"].message_process(False, report)
        return mailing

    def test_a_bounce_is_logged_and_marks_the_message(self):
        mailing = self.bounce("5.1.1")
        self.assertEqual(mailing.mailing_trace_ids.trace_status, "bounce")
        self.assertEqual(self.events(mailing), [("Anna", "bounced"), ("Anna", "sent")])
        self.assertEqual(mailing.sent_count, 1, "what came back had been sent")

    def test_hard_and_soft_bounces_are_told_apart(self):
        for status, bounce_type in (("5.1.1", "hard"), ("4.2.2", "soft")):
            mailing = self.bounce(status)
            event = self.env["mailing.trace.event"].search(
                [("mailing_id", "=", mailing.id), ("event_type", "=", "bounced")]
            )
            self.assertEqual(event.bounce_type, bounce_type)
            self.env["mailing.contact"].search([("name", "=", "Anna")]).unlink()

    def test_a_reply_is_logged_once_and_opens_the_message(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        for number in range(2):
            answer = mail("reply").format(
                number=number, message_id=mailing.mailing_trace_ids.message_id
            )
            self.env["mail.thread"].message_process("mailing.contact", answer)
        self.assertEqual(mailing.mailing_trace_ids.trace_status, "reply")
        self.assertEqual(
            [event for _name, event in self.events(mailing)], ["opened", "replied", "sent"]
        )

    def test_a_bounce_is_logged_once(self):
        mailing = self.bounce("5.1.1", times=2)
        self.assertEqual(self.events(mailing), [("Anna", "bounced"), ("Anna", "sent")])
