import re
from base64 import encodebytes
from email import message_from_bytes, policy
from email.header import Header
from pathlib import Path
from time import process_time
from unittest import TestCase

from hypothesis import example, given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.bounce import Kind
from odoo.addons.mass_mailing_campaign.delivery.mime import source_of
from odoo.addons.mass_mailing_campaign.delivery.report import read_report

from ..returned_mail import KINDS, letter, returned

FOLDER = Path(__file__).parents[1] / "data/returned"
# The header and the content of a part that is a message or a report.
PART = re.compile(r"(\nContent-Type: message/.*(?:\n\S.*)*)\n\n((?s:.*?))(?=\n--)")


def read(name, **values):
    return read_report(returned(name, **values).encode())


class TestReport(TestCase):
    def test_every_kind_is_told_in_the_words_of_every_program(self):
        self.assertEqual({path.stem for path in FOLDER.iterdir()}, {*KINDS, "report"})
        for name, kind in KINDS.items():
            with self.subTest(name=name):
                self.assertEqual(read(name).kind.value, kind)

    def test_the_address_and_the_message_are_told(self):
        for name, kind in KINDS.items():
            report = read(name)
            with self.subTest(name=name):
                self.assertIn("<1@garden.example.com>", report.message_ids)
                if kind in ("final", "temporary", "policy", "complaint"):
                    self.assertEqual(report.addresses, ("anna@example.com",))
                    self.assertEqual(report.references, ("1-0",))
                    self.assertTrue(report.words)

    def test_line_ends_are_all_the_same(self):
        for name, kind in KINDS.items():
            for end in ("\r\n", "\r"):
                content = returned(name).replace("\n", end).encode()
                with self.subTest(name=name, end=end):
                    if end == "\r\n":
                        self.assertEqual(read_report(content).kind.value, kind)
                    else:
                        self.assertIn(read_report(content).kind, Kind)

    def test_a_report_in_base64_tells_the_same(self):
        # RFC 6533 allows it where addresses are international, and others do it against RFC 2046
        def encode(part):
            content = encodebytes(part[2].encode()).decode()
            return f"{part[1]}\nContent-Transfer-Encoding: base64\n\n{content}"

        for name in KINDS:
            encoded = PART.sub(encode, returned(name))
            with self.subTest(name=name):
                self.assertEqual(read_report(encoded.encode()), read(name))

    def test_a_mail_of_free_form_that_is_encoded_tells_the_same(self):
        # Odoo encodes what says nothing of its alphabet before it hands it over
        for name in ("qmail_final", "exim_final"):
            head, _blank, body = returned(name).partition("\n\n")
            for charset in ("utf-8", "utf-16"):
                text = (
                    f"Content-Type: text/plain; charset={charset}\n"
                    f"Content-Transfer-Encoding: base64\n\n"
                    f"{encodebytes(body.encode(charset)).decode()}"
                )
                mixed = f"Content-Type: multipart/mixed; boundary=B\n\n--B\n{text}\n--B--\n"
                for encoded in (text, mixed):
                    with self.subTest(name=name, encoded=encoded):
                        report = read_report(f"{head}\n{encoded}".encode())
                        self.assertEqual(report, read(name))

    def test_the_message_is_told_behind_all_that_servers_put_before_it(self):
        seal = f"ARC-Seal: i=1; a=rsa-sha256; b={'x' * 60}\n {'y' * 70}\n"
        header = seal * 100 + letter()
        self.assertEqual(read("ses_final", returned=header), read("ses_final"))

    def test_of_several_recipients_the_mildest_verdict_counts(self):
        block = "\nFinal-Recipient: rfc822; ben@example.com\nAction: failed\nStatus: 4.2.2\n"
        content = returned("ses_final").replace("Status: 5.0.0\n", f"Status: 5.0.0\n{block}")
        report = read_report(content.encode())
        self.assertEqual(report.kind, Kind.TEMPORARY)
        self.assertEqual(report.addresses, ("anna@example.com", "ben@example.com"))

    def test_what_the_remote_server_said_is_nearer_to_the_matter(self):
        for status, words, told in (
            ("5.0.0", "550 5.1.1", "5.1.1"),
            ("5.0.0", "550 5.0.0 no", "5.0.0"),
            ("5.1.1", "550 5.0.0", "5.1.1"),
            ("5.1.1", "550 5.2.2", "5.2.2"),
        ):
            report = read("report", status=status, words=words)
            self.assertEqual(report.status, told)
            self.assertEqual(report.kind is Kind.FINAL, told == "5.1.1")

    def test_what_became_of_a_recipient_tells_the_action_or_else_the_status(self):
        content = returned("postfix_final").replace("Action: failed\n", "")
        self.assertEqual(read_report(content.encode()), read("postfix_final"))
        for action in ("delivered", "relayed", "expanded (to several)"):
            content = returned("postfix_final").replace("Action: failed", f"Action: {action}")
            self.assertEqual(read_report(content.encode()).kind, Kind.OTHER, action)

    def test_who_her_mail_is_passed_on_to_is_told_and_not_who_passes_it_on(self):
        for final, told in (
            ("rfc822; ben@other.example", "ben@other.example"),
            ("rfc822; <Anna.Smith@mail.example.com>", "Anna.Smith@mail.example.com"),
            ("x-local; anna", "anna@example.com"),
            ("rfc822; anna@example.com\nX-Actual-Recipient: rfc822; ben@x.org", "ben@x.org"),
            ("rfc822; anna@example.com\nX-Actual-Recipient: X-Unix; |/bin/a", "anna@example.com"),
        ):
            field = "Final-Recipient: "
            content = returned("postfix_final")
            content = content.replace(f"{field}rfc822; anna@example.com", f"{field}{final}")
            self.assertEqual(read_report(content.encode()).addresses, (told,))

    def test_the_returned_message_is_not_taken_for_the_report(self):
        for outer, inner in (("gmail_full", "postfix_final"), ("postfix_final", "gmail_full")):
            inner = returned(inner, message_id="<inner@garden.example.com>")
            self.assertEqual(read(outer, returned=inner).kind.value, KINDS[outer])

    def test_a_body_that_speaks_of_bounces_is_none(self):
        for name in ("vacation", "challenge"):
            content = returned(name) + "\n550 5.1.1 no such user\n"
            self.assertEqual(read_report(content.encode()).kind, Kind.AUTO_REPLY)
        answer = "From: Anna <anna@example.com>\n\nI get 550 5.1.1 user unknown from you.\n"
        self.assertEqual(read_report(answer.encode()).kind, Kind.OTHER)

    def test_whose_sender_is_not_known_is_not_dead(self):
        unknown = "550 5.1.1 <{}>: unknown user"
        for name, kind in (
            ("bounce@garden.example.com", Kind.POLICY),
            ("BOUNCE+1-0@Garden.example.com", Kind.POLICY),
            ("anna@example.com", Kind.FINAL),
            ("a.smith@mail.example.com", Kind.FINAL),
            ("anna@example.com>, not <bounce@garden.example.com", Kind.FINAL),
        ):
            to = f"Bounces <{name.lower()}>" if "+" in name else "bounce@garden.example.com"
            report = read("report", status="5.1.1", words=unknown.format(name), to=to)
            self.assertEqual(report.kind, kind, name)

    def test_whose_sender_is_not_known_is_not_dead_by_a_mail_of_free_form(self):
        for name in ("bounce@garden.example.com", "anna@x.example"):
            kind = Kind.POLICY if name.startswith("bounce") else Kind.FINAL
            said = f"Remote host said: 550 5.1.1 <{name}>: unknown user"
            content = returned("qmail_final").replace("Sorry, no mailbox here by that name.", said)
            self.assertEqual(read_report(content.encode()).kind, kind, name)

    def test_a_server_that_still_tries_may_tell_why(self):
        # of Exim: a reply to the recipient, which may be the last word elsewhere
        content = (
            "From: Mail Delivery System <Mailer-Daemon@mx.example.com>\n"
            "Subject: Warning: message 1a-2b-3c delayed 24 hours\n\n"
            "The address to which the message has not yet been delivered is:\n\n"
            "  anna@example.com\n    Delay reason: SMTP error from remote mail server after RCPT"
            " TO:<anna@example.com>:\n    450 4.1.1 User unknown\n\n"
            "No action is required on your part. Delivery attempts will continue for\nsome time.\n"
        )
        report = read_report(content.encode())
        self.assertEqual((report.kind, report.addresses), (Kind.DELAYED, ("anna@example.com",)))

    def test_a_server_may_say_in_other_words_that_it_still_tries(self):
        content = (
            "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n\n"
            "Delivery to the following recipient has been delayed:\n\n     anna@example.com\n\n"
            "Message will be retried for 2 more day(s)\n\n450 4.2.2 The mailbox is full\n"
        )
        report = read_report(content.encode())
        self.assertEqual((report.kind, report.addresses), (Kind.DELAYED, ("anna@example.com",)))

    def test_what_stands_behind_an_address_counts_before_what_stands_elsewhere(self):
        content = returned("qmail_final").replace(" (#5.1.1)", "")
        content = content.replace("Sorry it didn't work out.", "No spam passes here.")
        report = read_report(content.encode())
        self.assertEqual((report.kind, report.addresses), (Kind.FINAL, ("anna@example.com",)))

    def test_where_the_returned_message_begins_the_words_end(self):
        content = (
            "From: mailer-daemon@x.example\n\nThe mailbox anna@example.com does not exist.\n\n"
            "Received: from spam.example\nSubject: spam\n\nspam\n"
        )
        report = read_report(content.encode())
        self.assertEqual(report.words, "The mailbox anna@example.com does not exist.")

    def test_what_is_answered_before_she_is_named_is_not_about_her(self):
        for told, kind in (
            ("said: 550 5.1.1 no such user (in reply\n    to MAIL FROM command)", Kind.POLICY),
            ("said: 550 unknown host (in reply to EHLO command)", Kind.POLICY),
            ("said: 550 5.1.1 no such user (in reply to RCPT TO command)", Kind.FINAL),
            (">>> MAIL From:<bounce@x.example>\n<<< 550 5.1.1 User unknown", Kind.POLICY),
            (">>> RCPT To:<anna@example.com>\n<<< 550 5.1.1 User unknown", Kind.FINAL),
        ):
            content = returned("report", status="5.1.1", words="550 5.1.1 no such user")
            content = content.replace("Your message could not be delivered.", told)
            self.assertEqual(read_report(content.encode()).kind, kind, told)

    def test_an_answer_of_a_program_is_known_in_many_languages(self):
        for subject in (
            "Автоматический ответ: Новости",
            "Réponse automatique : News",
            "Automatische Antwort: News",
            "Abwesenheitsnotiz: News",
            "Автоответ: Новости",
            "Автоматична відповідь: Новини",
            "Automatisch antwoord: News",
            "Automatiskt svar: News",
            "Respuesta automática: News",
            "Risposta automatica: News",
            "Resposta automática: News",
            "Odpowiedź automatyczna: News",
            "Automatická odpověď: News",
            "Otomatik yanıt: News",
            "自動応答: News",
            "自动回复: News",
        ):
            encoded = Header(subject, "utf-8").encode()
            answer = f"Return-Path: <>\nFrom: Anna <anna@example.com>\nSubject: {encoded}\n\nHi\n"
            self.assertEqual(read_report(answer.encode()).kind, Kind.AUTO_REPLY, subject)

    def test_authentication_reports_are_no_complaints(self):
        for feedback_type, kind in (
            ("abuse", Kind.COMPLAINT),
            ("fraud", Kind.COMPLAINT),
            ("opt-out", Kind.COMPLAINT),
            ("auth-failure", Kind.OTHER),
            ("dmarc", Kind.OTHER),
            ("Not-Spam", Kind.OTHER),
        ):
            content = returned("complaint").replace("abuse", feedback_type)
            self.assertEqual(read_report(content.encode()).kind, kind)

    def test_junk_that_outlook_users_report_is_a_complaint(self):
        content = (
            "From: staff@hotmail.com\nSubject: complaint about message from 192.0.2.1\n"
            'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n'
            "--B\nContent-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: anna@example.com\n"
            "Message-ID: <1@garden.example.com>\n\nNews\n--B--\n"
        )
        report = read_report(content.encode())
        self.assertEqual((report.kind, report.addresses), (Kind.COMPLAINT, ("anna@example.com",)))
        self.assertEqual(report.message_ids, ("<1@garden.example.com>",))

    def test_an_alphabet_nobody_knows_does_no_harm(self):
        for charset in (
            *("=utf-8", "=koi8-r", "=x-unknown", "=utf-16", "=../etc", "=\udcff"),
            *("=a\0b", "*=a''b"),
        ):
            content = returned("postfix_final").replace("=us-ascii", charset)
            content = content.replace("User unknown", "User unknown \udcff")
            report = read_report(content.encode(errors="surrogateescape"))
            self.assertEqual(report.kind, Kind.FINAL, charset)

    def test_a_returned_letter_in_an_alphabet_nobody_knows_is_told(self):
        strange = letter().replace('charset="utf-8"', "charset=x-unknown") + "Привет\n"
        for name in KINDS:
            with self.subTest(name=name):
                self.assertEqual(read(name, returned=strange), read(name))

    def test_a_mail_in_html_alone_is_read(self):
        content = (
            "From: MAILER-DAEMON@mx.example.com\nContent-Type: text/html\n\n<style>p {}</style>"
            "<p>Your mail:</p><p>the address &lt;anna@example.com&gt; doesn&#39;t exist</p>\n"
        )
        report = read_report(content.encode())
        self.assertEqual((report.kind, report.told_of()), (Kind.FINAL, ("anna@example.com",)))
        self.assertEqual(report.words, "Your mail: the address <anna@example.com> doesn't exist")

    def test_words_are_one_line_of_bounded_length(self):
        report = read("report", status="5.1.1", words="no\0 such user " + "x" * 10_000)
        self.assertEqual(report.kind, Kind.FINAL)
        self.assertLessEqual(len(report.words), 500)
        self.assertTrue(report.words.isprintable())

    def test_of_a_huge_mail_the_start_is_read(self):
        for junk in (
            "x" * 5_000_000,
            "<" * 1_000_000,
            "a@" * 500_000,
            "5.1.1 " * 200_000,
            "\n" * 999,
        ):
            report = read("qmail_final", returned=junk)
            self.assertEqual(report.kind, Kind.FINAL)
            self.assertIn(read_report(junk.encode()).kind, Kind)
            head = b"From: mailer-daemon@x.example\nMessage-ID: <1@x>\n\n"
            self.assertIn(read_report(head + junk.encode()).kind, Kind)

    def test_no_mail_is_read_for_long(self):
        # seconds of the processor, and the whole of each took minutes
        for hostile in (self.of_many_recipients(), self.with_a_long_reply(), self.to_many()):
            begin = process_time()
            self.assertIs(read_report(hostile).kind, Kind.FINAL)
            self.assertLess(process_time() - begin, 3)

    def of_many_recipients(self):
        words = "\n".join(["no such user", *["exceed" * 160] * 8])
        report = "Content-Type: message/delivery-status\n\n" + "Status: 5.0.0\n\n" * 100
        return self.report(words, *[report] * 50)

    def with_a_long_reply(self):
        reply = "\n ".join(["550 no such user", *["a-" * 490] * 80])
        return self.report(
            "", f"Content-Type: message/delivery-status\n\nStatus: 5.0.0\nDiagnostic-Code: {reply}"
        )

    def to_many(self):
        names = ",\n ".join(f"{number}@example.com" for number in range(4_000))
        failed = "Status: 5.1.1\nDiagnostic-Code: 550 no such user" + " user" * 1_000
        return self.report("", f"Content-Type: message/delivery-status\n\n{failed}", names)

    @staticmethod
    def report(words, *parts):
        *parts, names = parts if parts[-1].endswith("example.com") else (*parts, "bounce@garden.de")
        parts = "".join(f"\n--B\n{part}" for part in (f"\n{words}", *parts))
        return (
            f"From: MAILER-DAEMON@example.com\nTo: {names}\nMIME-Version: 1.0\n"
            f"Content-Type: multipart/report; boundary=B\n{parts}\n--B--\n"
        ).encode()

    def test_who_answers_from_a_null_reverse_path_is_alive(self):
        for words in (
            "I am away until Monday. Regards, Anna",
            "Ben no longer works here, and I moved to room 5. Regards, Anna",
            "What is this: 550 5.1.1 user unknown?",
        ):
            answer = (
                "Return-Path: <>\nFrom: Anna <anna@example.com>\nSubject: Ich bin im Urlaub\n"
                f"In-Reply-To: <1@garden.example.com>\n\n{words}\n"
            )
            self.assertEqual(read_report(answer.encode()).kind, Kind.OTHER, words)

    def assert_postgresql_takes(self, report):
        for text in (report.words, report.status, *report.addresses, *report.message_ids):
            self.assertNotIn("\0", text.encode().decode())

    def test_what_is_told_is_fit_for_postgresql(self):
        head = b"From: MAILER-DAEMON@x.example\n"
        for content in (
            head + b"\nunknown user 5.1.1\n\nMessage-ID: <a\0b@x>\n",
            head + b"Content-Type: multipart/report; boundary=B\n\nM\xfcller unknown user 5.1.1\n"
            b"Message-ID: <a\xffb@x>\n",
        ):
            report = read_report(content)
            self.assertEqual(report.kind, Kind.FINAL)
            self.assertTrue(report.message_ids)
            self.assert_postgresql_takes(report)

    def test_a_mail_that_cannot_be_written_again_is_read_all_the_same(self):
        for content in (
            returned("postfix_final").replace("boundary=", "border=").encode(),
            returned("postfix_final").replace("Subject: ", "Subject:\r x\rFrom: ").encode(),
        ):
            content = content.replace(b"unknown", b"unknown \xff\xfc")
            message = message_from_bytes(content, policy=policy.SMTP)
            self.assertEqual(read_report(source_of(message)).kind, Kind.FINAL)

    @given(st.binary(max_size=2000))
    @example(b"Content-Type: message/delivery-status\n\nStatus")
    @example(b"Content-Type: multipart/report; boundary*0*=utf-8''%ff; boundary*1=x\n\n--x\n")
    def test_any_bytes_are_read(self, junk):
        self.assertIn(read_report(junk).kind, Kind)

    @given(st.sampled_from(sorted(KINDS)), st.integers(0, 4000), st.binary(max_size=50))
    def test_mangled_reports_are_read(self, name, place, junk):
        content = returned(name).encode()
        content = content[:place] + junk + content[place + len(junk) :]
        report = read_report(content)
        self.assertIn(report.kind, Kind)
        self.assert_postgresql_takes(report)
        try:
            message = message_from_bytes(content, policy=policy.SMTP)
        except Exception:  # what Python does not read comes to no gateway
            return
        self.assert_postgresql_takes(read_report(source_of(message)))
