"""Send letters with more in them than a field, each to the same recipients."""

from bench_scripts.material import Bench

bench = Bench(env)
count = VARIABLES["recipients"]
bench.use_server(VARIABLES["port"])
target_list = bench.target_list(count, "letters")
for number in (1, 2):
    further = bench.env["mailing.list"].create({"name": f"Bench {bench.run} {number}"})
    bench.env.cr.execute(
        """
        INSERT INTO mailing_subscription (list_id, contact_id, opt_out)
        SELECT %s, contact_id, FALSE FROM mailing_subscription WHERE list_id = %s
        """,
        [further.id, target_list.id],
    )
bench.env.invalidate_all()
for lang in ("fr_FR", "de_DE", "es_ES"):
    bench.env["res.lang"]._activate_lang(lang)

letter = bench.body()
theme = bench.env["ir.qweb"]._render(
    "mass_mailing_themes.theme_newsletter_template", {"company_id": bench.env.company}
)
flyers = bench.env["ir.attachment"].create(
    [{"name": f"flyer{number}.pdf", "raw": b"%PDF" + bytes(20_000)} for number in range(10)]
)
WAYS = {
    "warming up": {},
    "field": {},
    "or": {
        "body_arch": "<p>Dear <t t-out=\"object.name or 'friend'\"/></p>" + letter,
        "subject": "News for {{ object.name or 'you' }}",
    },
    "condition": {
        "body_arch": '<p t-if="object.id % 2">Dear <t t-out="object.name"/></p>'
        '<p t-else="">Hello!</p>' + letter
    },
    "loop": {
        "body_arch": '<ul><li t-foreach="object.list_ids" t-as="each"><t t-out="each.name"/>'
        '<a t-attf-href="https://www.example.com/{{ each.id }}">more</a></li></ul>' + letter
    },
    "theme": {"body_arch": '<p>Dear <t t-out="object.name"/></p>' + str(theme)},
    "attachments": {"attachment_ids": [(6, 0, flyers.ids)]},
    "languages": {
        "body_arch": "<p><t t-out=\"format_date(object.create_date, 'EEEE d MMMM y')\"/> <t t-out="
        '"format_amount(object.id / 7, object.env.company.currency_id)"/></p>' + letter,
        "lang": "{{ ['en_US', 'fr_FR', 'de_DE', 'es_ES'][object.id % 4] }}",
    },
}
for way, values in WAYS.items():
    mass_email = bench.mass_email(target_list, **values)
    mass_email._build_queue()
    bench.measure_sending(way, mass_email, count)
    assert mass_email.body_html.count("<t t-out=") >= 1, mass_email.body_html
