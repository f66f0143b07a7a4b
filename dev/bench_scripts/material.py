"""What the measurements share; runs in Odoo's shell, in front of each of their scripts."""

import json
import logging
import os
import resource
import time

logging.disable(logging.WARNING)
RUN = str(time.time_ns())
env = env(context=dict(env.context, tracking_disable=True))  # noqa: F821 (Odoo's shell)


def variable(name, default=None):
    return int(os.environ.get(f"BENCH_{name.upper()}", default))


def target_list(count, prefix):
    """A list of new contacts, written directly: making them is not what is measured.

    Contacts with the same prefix have the same addresses.
    """
    mailing_list = env["mailing.list"].create({"name": f"Bench {RUN} {prefix} {count}"})
    env.flush_all()
    env.cr.execute(
        """
        WITH contact AS (
            INSERT INTO mailing_contact (
                name, email, email_normalized, company_name, target_type, message_bounce,
                create_uid, write_uid, create_date, write_date)
            SELECT 'Recipient ' || i, address, address, 'Company ' || i, 'plain', 0,
                   1, 1, now(), now()
              FROM generate_series(1, %(count)s) i,
                   LATERAL (SELECT %(prefix)s || i || '.' || %(run)s || '@example.com')
                           AS a(address)
         RETURNING id)
        INSERT INTO mailing_subscription (list_id, contact_id, opt_out)
        SELECT %(list)s, id, FALSE FROM contact
        """,
        {"count": count, "prefix": prefix, "run": RUN, "list": mailing_list.id},
    )
    env.invalidate_all()
    return mailing_list


def use_server(port, sessions=10):
    """Let all mail go to one server, without limits."""
    parameters = env["ir.config_parameter"]
    parameters.set_param("mass_mailing_campaign.portion_size", "100000000")
    parameters.set_param("mass_mailing_campaign.smtp_sessions", str(sessions))
    env["ir.mail_server"].search([]).active = False
    env["ir.mail_server"].create({"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": port})


campaign = env["utm.campaign"].create({"title": f"Bench {RUN}", "campaign_type": "newsletter"})
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


def body(urls):
    """12 KB in two parts, two personal values, three links."""
    paragraph = "<p>%s</p>" % ("The days grow longer, and our gardens are open again. " * 9)
    greeting = '<p>Dear <t t-out="object.name"/> of <t t-out="object.company_name"/></p>'
    return greeting + paragraph * 9 + "".join(f'<p><a href="{url}">link</a></p>' for url in urls)


def mailing(lists, **values):
    return env["mailing.mailing"].create(
        {
            "campaign_id": campaign.id,
            "subject": "News for {{ object.name }}",
            "email_from": "news@example.com",
            "contact_list_ids": [(6, 0, lists.ids)],
            **values,
        }
    )


def mass_email(lists, **values):
    return mailing(
        lists,
        delivery_mode="portions",
        body_arch=body(link.placeholder for link in links),
        schedule_date="2020-01-01 00:00:00",
        **values,
    )


def standard_mailing(lists):
    return mailing(lists, body_html=body(link.url for link in links), body_arch="<p>x</p>")


def send_standard(mailing):
    mailing._action_send_mail()
    mails = env["mail.mail"].search([("mailing_id", "=", mailing.id), ("state", "=", "outgoing")])
    for batch in (mails[i : i + 1000] for i in range(0, len(mails), 1000)):
        batch.send(auto_commit=True)


def report(way, **figures):
    print("BENCH", json.dumps({"way": way, **figures}), flush=True)


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(way, count, send):
    env.cr.commit()
    wall, cpu, statements = time.time(), time.process_time(), env.cr.sql_log_count
    send()
    env.cr.commit()
    report(
        way,
        messages=count,
        wall=time.time() - wall,
        cpu=time.process_time() - cpu,
        statements=env.cr.sql_log_count - statements,
        peak_mb=peak_mb(),
    )


def send_all(mailing):
    """Send a mass email to its end; stop when it got into trouble."""
    mailing.state = "sending"
    env.cr.commit()
    mailing._deliver()
    assert mailing.state == "done", mailing.delivery_issue
