import email
import email.policy
from unittest.mock import patch

import babel.dates
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.envelope import as_received
from odoo.addons.mass_mailing_campaign.engine.spliced_letter import NotSpliceable, SplicedLetter
from odoo.addons.mass_mailing_campaign.models.sending.mailing_trace import Claimed
from odoo.exceptions import UserError
from odoo.tools import mute_logger

from ..common import MassEmailCase, Session

# What editors and authors put into a body; {offer} and {demo} are placeholders of tracking URLs.
PARTS = [
    "<p>The days grow longer.</p>",
    "plain words, Größe ✓ 🌷 &amp; &lt;b&gt; &#39;quotes&#39; &nbsp;",
    '<p>Dear <t t-out="object.name"/>,</p>',
    "<p>Dear <t t-out=\"object.name or 'friend'\"/>,</p>",
    '<p>Dear <t t-out="object.name" data-oe-t-inline="true">my &amp; friend</t>!</p>',
    '<h1><span t-out="object.company_name" class="x">your company</span></h1>',
    '<h2 t-out="object.company_name"/>',
    "<p>.<t t-out=\"(object.name or '').upper()\"/>\n.dots\n..</p>",
    '<p t-if="object.company_name">of <b t-out="object.company_name"/></p>',
    '<p t-if="object.company_name">A <t t-out="object.name"/></p>\n<p t-elif="object.name">B</p>'
    '\n<p t-else="">C <a href="{demo}">demo</a></p>',
    '<ul><li t-foreach="object.list_ids" t-as="each"><t t-out="each_index"/>. '
    "<a t-att-href=\"'https://www.example.com/l/%s?a=1&amp;b=2' % each.name\">"
    '<t t-out="each.name"/></a></li></ul>',
    '<table><tr t-foreach="object.list_ids" t-as="each"><td t-att-class="each_parity">'
    '<t t-out="each.name"/></td><td t-if="each_first"><a href="{offer}">first</a></td></tr>'
    "</table>",
    '<t t-set="who" t-value="object.name or \'nobody\'"/><p>For <t t-out="who"/></p>',
    '<t t-set="block"><i>For <t t-out="object.name"/></i></t><p><t t-out="block"/>'
    '<t t-out="block"/></p>',
    '<a t-attf-href="https://www.example.com/{{ object.id }}/{{ object.name }}">mine</a>',
    '<a t-att-href="\'{offer}\'" t-att-title="object.name">offer</a>',
    '<a href="{offer}"><t t-out="object.company_name"/></a>',
    '<a t-att-href="object.company_name"><img t-att-src="\'/p/%s.png\' % object.id"/></a>',
    '<img t-att-src="object.company_name" t-att-alt="object.name"/>',
    "<p t-att-style=\"'color: red' if object.company_name else None\">red</p>",
    "<p><t t-out=\"format_date(object.create_date, 'd MMMM y')\"/></p>",
    '<p><span t-out="object.create_date" t-options=\'{"widget": "date"}\'/></p>',
    '<p>EUR <t t-out="1234.5" t-options=\'{"widget": "monetary", "display_currency": '
    "env.company.currency_id}'/></p>",
    '<p><t t-out="format_amount(1234.5 * object.id, env.company.currency_id)"/></p>',
    '<p t-field="object.name"/>',
    "<!--[if mso]><table><tr><td><![endif]--><b>x</b><!--[if mso]></td></tr></table><![endif]-->",
    '<p>x</p><!--[if mso]>\n<i>Outlook</i>\n<![endif]--><b t-att-title="object.name">bold</b>',
    '<p>x</p><style><t t-out="object.name"/></style><h1 t-att-class="object.company_name">One</h1>',
    "<style>p > b { color: red; content: '&amp; {{ x }}' }</style>",
    "<pre>  two\n   lines </pre>",
    '<textarea>  <t t-out="object.name"/>\n</textarea>',
    '<p t-out="[x.name for x in object.list_ids]"/>',
    "<div t-out=\"object.html or ''\"/>".replace("object.html", "env.company.partner_id.comment"),
    '<t t-out="0"/><t t-out="False">none</t><t t-out="\'\'">empty</t>',
    "<p>" + "x" * 1200 + ' <t t-out="object.name"/> ' + "= " * 100 + "</p>",
    '<t t-foreach="3" t-as="i"><br/><t t-out="i"/> <t t-out="object.name"/></t>',
    "{optOutLink}",
    '<table><t t-out="object.name"/><tr><td><t t-out="object.name"/></td></tr></table>',
    '<style t-out="object.name"/><title t-out="object.name"/>',
    '<p t-out="env.company.partner_id.comment"/>',
    "<a t-att-href=\"object.name and 'mailto:' + object.name\">\n <b>write</b></a>",
    '<t t-out="object.name"/><t t-out="object.company_name"/>&amp;nbsp;',
    "<a t-att=\"{'href': 'https://www.example.com/?' + (object.name or '')}\"><i>t-att</i></a>",
    '<t t-foreach="object.list_ids" t-as="one"><t t-foreach="object.list_ids" t-as="two">'
    '<t t-if="one == two"><br/><t t-out="one.name"/></t></t></t>',
    '<p groups="base.group_user">for users</p><p groups="!base.group_user">for others</p>',
    '<t t-out="object"/> <t t-out="object.list_ids"/> <t t-out="object.id"/>',
    '<p t-ignore="true"><t t-set="x" t-valuef="v-{{ object.id }}"/><t t-out="x"/></p>',
]
INLINES = [
    "News",
    "News for {{ object.name }}",
    "For {{ object.name or 'friend' }}, {{ object.company_name ||| Tom & Jerry }}",
    "{{ object.name.upper() if object.name else '' }} & <b>{{ len(object.list_ids) }}</b>",
    "{{ ', '.join([object.name or '' for each in object.list_ids]) }}",
    "{{ format_date(object.create_date, 'MMMM') }}{{ '' }}{{ 0 }}",
    "{{ format_datetime(object.create_date, tz='Asia/Tokyo', dt_format='d MMM HH:mm') }}",
    "{{ (lambda x: (x, object.id))(1) }} ö {{ object.company_name }}",
]
WORDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40
) | st.sampled_from(
    [
        "Anna",
        " a  b ",
        "a\nb\tc\r\nd",
        "Zoë 🌷 \x85 \u2028 x\ufeff\ufffe",
        "&nbsp; &amp;nbsp; &#13; &lt;",
        "<b>{optOutUrl}</b> {trackingUrl:1}",
        "x.png?y",
        "data:x",
        "\xa0a\xa0\xa0b\xa0",
        "\"quoted\" 'single' `back`",
        "nonesuch & sons &",
        ".",
    ]
)
PEOPLE = st.fixed_dictionaries(
    {
        "name": WORDS | st.just(False),
        "company_name": WORDS | st.just(False),
        "list_count": st.integers(0, 3),
    }
)
LANGS = ["en_US", "fr_FR", "de_DE"]
EVERY = list(HealthCheck)


class TestCompiledLetter(MassEmailCase):
    """A letter with logic in it reads the same spliced or rendered."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for lang in LANGS:
            cls.env["res.lang"]._activate_lang(lang)
        cls.lists = [cls._list(name) for name in ("Roses", "R&D <b>", "Zoë  x")]
        cls.env.company.partner_id.comment = (
            '<p>Come <b>in</b>, <a href="https://www.example.com/a?b=1&amp;c=2">here</a></p>'
        )

    def letter(self, body, **values):
        for name in ("offer", "demo"):
            body = body.replace(f"{{{name}}}", self[name].placeholder)
        # as a developer writes it: the editor's sanitizing is not what is tested
        mailing = self._mass_email("<p>x</p>", **values)
        mailing.body_html = body
        return mailing._letter()

    def __getitem__(self, name):
        return getattr(self, name)

    def contacts(self, people):
        return self.env["mailing.contact"].concat(
            *(
                self._contact(
                    "Anna",
                    *self.lists[: person["list_count"]],
                    email=f"anna{number}@example.com",
                    company_name=person["company_name"],
                )
                for number, person in enumerate(people)
            )
        )

    def compose(self, letter, contacts):
        rows = [Claimed(c.id, c.id, c.email_normalized, f"{c.id:032x}", 1) for c in contacts]
        return [
            email.message_from_bytes(as_received(each.content), policy=email.policy.default)
            for each in letter.compose(rows, Session())
        ]

    def assert_same_both_ways(self, letter, contacts):
        spliced = self.compose(letter, contacts)
        self.assertTrue(letter._spliced)
        with patch.object(letter, "_spliced", False):
            rendered = self.compose(letter, contacts)
        self.assertEqual(len(spliced), len(contacts))
        for ours, theirs in zip(spliced, rendered, strict=True):
            self.assertEqual(
                *("".join(str(message["Subject"]).split()) for message in (ours, theirs))
            )
            for subtype in ("html", "plain"):
                contents = [
                    message.get_body((subtype,)).get_content().replace("\r\n", "\n")
                    for message in (ours, theirs)
                ]
                self.assertEqual(*contents, subtype)
        return spliced

    def judge(self, people, parts, subject, preview, lang):
        contacts = self.contacts(people)
        for contact, person in zip(contacts, people, strict=True):
            contact.name = person["name"]
        letter = self.letter("\n".join(parts), subject=subject, preview=preview, lang=lang)
        self.assert_same_both_ways(letter, contacts)
        contacts.unlink()

    def test_every_part_reads_the_same(self):
        people = [
            {"name": "Anna", "company_name": "Acme & Co", "list_count": 2},
            {"name": False, "company_name": False, "list_count": 0},
            {"name": " R&D  <b>", "company_name": "x.png?y", "list_count": 3},
        ]
        for part in PARTS:
            with self.subTest(part=part):
                # something that Odoo evaluates
                parts = ['<i t-if="False"/>', part]
                self.judge(people, parts, "News", "", False)

    def test_every_subject_and_preview_reads_the_same(self):
        people = [
            {"name": "Zoë", "company_name": "Acme & Co", "list_count": 2},
            {"name": False, "company_name": False, "list_count": 0},
        ]
        for line in INLINES:
            with self.subTest(line=line):
                self.judge(people, ['<i t-if="False"/>'], line, line, False)
        self.judge(people, PARTS[:1], "{{ object.name # who }} {{ 2 }}", "", False)

    def test_a_value_with_half_an_end_of_line_reads_the_same(self):
        people = [{"name": name, "company_name": "x\r", "list_count": 1} for name in ("\r", "A\r")]
        parts = ['<i t-if="False"/>', "<p><t t-out=\"object.company_name or ''\"/>\n</p>"]
        self.judge(people, parts, "News", "News for {{ object.name }}", False)

    @settings(max_examples=30, deadline=None, suppress_health_check=EVERY)
    @given(
        st.lists(PEOPLE, min_size=2, max_size=3),
        st.lists(st.sampled_from(PARTS), min_size=1, max_size=8),
        st.sampled_from(INLINES),
        st.sampled_from(INLINES),
        st.sampled_from([False, "{{ ['en_US', 'fr_FR', 'de_DE', ''][object.id % 4] }}", "xx_YY"]),
    )
    def test_any_letter_reads_the_same(self, people, parts, subject, preview, lang):
        self.judge(people, ['<i t-if="not object"/>', *parts], subject, preview, lang)

    # ------------------------------------------------------------
    # Whose rules hold
    # ------------------------------------------------------------

    def people(self, *names):
        contacts = self.contacts([{"company_name": "Acme", "list_count": 1}] * len(names))
        for contact, name in zip(contacts, names, strict=True):
            contact.name = name
        return contacts

    def test_dates_and_money_are_in_the_language_that_the_mass_email_says(self):
        letter = self.letter(
            "<p><t t-out=\"format_date('2030-02-01', 'MMMM')\"/> "
            '<t t-out="format_amount(1234.5, env.company.currency_id)"/></p>',
            subject="{{ format_date('2030-02-01', 'MMMM') }}",
            lang="{{ 'fr_FR' if object.name == 'Anne' else 'de_DE' }}",
        )
        messages = self.assert_same_both_ways(letter, self.people("Anne", "Anna"))
        for message, month, amount in zip(
            messages, ("février", "Februar"), ("234,50", "1.234,50"), strict=True
        ):
            self.assertEqual(message["Subject"], month)
            for subtype in ("html", "plain"):
                content = message.get_body((subtype,)).get_content()
                self.assertIn(month, content)
                self.assertIn(amount, content)

    def test_equal_dates_are_written_once_and_equal_moments_elsewhere_are_not_mixed_up(self):
        letter = self.letter(
            "<p><t t-out=\"format_date('2030-02-01', 'd MMMM')\"/> "
            "<t t-out=\"format_date(object.create_date, 'MMMM y')\"/></p>",
            subject="{{ format_datetime(object.create_date, tz=object.name, dt_format='HH') }}",
        )
        people = self.people(*["Asia/Tokyo", "Europe/Paris"] * 3)
        self.compose(letter, people[0])
        with patch.object(babel.dates, "format_date", wraps=babel.dates.format_date) as written:
            self.compose(letter, people)
        self.assertEqual(written.call_count, 2)
        subjects = [m["Subject"] for m in self.assert_same_both_ways(letter, people)]
        self.assertEqual(len(set(subjects)), 2)

    def test_nothing_is_compiled_again_for_the_next_recipients(self):
        qweb = type(self.env["ir.qweb"])
        letter = self.letter("".join(PARTS), subject=INLINES[3])
        self.compose(letter, self.people("Anna", "Zoë"))
        with patch.object(qweb, "_generate_code", side_effect=AssertionError):
            self.compose(letter, self.people("Berta", "Clara"))
        self.assertTrue(letter._spliced)

    def test_many_recipients_are_filled_in_with_as_many_statements_as_few(self):
        counts = []
        for names in (["Anna"] * 3, ["Anna"] * 30):
            letter = self.letter("".join(PARTS), subject=INLINES[3])
            contacts = self.people(*names)
            self.compose(letter, contacts[:1])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.compose(letter, contacts)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_what_fails_for_one_fails_with_the_words_of_the_renderer(self):
        for values in (
            {"body": "<p t-out=\"1 / (0 if object.name == 'Berta' else 1)\"/>"},
            {"body": "x", "subject": "{{ 1 / (0 if object.name == 'Berta' else 1) }}"},
        ):
            letter = self.letter(**values)
            contacts = self.people("Anna", "Berta", "Clara")
            with self.assertRaisesRegex(UserError, "division by zero"):
                self.compose(letter, contacts)
            self.assertEqual(len(self.compose(letter, contacts - contacts[1])), 2)

    def test_a_letter_that_a_module_changes_is_rendered_one_by_one(self):
        mailing = type(self.env["mailing.mailing"])
        render = mailing._render_template_qweb

        def rendered(records, source, model, res_ids, **kwargs):
            bodies = render(records, source, model, res_ids, **kwargs)
            return {res_id: body + f"<p>For {res_id}</p>" for res_id, body in bodies.items()}

        letter = self.letter('<p t-if="object.id">Hello</p>')
        contacts = self.people("Anna", "Berta")
        with patch.object(mailing, "_render_template_qweb", rendered):
            messages = self.compose(letter, contacts)
        self.assertFalse(letter._spliced)
        for message, contact in zip(messages, contacts, strict=True):
            self.assertIn(f"For {contact.id}", message.get_body(("html",)).get_content())

    def test_who_may_evaluate_nothing_does_not_by_splicing(self):
        mailing = type(self.env["mailing.mailing"])
        with patch.object(mailing, "_unrestricted_rendering", False):
            for values in (
                {"body": '<p t-if="object.id">Hello</p>'},
                {"body": "x", "subject": "{{ object.name.upper() }}"},
            ):
                with self.assertRaises(NotSpliceable):
                    SplicedLetter(self.letter(**values), Session())

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_an_expression_that_only_stands_in_brackets_is_none(self):
        for expression in (
            "object.name) or (object.id",
            "object.name, ) + (1",
            "mass_email_values",
        ):
            letter = self.letter("x", subject=f"{{{{ {expression} }}}}")
            with self.assertRaisesRegex(UserError, "cannot be filled in"):
                self.compose(letter, self.people("Anna"))
