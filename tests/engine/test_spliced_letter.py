import email
import email.policy
import re
from functools import cached_property
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.envelope import as_received
from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome
from odoo.addons.mass_mailing_campaign.engine import letter as engine_letter
from odoo.addons.mass_mailing_campaign.engine.spliced_letter import NotSpliceable, SplicedLetter
from odoo.addons.mass_mailing_campaign.models.sending.mailing_trace import Claimed

from ..common import MassEmailCase, Session

NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn"]), min_size=1, max_size=60
) | st.sampled_from(
    [
        "Anna",
        "0 ",
        " a  b ",
        "Борис Ёлкин",
        "שלום",
        "Zoë 🌷",
        "<b>{optOutUrl}</b>",
        "a & b",
        "{{ object.id }}",
    ]
)
# Message-ID and Date differ by nature
COMPARED = ["From", "Subject", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post"]
COMPARED += ["Precedence", "List-Id", "Feedback-ID", "X-Auto-Response-Suppress", "MIME-Version"]


class TestSplice(MassEmailCase):
    def compose_raw(self, mailing, contact, spliced):
        """Compose one recipient's message either way."""
        row = Claimed(1, contact.id, contact.email_normalized, "0123456789abcdef" * 2, 1)
        letter = mailing._letter()
        if not spliced:
            letter._spliced = False
        [envelope] = letter.compose([row], Session())
        self.assertEqual(bool(letter._spliced), spliced)
        self.assertEqual(envelope.recipient, contact.email_normalized)
        return as_received(envelope.content)

    def compose(self, mailing, contact, spliced):
        content = self.compose_raw(mailing, contact, spliced)
        return email.message_from_bytes(content, policy=email.policy.default)

    def assert_same_both_ways(self, mailing, contact):
        spliced = self.compose(mailing, contact, True)
        rendered = self.compose(mailing, contact, False)
        for name in COMPARED:
            self.assertEqual(
                # Python loses blanks between the encoded words of a subject
                *("".join(str(message[name] or "").split()) for message in (spliced, rendered)),
                name,
            )
        for subtype in ("plain", "html"):
            self.assertEqual(
                *(
                    message.get_body((subtype,)).get_content().split()
                    for message in (spliced, rendered)
                ),
                subtype,
            )
        self.assertEqual(
            *(
                [(part.get_filename(), part.get_content()) for part in message.iter_attachments()]
                for message in (spliced, rendered)
            )
        )
        self.assertEqual(
            spliced["To"].addresses[0].addr_spec, rendered["To"].addresses[0].addr_spec
        )
        return spliced

    def test_a_letter_of_fields_and_placeholders_reads_the_same_spliced_or_rendered(self):
        attachment = self.env["ir.attachment"].create({"name": "flyer.txt", "raw": b"Flowers"})
        mailing = self._mass_email(
            '<h2>Dear <span t-out="object.name">friend</span>,</h2>'
            '<p>of <t t-out="object.company_name">your company</t></p>'
            f'<p><a href="{self.offer.placeholder}">offer</a> {{optOutUrl}}</p>'
            f'<p><a href="{self.demo.placeholder}">demo</a></p>',
            preview="For {{ object.name }}",
            attachment_ids=[(6, 0, attachment.ids)],
        )
        for values in (
            {"name": "Anna", "company_name": "Acme"},
            {"name": "Борис Ёлкин", "company_name": False},
            {"name": False},
            {"name": "R&D <b>bold</b> {optOutUrl}", "company_name": "{{ object.id }}"},
        ):
            contact = self._contact("Anna")
            contact.write(values)
            self.assert_same_both_ways(mailing, contact)
            contact.unlink()

    def test_an_informational_letter_reads_the_same_spliced_or_rendered(self):
        self.campaign.campaign_type = "informational"
        self.assert_same_both_ways(self._mass_email(), self._contact("Anna"))

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(NAMES)
    def test_any_name_reads_the_same_spliced_or_rendered(self, name):
        mailing, contact = self.written_once
        contact.name = name
        message = self.assert_same_both_ways(mailing, contact)
        self.assertEqual(str(message["Subject"]).split(), f"News for {name}".split())

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
    def test_nothing_in_a_name_or_a_company_makes_a_header(self, value):
        hostile = f"{value}\r\nBcc: all@example.com\n\nx{value}"
        self.assertEqual(self.header_names(hostile), self.harmless_header_names)

    @cached_property
    def written_once(self):
        """A mass email and who gets it, for all examples of a test."""
        return self._mass_email(), self._contact("x")

    @cached_property
    def harmless_header_names(self):
        self.written_once[0].subject = "For {{ object.company_name }}"
        spliced, rendered = self.header_names("x")
        self.assertEqual(spliced, rendered)
        return spliced, rendered

    def header_names(self, value):
        """The header of a letter to somebody of a name and company, composed both ways."""
        mailing, contact = self.written_once
        contact.write({"name": value, "company_name": value})
        headers = (
            self.compose_raw(mailing, contact, spliced).partition(b"\r\n\r\n")[0]
            for spliced in (True, False)
        )
        return tuple(sorted(re.findall(rb"(?m)^[\w-]+(?=:)", header)) for header in headers)

    def building(self, change):
        """A module that changes the messages Odoo builds."""
        mail_server = type(self.env["ir.mail_server"])
        build = mail_server._build_email__

        def changed(records, *args, **kwargs):
            message = build(records, *args, **kwargs)
            change(message)
            return message

        return patch.object(mail_server, "_build_email__", changed)

    def test_what_a_module_does_to_messages_is_honoured(self):
        with self.building(lambda message: message.add_header("X-Module", "was here")):
            message = self.compose(self._mass_email(), self._contact("Anna"), True)
        self.assertEqual(message["X-Module"], "was here")

    def test_a_letter_whose_marks_a_module_moves_is_not_spliced(self):
        def change_list_unsubscribe(message):
            message.replace_header("List-Unsubscribe", "<https://www.example.com/leave>")

        def repeat_recipient(message):
            message["X-To"] = message["To"]

        def change_subject(message):
            message.replace_header("Subject", "Hello")

        letter = self._mass_email()._letter()
        for change in (change_list_unsubscribe, repeat_recipient, change_subject):
            with self.subTest(change=change.__name__), self.building(change):
                with self.assertRaises(NotSpliceable):
                    SplicedLetter(letter, Session())

    def test_what_a_module_sends_elsewhere_is_not_sent_at_all(self):
        mail_server = type(self.env["ir.mail_server"])
        contact = self._contact("Anna")
        row = Claimed(1, contact.id, contact.email, "ab" * 16, 1)
        to_another = patch.object(
            mail_server, "_prepare_smtp_to_list", lambda *_args: ["all@example.com"]
        )
        with to_another:
            [result] = self._mass_email()._letter().compose([row], Session())
        self.assertEqual(result.outcome, Outcome.REFUSED)

    def test_what_odoo_fills_in_without_evaluating_it_is_left_to_odoo(self):
        for values in (
            {"body": '<p t-out="object.partner_id"/>'},
            {"body": "<p>x</p>", "subject": "{{ object.partner_id }}"},
        ):
            with self.subTest(values=values), self.assertRaises(NotSpliceable):
                SplicedLetter(self._mass_email(**values)._letter(), Session())

    def test_one_letter_is_compiled_once(self):
        contacts = self._contacts(3)
        rows = [Claimed(c.id, c.id, c.email_normalized, "ab" * 16, 1) for c in contacts]
        letter = self._mass_email()._letter()
        with patch.object(engine_letter, "SplicedLetter", wraps=SplicedLetter) as compiled:
            for row in rows:
                list(letter.compose([row], Session()))
        self.assertEqual(compiled.call_count, 1)
