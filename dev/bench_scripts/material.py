"""What the measurements share; imported by their scripts, which run in Odoo's shell."""

import json
import logging
import os
import resource
import time
from pathlib import Path

from odoo import sql_db
from odoo.addons.mass_mailing_campaign.models.sending.mailing_trace import Claimed

ADDON = "mass_mailing_campaign."


def report(way, **figures):
    print("REPORT", json.dumps({way: {"way": way, **figures}}), flush=True)


def database_cpu(cr):
    """Seconds that all of PostgreSQL has spent: sessions, those that ended, and its own processes.

    :return: 0 when the database is on another machine
    """
    cr.execute("SELECT pid FROM pg_stat_activity")
    try:
        children = [_stat(pid) for (pid,) in cr.fetchall()]
        # of the parent, with those of its children that ended
        parent = _stat(children[0][1])
    except (FileNotFoundError, IndexError):
        return 0
    ticks = sum(parent[11:15]) + sum(sum(child[11:13]) for child in children)
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(pid):
    values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [0, *map(int, values[1:])]


def wal_bytes(cr):
    cr.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
    return cr.fetchone()[0]


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Bench:
    """One campaign with three tracking URLs, and the two ways to mail its lists.

    The letter: 12 KB in two parts, two personal values, three links.
    """

    def __init__(self, env):
        logging.disable(logging.WARNING)
        self.run = str(time.time_ns())
        self.env = env(context=dict(env.context, tracking_disable=True))
        self.campaign = self.env["utm.campaign"].create(
            {"title": f"Bench {self.run}", "campaign_type": "newsletter"}
        )
        self.links = self.env["link.tracker"].create(
            [
                {
                    "is_tracking_url": True,
                    "title": f"Link {number}",
                    "url": f"https://www.example.com/{number}",
                    "campaign_id": self.campaign.id,
                }
                for number in range(3)
            ]
        )

    def use_server(self, port, sessions=10, **options):
        """Let all mail go to one server, without limits."""
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("mass_mailing_campaign.portion_size", "100000000")
        parameters.set_param("mass_mailing_campaign.smtp_sessions", str(sessions))
        mail_servers = self.env["ir.mail_server"]
        mail_servers.search([]).active = False
        mail_servers.create(
            {"name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": port, **options}
        )

    def use_lanes(self, count):
        """Let so many crons send what is put in line from now on, and none of others run."""
        self.env["res.config.settings"].create({"mass_email_lanes": count}).set_values()
        crons = self.env["ir.cron"].search([])
        names = crons.get_external_id()
        crons.filtered(lambda cron: not names[cron.id].startswith(ADDON)).active = False
        in_portions = [("delivery_mode", "=", "portions")]
        self.env["mailing.mailing"].search(in_portions).state = "done"

    def target_list(self, count, prefix):
        """A list of new contacts, written directly: making them is not what is measured.

        Contacts with the same prefix have the same addresses.
        """
        target_list = self.env["mailing.list"].create({"name": f"Bench {self.run} {prefix}"})
        self.env.flush_all()
        self.env.cr.execute(
            """
            WITH contact AS (
                INSERT INTO mailing_contact (
                    name, email, email_normalized, address, company_name, target_type,
                    message_bounce, create_uid, write_uid, create_date, write_date)
                SELECT 'Recipient ' || i, address, address, address, 'Company ' || i, 'plain', 0,
                       1, 1, now(), now()
                  FROM generate_series(1, %(count)s) i,
                       LATERAL (SELECT %(prefix)s || i || '.' || %(run)s || '@example.com')
                               AS a(address)
             RETURNING id)
            INSERT INTO mailing_subscription (list_id, contact_id, opt_out)
            SELECT %(list)s, id, FALSE FROM contact
            """,
            {"count": count, "prefix": prefix, "run": self.run, "list": target_list.id},
        )
        self.env.invalidate_all()
        return target_list

    def body(self):
        """The letter with the placeholders of its links."""
        return self._body(self.links.mapped("placeholder"))

    @staticmethod
    def _body(urls):
        paragraph = "<p>%s</p>" % ("The days grow longer, and our gardens are open again. " * 9)
        greeting = '<p>Dear <t t-out="object.name"/> of <t t-out="object.company_name"/></p>'
        links = "".join(f'<p><a href="{url}">link</a></p>' for url in urls)
        return greeting + paragraph * 9 + links

    def _mailing(self, lists, **values):
        return self.env["mailing.mailing"].create(
            {
                "campaign_id": self.campaign.id,
                "subject": "News for {{ object.name }}",
                "email_from": "news@example.com",
                "contact_list_ids": [(6, 0, lists.ids)],
                **values,
            }
        )

    def mass_email(self, lists, **values):
        return self._mailing(
            lists,
            delivery_mode="portions",
            schedule_date="2020-01-01 00:00:00",
            **{"body_arch": self.body(), **values},
        )

    def measure_queue(self, way, mass_email, count):
        def build():
            mass_email._build_queue()
            while mass_email.is_queue_partial:
                mass_email._build_queue()

        self.measure(way, count, build)

    def measure_slice(self, way, mass_email, count):
        """Send so many messages of a mass email whose queue is built, in one run."""
        sent = self.measure(way, count, lambda: mass_email._deliver(count))
        assert sent == count, mass_email.delivery_issue

    def measure_sending(self, way, mass_email, count):
        """Send a mass email whose queue is built to its end."""
        self.measure(way, count, mass_email._deliver)
        assert (mass_email.state, mass_email.sent_count) == ("done", count), (
            mass_email.delivery_issue
        )

    def measure_standard(self, way, lists, count):
        """Send the same letter by Odoo's own mass mailing."""
        mailing = self._mailing(
            lists, body_html=self._body(self.links.mapped("url")), body_arch="<p>x</p>"
        )

        def send():
            mailing._action_send_mail()
            domain = [("mailing_id", "=", mailing.id), ("state", "=", "outgoing")]
            mails = self.env["mail.mail"].search(domain)
            for batch in (mails[i : i + 1000] for i in range(0, len(mails), 1000)):
                batch.send(auto_commit=True)

        self.measure(way, count, send)

    def measure_floor(self, way, mass_email, count):
        """Send bytes that are ready over one session, and write nothing down."""
        mail_server, address = self.env["ir.mail_server"]._for_mass_email(mass_email)
        session = mail_server._open_session(address)
        trace = mass_email.mailing_trace_ids[0].sudo()
        row = Claimed(trace.id, trace.res_id, trace.email, trace.token, 1)
        [envelope] = mass_email._letter().compose([row], session)

        def send():
            for _message in range(count):
                session.sendmail(envelope.sender, [envelope.recipient], envelope.content)

        self.measure(way, count, send)
        session.quit()

    def measure(self, way, count, work):
        cr = self.env.cr
        cr.commit()
        database, wal = database_cpu(cr), wal_bytes(cr)
        # of all cursors: the journal has one of its own
        wall, cpu, statements = time.time(), time.process_time(), sql_db.sql_counter
        result = work()
        cr.commit()
        report(
            way,
            messages=count,
            wall=time.time() - wall,
            cpu=time.process_time() - cpu,
            statements=sql_db.sql_counter - statements,
            database_cpu=database_cpu(cr) - database,
            wal_bytes=wal_bytes(cr) - wal,
            peak_mb=peak_mb(),
        )
        return result
