import re
from base64 import encodebytes

from ...common import MassEmailCase, mail
from ...returned_mail import KINDS, letter, returned


class TestBounceRouting(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.anna = self._contact("Anna", self.target_list)
        domain = {"name": "garden.example.com", "bounce_alias": "bounce"}
        self.marketer.company_id.alias_domain_id = self.env["mail.alias.domain"].create(domain)

    def sent(self, **values):
        """The message of a mass email that went to Anna."""
        mailing = self._mass_email(**values)
        self.send(mailing)
        return mailing.mailing_trace_ids

    def come_back(self, name, trace, **values):
        """A mail of ``data/returned`` about a message comes through the gateway."""
        values = {"message_id": trace.message_id, "id": f"{name}-{trace.id}", **values}
        self.env["mail.thread"].message_process(False, returned(name, **values))
        self.env.invalidate_all()

    def known(self, address="anna@example.com"):
        return self.env["mailing.address"].search([("address", "=", address)])

    def event(self, trace, event_type="bounced"):
        return self.env["mailing.trace.event"].search(
            [("trace_id", "=", trace.id), ("event_type", "=", event_type)]
        )

    def test_every_kind_goes_its_way(self):
        for name, kind in KINDS.items():
            trace = self.sent()
            self.come_back(name, trace)
            is_bounce = kind in ("final", "temporary", "policy")
            with self.subTest(name=name):
                self.assertEqual(trace.trace_status, "bounce" if is_bounce else "sent")
                self.assertEqual(self.event(trace).bounce_type, kind if is_bounce else False)
                self.assertEqual(bool(self.event(trace, "complained")), kind == "complaint")
                self.assertFalse(self.event(trace, "replied") | self.event(trace, "opened"))
                self.assertEqual(bool(self.known().dead_datetime), kind == "final")
                self.assertEqual(self.known().temporary_count, int(kind == "temporary"))
                if is_bounce:
                    self.assertTrue(self.event(trace).words)
                self.assertEqual(trace.mass_mailing_id.sent_count, 1, "what came back was sent")
            self.known().action_clear()
            self.env["mail.blacklist"].search([]).active = False
            self.env["mailing.opt.out"].search([])._take_back()
            self.anna.subscription_ids.opt_out = False

    def test_the_words_stand_with_the_address(self):
        trace = self.sent()
        self.come_back("postfix_final", trace)
        self.assertIn("User unknown", self.known().words)
        self.assertEqual(self.known().mailing_id, trace.mass_mailing_id)

    def test_a_complaint_opts_out_of_everything(self):
        trace = self.sent()
        self.come_back("complaint", trace)
        self.assertTrue(self.anna.subscription_ids.opt_out)
        self.assertTrue(self.anna.is_blacklisted)
        for values in ({}, {"use_exclusion_list": False}):
            self.assertFalse(self.outcomes_of(values) & {"outgoing", "sent"})

    def outcomes_of(self, values):
        mailing = self._mass_email(**values)
        mailing._build_queue()
        return set(self.outcomes(mailing).values())

    def test_every_letter_names_itself_however_it_is_composed(self):
        self.set_setting("verp", True)
        for body in (None, '<p><t t-if="object.name">Dear</t></p>'):
            mailing = self._mass_email(body)
            with self.smtp() as server:
                self.send(mailing, server)
            [message], [sender] = server.messages, server.senders
            reference = message["X-Mass-Email-Message"]
            number = self.env["mailing.trace"]._references().verify(reference)
            self.assertEqual(number, mailing.mailing_trace_ids.id)
            self.assertNotIn(mailing.mailing_trace_ids.sudo().token, reference)
            self.assertEqual(sender, f"bounce+{reference}@garden.example.com")

    def test_without_the_setting_the_sender_is_the_bounce_address(self):
        with self.smtp() as server:
            self.send(self._mass_email(), server)
        self.assertEqual(server.senders, ["bounce@garden.example.com"])

    def test_a_message_is_known_by_our_header_alone(self):
        trace = self.sent()
        reference = self.env["mailing.trace"]._references().sign(trace.id)
        strangers = letter("<changed@relay.example.com>", reference)
        self.come_back("postfix_final", trace, message_id="<other@x.example>", returned=strangers)
        self.assertEqual(trace.trace_status, "bounce")

    def test_a_message_is_known_by_its_bounce_address_alone(self):
        self.set_setting("verp", True)
        mailing = self._mass_email()
        mailing.action_set_pending()
        with self.smtp() as server:
            self.run_delivery()
        [sender] = server.senders
        trace = mailing.mailing_trace_ids
        reference = self.env["mailing.trace"]._references().sign(trace.id)
        self.assertEqual(sender, f"bounce+{reference}@garden.example.com")
        nothing = "From: nobody@example.com\n\n"
        self.come_back(
            "qmail_final", trace, message_id="<no@x.example>", to=sender.upper(), returned=nothing
        )
        self.assertEqual(trace.trace_status, "bounce")
        self.assertTrue(self.known().dead_datetime)

    def test_what_comes_in_her_own_name_is_no_bounce_though_it_says_nothing_of_itself(self):
        trace = self.sent()
        reference = self.env["mailing.trace"]._references().sign(trace.id)
        for words in ("Bin bis Montag im Urlaub.", "Anna no longer works here."):
            answer = (
                "Return-Path: <>\nFrom: Anna <Anna@example.com>\nSubject: Urlaub\n"
                f"To: bounce+{reference}@garden.example.com\n"
                f"Message-ID: <{len(words)}@x>\n\n{words}\n"
            )
            self.env["mail.thread"].message_process(False, answer)
            self.assertEqual(trace.trace_status, "sent")
        self.assertFalse(self.known())
        self.assertFalse(self.event(trace))

    def test_a_forged_report_marks_nothing(self):
        trace = self.sent()
        forged = letter("<made-up@garden.example.com>", f"{trace.id}-{'0' * 24}")
        for name in ("postfix_final", "complaint"):
            self.come_back(name, trace, message_id="<made-up@garden.example.com>", returned=forged)
        self.come_back(
            "qmail_final",
            trace,
            to=f"bounce+{trace.id}-{'0' * 24}@garden.example.com",
            message_id="<made-up@garden.example.com>",
        )
        self.assertEqual(trace.trace_status, "sent")
        self.assertFalse(self.known())
        self.assertFalse(self.anna.is_blacklisted)

    def test_a_report_about_another_marks_nobody(self):
        trace = self.sent()
        for address in ("ben@other.example", "ben@notexample.com"):
            for name in ("postfix_final", "complaint"):
                self.come_back(name, trace, address=address)
            self.assertFalse(self.known() | self.known(address))
        self.assertFalse(self.anna.is_blacklisted)
        self.assertTrue(self.event(trace), "it came back all the same")

    def test_a_report_by_no_book_about_another_marks_nobody(self):
        trace = self.sent()
        content = returned("qmail_final", message_id=trace.message_id, address="ben@other.example")
        head, _blank, body = content.partition("\n\n")
        # without an alphabet: Odoo encodes it
        parts = 'Content-Type: multipart/mixed; boundary="B"\n\n--B\nContent-Type: text/plain\n\n'
        content = f"{head}\nMIME-Version: 1.0\n{parts}{body}\n--B--\n"
        self.env["mail.thread"].message_process(False, content)
        self.assertEqual(self.event(trace).bounce_type, "final")
        self.assertFalse(self.known())
        for address in ("ben@other.example", "anna@example.com"):
            words = f"An error delivering your mail to <{address}>:\n550 5.1.1 Unknown user"
            content = f"{head}\n\n{words}\n\n{letter(trace.message_id)}"
            self.env["mail.thread"].message_process(False, content)
            self.assertEqual(bool(self.known().dead_datetime), address == "anna@example.com")

    def test_who_sent_it_or_writes_the_report_is_nobody_to_whom_mail_is_passed_on(self):
        self.anna.email = "anna@her.example"
        for address in (
            *("news@shop.example", "bounce@garden.example.com"),
            *("postmaster@relay.example.net", "MAILER-DAEMON@relay.example.net"),
        ):
            trace = self.sent(email_from="Garden <News@shop.example>")
            head = returned("qmail_final", message_id=trace.message_id, id=trace.id)
            head, _blank, _body = head.partition("\n\n")
            words = f"A mail could not be delivered.\n550 5.1.1 Unknown user\nAbout: {address}"
            content = f"{head}\n\n{words}\n\n{letter(trace.message_id)}"
            self.env["mail.thread"].message_process(False, content)
            with self.subTest(address):
                self.assertTrue(self.known(self.anna.email).dead_datetime)
            self.known(self.anna.email).action_clear()

    def test_a_server_may_name_her_by_another_address_of_its_own(self):
        trace = self.sent()
        self.come_back("postfix_final", trace, address="anna.smith@mail.example.com")
        self.assertTrue(self.known().dead_datetime)
        self.assertFalse(self.known("anna.smith@mail.example.com"))

    def test_a_report_that_python_cannot_write_again_is_received(self):
        for content_type in (b"multipart/report", b"multipart/mixed"):
            trace = self.sent()
            content = returned("postfix_final", message_id=trace.message_id, id=trace.id)
            content = content.encode().replace(b"multipart/report", content_type)
            content = content.replace(b"boundary=", b"border=").replace(b"known", b"known \xff\xfc")
            self.env["mail.thread"].message_process(False, content)
            self.assertEqual(trace.trace_status, "bounce", content_type)
            self.known().action_clear()

    def test_a_report_in_an_alphabet_that_odoo_does_not_know_is_received(self):
        headers = "Content-Type: text/rfc822-headers"
        in_base64 = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64"
        for written in (f"{headers}; charset=unknown-8bit", in_base64):
            trace = self.sent()
            original = letter(trace.message_id)
            if written == in_base64:
                original = encodebytes(original.encode()).decode()
            content = returned("ses_final", returned=original, id=str(trace.id))
            content = content.replace(headers, written)
            self.env["mail.thread"].message_process(False, content)
            self.assertEqual(trace.trace_status, "bounce", written)
            self.assertTrue(self.known().dead_datetime)
            self.known().action_clear()

    def test_what_is_explained_in_an_alphabet_that_odoo_does_not_know_is_received(self):
        for name, event_type in (("postfix_final", "bounced"), ("complaint", "complained")):
            trace = self.sent()
            content = returned(name, message_id=trace.message_id, id=str(trace.id))
            content, count = re.subn("us-ascii", "windows-874", content, flags=re.IGNORECASE)
            self.assertTrue(count)
            self.env["mail.thread"].message_process(False, content)
            self.assertTrue(self.event(trace, event_type))
            self.known().action_clear()

    def test_a_complaint_is_taken_back_by_who_subscribes_again_and_by_nothing_else(self):
        trace = self.sent()
        self.come_back("complaint", trace)
        self.anna.list_ids -= self.target_list
        self.anna.list_ids += self.target_list
        self.assertEqual(self.outcomes_of({}), {"mail_bl"})
        trace._receive_opt_in()
        self.assertEqual(self.outcomes_of({}), {"outgoing"})
        self.come_back("complaint", trace, id="once more")
        self.assertEqual(self.outcomes_of({}), {"mail_bl"})

    def test_two_bounces_of_one_message_count_once(self):
        trace = self.sent()
        for number in range(2):
            self.come_back("gmail_full", trace, id=f"full-{number}")
        self.assertEqual(len(self.event(trace)), 1)
        self.assertEqual(self.known().temporary_count, 1)
        self.assertEqual(self.anna.message_bounce, 1)
        self.come_back("postfix_final", trace)
        self.assertEqual(len(self.event(trace)), 1)
        self.assertTrue(self.known().dead_datetime, "now it is final")
        self.assertEqual(self.event(trace).bounce_type, "final")
        self.assertIn("User unknown", self.event(trace).words)
        self.assertEqual(trace.mass_mailing_id.bounced_final_people_count, 1)
        self.come_back("gmail_full", trace, id="full-again")
        self.assertEqual(self.event(trace).bounce_type, "final", "it does not come back to life")

    def test_odoo_counts_what_speaks_against_the_address_and_blacklists_nobody(self):
        for _number in range(6):
            self.come_back("office365_policy", self.sent())
        self.assertEqual(self.anna.message_bounce, 0)
        self.env.cr.execute(
            "UPDATE mailing_trace SET write_date = write_date - INTERVAL '10 days'"
            " WHERE id = (SELECT MIN(id) FROM mailing_trace WHERE trace_status = 'bounce')"
        )
        for _number in range(2):
            self.come_back("gmail_full", self.sent())
        self.assertEqual(self.anna.message_bounce, 2)
        self.assertFalse(self.anna.is_blacklisted)
        # a report about no mass email, as a stranger may write one
        self.come_back("postfix_final", self.sent(), message_id="<other@x.example>")
        self.assertFalse(self.anna.is_blacklisted)

    def test_a_report_that_names_several_and_no_recipient_of_theirs_marks_none(self):
        self._contact("Ben", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        traces = mailing.mailing_trace_ids
        both = "".join(letter(trace.message_id) for trace in traces)
        self.come_back("postfix_final", traces[0], address="x@other.example", returned=both)
        self.assertEqual(set(traces.mapped("trace_status")), {"sent"})

    def test_a_bounce_outlives_her_contact(self):
        trace = self.sent()
        self.anna.unlink()
        self.come_back("postfix_final", trace)
        self.assertTrue(self.known().dead_datetime)

    def test_who_changed_her_address_is_not_dead_by_the_old_one(self):
        trace = self.sent()
        self.anna.email = "anna@other.example"
        self.come_back("postfix_final", trace)
        self.assertTrue(self.known().dead_datetime)
        self.assertFalse(self.known("anna@other.example"))

    def test_a_bounce_outlives_its_mass_email(self):
        trace = self.sent()
        trace.mass_mailing_id.unlink()
        self.come_back("postfix_final", trace)
        self.assertTrue(self.known().dead_datetime)
        self.assertEqual(self.event(trace).bounce_type, "final")

    def test_a_standard_mailing_is_left_to_odoo(self):
        mailing = self._mass_email(delivery_mode="standard")
        trace = self.env["mailing.trace"].create(
            {
                "mass_mailing_id": mailing.id,
                "model": "mailing.contact",
                "res_id": self.anna.id,
                "email": self.anna.email,
                "message_id": "<standard@garden.example.com>",
                "trace_status": "sent",
            }
        )
        self.come_back("postfix_final", trace)
        self.assertEqual(trace.trace_status, "bounce")
        self.assertFalse(self.known())
        self.assertFalse(self.event(trace))

    def test_a_nested_report_is_about_the_message_it_returns(self):
        trace = self.sent()
        inner = returned("postfix_final", address="ben@other.example", message_id=trace.message_id)
        self.come_back(
            "gmail_full", trace, message_id="<no@x.example>", returned=inner, id="nested"
        )
        self.assertFalse(self.known().dead_datetime)
        self.assertFalse(self.known("ben@other.example"))

    def test_one_mail_about_several_messages_marks_those_it_names(self):
        ben = self._contact("Ben", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        his, hers = mailing.mailing_trace_ids.sorted(lambda trace: trace.contact_id != ben)
        both = letter(his.message_id) + letter(hers.message_id)
        self.come_back("postfix_final", hers, returned=both)
        self.assertEqual((his.trace_status, hers.trace_status), ("sent", "bounce"))
        self.assertFalse(self.known("ben@example.com"))

    def test_many_policy_bounces_are_shown_on_the_mass_email(self):
        self._contacts(4, self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        for count, trace in enumerate(mailing.mailing_trace_ids, 1):
            self.come_back("office365_policy", trace, address=trace.email)
            self.assertEqual(mailing.policy_count, count)
            self.assertEqual(mailing.has_policy_issue, count >= 5)
        self.assertIn("Message refused for its content", mailing.policy_words)
        self.assertFalse(self.env["mailing.address"].search([]))

    def test_a_reply_is_logged_once_and_opens_the_message(self):
        trace = self.sent()
        for number in range(2):
            answer = mail("reply").format(number=number, message_id=trace.message_id)
            self.env["mail.thread"].message_process("mailing.contact", answer)
        self.assertEqual(trace.trace_status, "reply")
        self.assertEqual(
            [event for _name, event in self.events(trace.mass_mailing_id)],
            ["opened", "replied", "sent"],
        )

    def test_a_reply_names_what_it_answers_in_either_field(self):
        for field in ("In-Reply-To", "References"):
            trace = self.sent()
            answer = mail("reply").format(number=field, message_id=trace.message_id)
            answer = answer.replace(f"{field}: {trace.message_id}", f"{field}: <other@x.example>")
            self.env["mail.thread"].message_process("mailing.contact", answer)
            self.assertEqual(trace.trace_status, "reply", field)

    def test_an_answer_to_the_catchall_stands_on_the_record_of_who_was_mailed(self):
        person = self.env["res.partner"].create({"name": "Berta", "email": "berta@example.com"})
        self._contact("Berta", self.target_list, partner_id=person.id)
        mailing = self._mass_email(reply_to_mode="update")
        with self.smtp() as server:
            self.send(mailing, server)
        for message in server.messages:
            [reply_to] = message["Reply-To"].addresses
            answer = mail("reply").format(number=message["To"], message_id=message["Message-ID"])
            answer = answer.replace("news@garden.example.com", reply_to.addr_spec)
            mails = self.env["mail.mail"].search_count([])
            self.env["mail.thread"].message_process(False, answer)
            self.assertEqual(self.env["mail.mail"].search_count([]), mails, "no bounce")
        self.assertEqual(set(mailing.mailing_trace_ids.mapped("trace_status")), {"reply"})
        for record in (person, self.anna):
            self.assertIn("Thank you", record.message_ids[:1].body)
        # what comes back there is no answer
        message_id = message["Message-ID"]
        content = returned("postfix_final", message_id=message_id, to=reply_to.addr_spec)
        content = content.replace("Subject:", f"In-Reply-To: {message_id}\nSubject:", 1)
        self.env["mail.thread"].message_process(False, content)
        traces = mailing.mailing_trace_ids.filtered(lambda each: each.trace_status == "bounce")
        self.assertEqual(traces.mapped("message_id"), [message_id])

    def test_what_a_program_answers_goes_where_odoo_puts_it_and_is_no_reply(self):
        for name in ("vacation", "challenge"):
            trace = self.sent()
            count = self.env["mailing.contact"].search_count([])
            content = returned(
                name, message_id=trace.message_id, to="news@garden.example.com", id=f"auto-{name}"
            )
            self.env["mail.thread"].message_process("mailing.contact", content)
            self.assertEqual(trace.trace_status, "sent")
            self.assertFalse(self.event(trace, "replied") | self.event(trace, "opened"))
            self.assertEqual(self.env["mailing.contact"].search_count([]), count + 1)

    def test_what_a_program_answers_tells_that_a_message_in_doubt_was_sent(self):
        for name in ("vacation", "delayed"):
            trace = self.sent()
            trace.sudo().write({"trace_status": "error", "failure_type": "in_doubt"})
            self.event(trace, "sent").unlink()
            to = {"vacation": "news@garden.example.com", "delayed": "bounce@garden.example.com"}
            content = returned(name, message_id=trace.message_id, to=to[name], id=str(trace.id))
            self.env["mail.thread"].message_process("mailing.contact", content)
            self.assertEqual((trace.trace_status, trace.failure_type), ("sent", False), name)
            self.assertEqual(trace.mass_mailing_id.sent_count, 1, name)

    def test_who_answers_as_only_programs_do_gives_no_reply(self):
        trace = self.sent()
        for field in ("Return-Path: <>", "Precedence: junk", "Precedence: bulk"):
            answer = mail("reply").format(number=field[-4:-1], message_id=trace.message_id)
            self.env["mail.thread"].message_process("mailing.contact", f"{field}\n{answer}")
        answer = mail("reply").format(number=0, message_id=trace.message_id)
        answer = answer.replace("Anna <anna@", "Mail System <postmaster@")
        self.env["mail.thread"].message_process("mailing.contact", answer)
        self.assertEqual(trace.trace_status, "sent")
        self.assertFalse(self.event(trace, "replied") | self.event(trace, "opened"))

    def test_a_mail_to_the_bounce_address_without_a_message_of_ours_is_odoos(self):
        content = returned("postfix_final", message_id="<unknown@garden.example.com>")
        self.env["mail.thread"].message_process(False, content)
        self.assertEqual(self.anna.message_bounce, 1)
        self.assertFalse(self.known())
