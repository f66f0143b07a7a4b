"""Stock Odoo lived in for a while, with all that people and their address books do to it."""

from datetime import timedelta

from odoo.fields import Command, Datetime

now, day = Datetime.now(), timedelta(days=1)
ODD_ADDRESSES = [
    False,
    "",
    "   ",
    "no address at all",
    "gustav(at)hay.example.com",
    "first@two.example.com, second@two.example.com",
    "first@three.example.com; second@three.example.com",
    '"Doe, Jane" <jane@doe.example.com>',
    "<only@brackets.example.com>",
    "info@bücher.example",
    "почта@пример.example",
    "UPPER@CASE.EXAMPLE.COM",
    "upper@case.example.com",
    " upper@case.example.com ",
    "plus+tag@example.com",
    "trailing@dot.example.com.",
    "quoted\"quote'@example.com",
    "line\nbreak@example.com",
    f"{'x' * 200}@example.com",
]


def contacts(addresses, *lists):
    return env["mailing.contact"].create(
        [
            {
                "name": f"Contact {number}" if number % 7 else False,
                "email": address,
                "subscription_ids": [Command.create({"list_id": each.id}) for each in lists],
            }
            for number, address in enumerate(addresses)
        ]
    )


def mailing(subject, lists=None, **values):
    return env["mailing.mailing"].create(
        {
            "subject": subject,
            "mailing_model_id": env.ref("mass_mailing.model_mailing_list").id,
            "contact_list_ids": [Command.set(lists.ids if lists else readers.ids)],
            "body_arch": f"<p>{subject}</p>",
            "body_html": f'<p>{subject}: <a href="https://www.example.com/">read</a></p>'
            '<p><a href="/unsubscribe_from_list">Unsubscribe</a></p>',
            "email_from": "news@garden.example.com",
            **values,
        }
    )


def opt_out(people, *lists):
    for subscription in people.subscription_ids:
        if subscription.list_id in lists:
            subscription.opt_out = True


readers, writers, odd = env["mailing.list"].create(
    [{"name": "Readers"}, {"name": "Writers"}, {"name": "Odd Addresses"}]
)
plain = contacts([f"reader{number}@example.com" for number in range(12)], readers, writers)
written_twice = contacts(["READER1@example.com", "reader2@example.com"], readers)
odd_ones = contacts(ODD_ADDRESSES, odd, readers)
opt_out(plain[8] + plain[9] + odd_ones[:12], *readers)
opt_out(plain[9], *writers)
opt_out(odd_ones[12:], *odd, *readers)
env["mail.blacklist"]._add("reader10@example.com")
env["mail.blacklist"]._add("gone@example.com")
env["mail.blacklist"]._remove("gone@example.com")

campaigns = env["utm.campaign"].create([{"title": "Winter"}, {"title": "An empty one"}])
mailing("Stock draft", campaign_id=campaigns[0].id)
mailing("Stock tomorrow", state="in_queue", schedule_type="scheduled", schedule_date=now + day)
mailing("Stock archived", state="in_queue", schedule_date=now - day, active=False)
mailing("Stock due", writers, state="in_queue")
half_sent = mailing("Stock half sent", writers, state="sending")
done = mailing("Stock done", state="done", sent_date=now - day, campaign_id=campaigns[0].id)
mailing(
    "Stock to leads",
    mailing_model_id=env.ref("crm.model_crm_lead").id,
    mailing_domain="[('type', '=', 'lead')]",
)
mailing("Stock A", ab_testing_enabled=True, ab_testing_pc=10)

statuses = ["outgoing", "process", "pending", "sent", "open", "reply", "bounce", "error", "cancel"]
traces = env["mailing.trace"].create(
    [
        {
            "mass_mailing_id": done.id,
            "model": "mailing.contact",
            "res_id": contact.id,
            "email": contact.email_normalized,
            "trace_status": status,
            "failure_type": "mail_dup" if status == "cancel" else False,
            "message_id": "<the.same@example.com>",
        }
        for contact in plain[:3] + odd_ones
        for status in statuses
    ]
    + [
        {
            "mass_mailing_id": half_sent.id,
            "model": "mailing.contact",
            "res_id": contact.id,
            "email": contact.email,
            "trace_status": "sent",
        }
        for contact in plain[:5]
    ]
    + [{"model": "res.partner", "res_id": 999_999, "email": False}] * 3
)
links = env["link.tracker"].create(
    [
        {"url": "https://www.example.com/a", "title": "A", "campaign_id": campaigns[0].id},
        {"url": "https://www.example.com/a", "title": "A", "mass_mailing_id": done.id},
        {"url": "https://www.example.com/b", "title": "A", "label": "A button"},
    ]
)
for link in links:
    for number in range(3):
        env["link.tracker.click"].add_click(
            link.code, ip=f"192.0.2.{number}", country_code="BE", mailing_trace_id=traces[number].id
        )
# saved once, the settings of Odoo's own apps stand among the system parameters
env["res.config.settings"].create({}).execute()
env.cr.commit()
print("REPORT {}")
