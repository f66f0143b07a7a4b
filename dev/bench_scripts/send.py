"""Send one letter three ways; runs in Odoo's shell, prints a JSON line per way.

The letter: 10 KB, two parts, two personal values, three tracked links.
"""

import json
import logging
import os
import resource
import time

from odoo.addons.mass_mailing_campaign.models.mailing_claim import Claimed

logging.disable(logging.WARNING)
OURS, STOCK = int(os.environ["BENCH_OURS"]), int(os.environ["BENCH_STOCK"])
HOST, PORT = "127.0.0.1", int(os.environ["BENCH_PORT"])
SESSIONS = os.environ.get("BENCH_SESSIONS", "10")
run = str(int(time.time()))
env = env(context=dict(env.context, tracking_disable=True))  # noqa: F821 (Odoo's shell)


def target_list(count):
    """A list of new contacts, written directly: making them is not what is measured."""
    mailing_list = env["mailing.list"].create({"name": f"Bench {run} {count}"})
    env.cr.execute(
        """
        WITH contact AS (
            INSERT INTO mailing_contact (
                name, email, email_normalized, company_name, target_type, message_bounce,
                create_uid, write_uid, create_date, write_date)
            SELECT 'Recipient ' || i, address, address, 'Company ' || i, 'plain', 0,
                   1, 1, now(), now()
              FROM generate_series(1, %(count)s) i,
                   LATERAL (SELECT 'r' || i || '.%(count)s.' || %(run)s || '@example.com')
                           AS a(address)
         RETURNING id)
        INSERT INTO mailing_subscription (list_id, contact_id, opt_out)
        SELECT %(list)s, id, FALSE FROM contact
        """,
        {"count": count, "run": run, "list": mailing_list.id},
    )
    env.invalidate_all()
    return mailing_list


def measure(way, count, send):
    env.cr.commit()
    wall, cpu, statements = time.time(), time.process_time(), env.cr.sql_log_count
    result = send()
    env.cr.commit()
    print(
        "BENCH",
        json.dumps(
            {
                "way": way,
                "messages": count,
                "wall": time.time() - wall,
                "cpu": time.process_time() - cpu,
                "statements": env.cr.sql_log_count - statements,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        ),
        flush=True,
    )
    return result


parameters = env["ir.config_parameter"]
parameters.set_param("mass_mailing_campaign.portion_size", "100000000")
parameters.set_param("mass_mailing_campaign.smtp_sessions", SESSIONS)
env["ir.mail_server"].search([]).active = False
env["ir.mail_server"].create({"name": "Sink", "smtp_host": HOST, "smtp_port": PORT})
campaign = env["utm.campaign"].create({"title": f"Bench {run}", "campaign_type": "newsletter"})
links = [
    env["link.tracker"].create(
        {
            "is_tracking_url": True,
            "title": f"Link {number}",
            "url": f"https://www.example.com/{number}",
            "campaign_id": campaign.id,
        }
    )
    for number in range(3)
]
paragraph = "<p>%s</p>" % ("The days grow longer, and our gardens are open again. " * 9)
greeting = '<p>Dear <t t-out="object.name"/> of <t t-out="object.company_name"/></p>'


def body(urls):
    return greeting + paragraph * 9 + "".join(f'<p><a href="{url}">link</a></p>' for url in urls)


def mailing(count, **values):
    return env["mailing.mailing"].create(
        {
            "campaign_id": campaign.id,
            "subject": "News for {{ object.name }}",
            "email_from": "news@example.com",
            "contact_list_ids": [(6, 0, target_list(count).ids)],
            **values,
        }
    )


ours = mailing(
    OURS,
    delivery_mode="portions",
    body_arch=body(link.placeholder for link in links),
    schedule_date="2020-01-01 00:00:00",
)
measure("queue", OURS, ours._build_queue)
ours.state = "sending"
measure("ours", OURS, ours._deliver)
assert (ours.state, ours.sent_count) == ("done", OURS), ours.delivery_issue

stock = mailing(STOCK, body_html=body(link.url for link in links), body_arch="<p>x</p>")


def send_stock():
    stock._action_send_mail()
    mails = env["mail.mail"].search([("mailing_id", "=", stock.id), ("state", "=", "outgoing")])
    for batch in (mails[i : i + 1000] for i in range(0, len(mails), 1000)):
        batch.send(auto_commit=True)


measure("stock", STOCK, send_stock)

# The floor: bytes that are ready, one session, nothing written down.
session = ours._open_session()
trace = ours.mailing_trace_ids[0].sudo()
row = Claimed(trace.id, trace.res_id, trace.email, trace.token, 1)
[envelope] = ours._letter().compose([row], session)


def send_floor():
    for _message in range(OURS):
        session.sendmail(envelope.sender, [envelope.recipient], envelope.content)


measure("floor", OURS, send_floor)
session.quit()
