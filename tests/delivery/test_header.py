import email
import email.policy
import re
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.header import (
    Encoded,
    WirePolicy,
    encode_mailbox,
    encode_text,
)

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300)

POLICY = WirePolicy(linesep="\r\n", cte_type="7bit")


def parse(name, value):
    return email.message_from_bytes(name + b": " + value + b"\r\n\r\n", policy=email.policy.default)


class TestHeader(TestCase):
    @given(texts)
    def test_a_text_arrives_as_it_was(self, text):
        value = encode_text(text)
        self.assertTrue(value.isascii())
        self.assertLessEqual(max(map(len, value.split(b"\r\n"))), 998)
        self.assertEqual(parse(b"Subject", value)["Subject"].split(), text.split())

    @given(texts)
    def test_a_display_name_arrives_as_it_was(self, name):
        value = encode_mailbox(name, "a@example.com")
        # not with the new policy: it takes the space between two encoded words for text
        phrase, address = parseaddr(value.decode("ascii"))
        self.assertEqual(address, "a@example.com")
        self.assertEqual(str(make_header(decode_header(phrase))).split(), name.split())

    @given(st.text())
    def test_no_value_makes_another_header(self, text):
        text += "\r\nBcc: all@example.com"
        for value in (encode_text(text), encode_mailbox(text, "a@example.com")):
            message = parse(b"Subject", value)
            self.assertEqual(message.keys(), ["Subject"])

    def test_a_line_with_an_encoded_word_is_short(self):
        for name in ("Zoë" * 100, "Ж" * 300, "🌷 " * 60):
            for field in (
                b"Reply-To: " + encode_mailbox(name, f"{'a' * 60}@example.com"),
                b"Subject: " + encode_text(name),
            ):
                for line in field.split(b"\r\n"):
                    self.assertLessEqual(len(line), 76, line)
                for word in re.findall(rb"=\?\S+", field):
                    self.assertLessEqual(len(word), 75, word)


class TestWirePolicy(TestCase):
    """Raw lines: not every mail program decodes what EmailMessage folds."""

    def lines(self, **headers):
        message = EmailMessage(policy=email.policy.SMTP)
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        content = message.as_bytes(policy=POLICY)
        self.assertTrue(content.isascii())
        return content.split(b"\r\n")[:-2]

    def test_what_has_no_blank_stays_on_one_line(self):
        for length in (20, 78, 79, 150, 800):
            url = f"<https://{'x' * length}/0123>"
            self.assertEqual(
                self.lines(List_Unsubscribe=url), [b"List-Unsubscribe: " + url.encode()]
            )

    def test_mailboxes_keep_their_quotes_and_their_addresses(self):
        for name in (
            "Garden",
            "O'Hara, Zoë",
            "Smith, John",
            "Иванов, Иван Иванович" * 5,
            'The "Green" Company, Inc. ' * 5,
            "Bike@Home <x@y.example>",
        ):
            for field in ("From", "Reply_To", "To"):
                value = email.utils.formataddr((name, "news@example.com"))
                raw = b"\r\n".join(self.lines(**{field: value})).decode()
                [(phrase, address)] = getaddresses([raw.partition(": ")[2]])
                self.assertEqual(address, "news@example.com")
                self.assertEqual(
                    "".join(str(make_header(decode_header(phrase))).split()),
                    "".join(name.split()),
                )

    def test_several_mailboxes_stay_several(self):
        value = '"O\'Hara, Zoë" <zoe@example.com>, Bob <bob@example.com>'
        raw = b"".join(self.lines(Reply_To=value)).decode().partition(": ")[2]
        addresses = [address for _phrase, address in getaddresses([raw])]
        self.assertEqual(addresses, ["zoe@example.com", "bob@example.com"])

    def test_an_international_domain_of_a_sender_is_ascii(self):
        [line] = self.lines(From="Garden <news@gärten.example>")
        self.assertEqual(line, b'From: "Garden" <news@xn--grten-gra.example>')

    def test_a_value_that_is_encoded_already_is_neither_parsed_nor_folded(self):
        text = "=?utf-8?q?a=0D=0ABcc:_x@example.com?="
        value = Encoded("Subject", text, encode_text(text))
        message = EmailMessage(policy=email.policy.SMTP)
        message["Subject"] = value
        self.assertEqual(message["Subject"], text)
        for policy in (POLICY, email.policy.SMTP):
            content = message.as_bytes(policy=policy)
            self.assertEqual(content, b"Subject: " + encode_text(text) + b"\r\n\r\n")
            self.assertNotIn(b"Bcc:", content)

    @given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
    def test_a_file_name_arrives_as_it_was_and_makes_no_other_header(self, name):
        name = " ".join(name.split())
        message = EmailMessage(policy=email.policy.SMTP)
        message.set_content("x")
        message.add_attachment(b"x", "application", "pdf", filename=name)
        content = message.as_bytes(policy=POLICY)
        self.assertLessEqual(max(map(len, content.split(b"\r\n"))), 998)
        parsed = email.message_from_bytes(content, policy=email.policy.default)
        [part] = parsed.iter_attachments()
        self.assertEqual(
            set(part.keys()),
            {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version"},
        )
