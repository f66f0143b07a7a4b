from unittest import TestCase

import idna
from hypothesis import example, given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.address import (
    PLAIN_ADDRESS,
    PLAIN_LENGTH,
    is_wire_address,
    is_wire_sender,
    readable_address,
    wire_address,
    wire_url,
)
from odoo.tools import email_normalize, email_split

# text that is nearly an address, and what could break out of a command
addresses = st.text(st.sampled_from('aZ09.-_@"<>[]() \t\r\n\0,:;\\éüß。\u212a\u2028'), max_size=40)
labels = st.text(st.sampled_from("abcdüßñяж中"), min_size=1, max_size=10)


# of all that the pattern takes, nearly nothing would be short enough
BOUNDED = PLAIN_ADDRESS[1:-1]
for unbounded, bounded in ("]+", "]{1,9}"), (")*", "){0,2}"), (")+", "){1,3}"):
    BOUNDED = BOUNDED.replace(unbounded, bounded)
plain = st.from_regex(f"\\A{BOUNDED}\\Z").filter(lambda text: len(text) <= PLAIN_LENGTH)


class TestWireAddress(TestCase):
    @given(plain)
    @example("O.Neil_+-9@A--b.9.Example.COM")
    @example("a" * (PLAIN_LENGTH - 4) + "@b.c")
    def test_of_a_plain_address_nothing_is_in_doubt(self, text):
        self.assertEqual(email_split(text), [text])
        self.assertEqual(email_normalize(text, strict=False), text.lower())
        self.assertEqual(wire_address(text), text.lower())

    def test_an_address_is_written_in_one_way(self):
        spellings = {
            "Ann@Example.com": "ann@example.com",
            "o'brien+news@mail.example.co.uk": "o'brien+news@mail.example.co.uk",
            "ann@münchen.de": "ann@xn--mnchen-3ya.de",
            "Ann@MÜNCHEN.de": "ann@xn--mnchen-3ya.de",
            "ann@mu\u0308nchen.de": "ann@xn--mnchen-3ya.de",
            "ann@XN--MNCHEN-3YA.de": "ann@xn--mnchen-3ya.de",
            "ann@straße.de": "ann@xn--strae-oqa.de",
            "ann@почта。рф": "ann@xn--80a1acny.xn--p1ai",
        }
        for text, address in spellings.items():
            with self.subTest(text):
                self.assertEqual(wire_address(text), address)

    def test_the_host_of_an_url_is_written_in_ascii(self):
        for url, wire in {
            "https://рассылка.рф:8069/путь": "https://xn--80aa3adxha4f.xn--p1ai:8069/путь",
            "https://Bücher.example": "https://xn--bcher-kva.example",
        }.items():
            self.assertEqual(wire_url(url), wire)
        for url in ("", "https://news.example.com/ж", "ж", "https://ж..ж", "https://[::1]:80"):
            self.assertEqual(wire_url(url), url)

    def test_a_wire_address_is_read_as_people_write_it(self):
        for address, text in {
            "ann@xn--mnchen-3ya.de": "ann@münchen.de",
            "ann@xn--80a1acny.xn--p1ai": "ann@почта.рф",
            "ann@example.com": "ann@example.com",
            "ann@xn--a.example.com": "ann@xn--a.example.com",
        }.items():
            self.assertEqual(readable_address(address), text)

    @given(addresses)
    def test_a_readable_address_is_the_same_on_the_wire(self, text):
        address = wire_address(text)
        if address:
            self.assertEqual(wire_address(readable_address(address)), address)

    def test_what_is_no_plain_address_has_no_form_on_the_wire(self):
        for text in (
            "",
            "ann",
            "@example.com",
            "ann@",
            "ann@localhost",
            "ann@example.com.",
            "ann@.example.com",
            "ann@example..com",
            "ann@-example.com",
            "ann@example-.com",
            "ann@exam_ple.com",
            "ann@127.0.0.1",
            "ann@[127.0.0.1]",
            "ann@example.com\n",
            "ann @example.com",
            "ann@exam ple.com",
            "Ann <ann@example.com>",
            "<ann@example.com>",
            '"ann"@example.com',
            '"victim@example.com"@evil.example.com',
            '"x>\nrset\nmail\tfrom:a@b"@example.com',
            "a@[x\nrcpt\tto:v@example.com\n]",
            ".ann@example.com",
            "ann.@example.com",
            "an..n@example.com",
            "ann@bob@example.com",
            "ann@bob＠example.com",
            "ann,bob@example.com",
            "än@example.com",
            "ann@❤.ws",
            "\u212aann@example.com",  # the sign for Kelvin, k in lower case
            "a" * 65 + "@example.com",
            "ann@" + "a" * 64 + ".com",
            "ann@" + "ab." * 84 + "com",
            "ann@" + "ü" * 100_000 + ".de",
        ):
            with self.subTest(text[:50]):
                self.assertIsNone(wire_address(text))
                self.assertFalse(is_wire_address(text))

    def test_lengths_count_up_to_their_limits(self):
        for text in (
            "a" * 64 + "@example.com",
            "ann@" + "a" * 63 + ".com",
            "a" * 64 + "@" + "a." * 125 + "com",
        ):
            self.assertEqual(wire_address(text), text)

    @given(addresses)
    @example("a@b.c")
    def test_the_form_on_the_wire_is_stable_and_holds_nothing_but_an_address(self, text):
        address = wire_address(text)
        self.assertEqual(is_wire_address(text), address == text)
        if address:
            self.assertTrue(is_wire_address(address))
            self.assertTrue(is_wire_sender(address))
            self.assertTrue(address.isascii() and address.isprintable())
            self.assertFalse(set(address) & set(' "<>[]()\\,:;'))

    @given(st.text(st.characters()))
    def test_whatever_the_domain_is_there_is_an_answer(self, domain):
        address = wire_address(f"ann@{domain}")
        self.assertTrue(address is None or is_wire_address(address))

    @given(st.lists(labels, min_size=2, max_size=4))
    def test_a_domain_and_its_encoded_form_are_one(self, domain):
        domain = ".".join(domain)
        encoded = idna.encode(domain, uts46=True).decode()
        self.assertEqual(wire_address(f"ann@{domain}"), f"ann@{encoded}")
        self.assertEqual(wire_address(f"ann@{encoded}"), f"ann@{encoded}")


class TestSender(TestCase):
    def test_our_own_side_may_be_nobody_or_have_a_short_name(self):
        for text in ("", "odoo@localhost", "Bounce+7=ann@Mail_1", "news@garden.example.com"):
            with self.subTest(text):
                self.assertTrue(is_wire_sender(text))

    def test_nothing_that_ends_the_command_or_the_path_is_a_sender(self):
        commands = ("a b@c", "a@b\n", "a@b\r\nRSET", "a>@b", '"a"@b', "a@[b]", "ä@b", "a\0@b")
        for text in ("odoo", *commands):
            with self.subTest(text):
                self.assertFalse(is_wire_sender(text))
