from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import freezegun

from odoo import fields
from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.mass_mailing_campaign.engine import job_time
from odoo.addons.mass_mailing_campaign.models.checkup import dns_records
from odoo.addons.mass_mailing_campaign.models.checkup.mail_server import MailServerCheck
from odoo.addons.mass_mailing_campaign.models.checkup.public_address import PublicAddressCheck
from odoo.addons.mass_mailing_campaign.models.sending.ir_cron import DELIVERY_CRON
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user, tagged

from .smtp_server import SmtpServer

DATA = Path(__file__).with_name("data")
ALL_CAMPAIGNS = "mass_mailing_campaign.group_all_campaigns"
# As long as many are: an URL with a token does not fit a mail's line of 78 characters.
BASE_URL = "https://newsletter.a-subsidiary.of-our-company-group.example"
# Names that people and imports give to contacts.
ODD_NAMES = [
    "Bike@Home",
    "a@b.example, c@d.example",
    '"O\'Hara, Zoë" <zoe@other.example>',
    "سارة العلي",
    "Zoë 🌷",
    "Борис Ёлкин " * 25,
    "Anna Maria " * 28,
    "Anna\r\nBcc: all@example.com",
    "=?utf-8?q?=0D=0ABcc:_all@example.com?=",
]


@contextmanager
def running_clock(moment):
    """A clock that begins at a moment and runs on; what is yielded puts it to another moment.

    One for many moments: each that begins or ends looks through all modules that are loaded.
    """
    with freezegun.freeze_time(moment, tick=True) as clock:

        def put_to(moment):
            # not by a name of this module, for those are frozen, too
            clock.time_to_freeze, clock.start = moment, freezegun.api.real_datetime.now()

        yield put_to


def mail(name):
    """The text of a mail in ``tests/data``, with places to fill in."""
    return (DATA / f"{name}.eml").read_text()


class Session:
    """What Odoo asks of an SMTP session while it prepares a message."""

    from_filter = False
    smtp_from = False


class MassEmailData:
    """Targets, lists, a campaign and mass emails; mixed into TransactionCase or HttpCase."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(
            context=dict(cls.env.context, tracking_disable=True, no_reset_password=True)
        )
        # nobody asks the DNS, whatever is installed
        cls.startClassPatcher(patch.object(dns_records, "is_installed", lambda _library: False))
        parameters = cls.env["ir.config_parameter"]
        parameters.set_param("web.base.url", BASE_URL)
        parameters.set_param("mass_mailing_campaign.portion_size", "1000")
        parameters.set_param("mass_mailing_campaign.open_tracking", "True")
        parameters.set_param("mass_mailing_campaign.opt_out_optional", False)
        # other mass emails of the database stay out of the tests
        cls.env["mailing.mailing"].search([]).write({"state": "done"})
        cls.env["mailing.trace"].sudo().search([("portion_datetime", "!=", False)]).write(
            {"portion_datetime": False}
        )
        cls.marketer = new_test_user(
            cls.env,
            login="marketer",
            name="Marta Marketer",
            email="marta@example.com",
            groups=ALL_CAMPAIGNS,
        )
        cls.seller = new_test_user(
            cls.env,
            login="seller",
            name="Sam Seller",
            email="sam@example.com",
            groups=f"{ALL_CAMPAIGNS},sales_team.group_sale_salesman",
        )
        cls.target_list = cls._list("Customers")
        cls.excluding_list = cls._list("Competitors")
        cls.campaign = cls.env["utm.campaign"].create(
            {
                "title": "Summer",
                "campaign_type": "newsletter",
                "target_list_ids": [Command.set(cls.target_list.ids)],
                "excluding_list_ids": [Command.set(cls.excluding_list.ids)],
            }
        )
        cls.offer = cls._tracking_url("Offer", "https://www.example.com/offer")
        cls.demo = cls._tracking_url("Demo", "https://www.example.com/demo")

    @classmethod
    def _list(cls, name, *contacts):
        return cls.env["mailing.list"].create(
            {"name": name, "contact_ids": [Command.link(contact.id) for contact in contacts]}
        )

    @classmethod
    def _contact(cls, name, *lists, email=None, **values):
        email = email or f"{name.lower()}@example.com"
        return cls.env["mailing.contact"].create(
            {
                "name": name,
                "email": email,
                "subscription_ids": [Command.create({"list_id": each.id}) for each in lists],
                **values,
            }
        )

    @classmethod
    def _contacts(cls, count, *lists):
        return cls.env["mailing.contact"].create(
            [
                {
                    "name": f"Target {number}",
                    "email": f"target{number:05}@example.com",
                    "subscription_ids": [Command.create({"list_id": each.id}) for each in lists],
                }
                for number in range(count)
            ]
        )

    @classmethod
    def _odd_contacts(cls, *lists):
        return cls.env["mailing.contact"].concat(
            *(
                cls._contact(name, *lists, email=f"odd{number}@example.com")
                for number, name in enumerate(ODD_NAMES)
            )
        )

    @classmethod
    def _tracking_url(cls, title, url, campaign=None):
        return cls.env["link.tracker"].create(
            {
                "is_tracking_url": True,
                "title": title,
                "url": url,
                "campaign_id": (campaign or cls.campaign).id,
            }
        )

    @classmethod
    def _mass_email(cls, body=None, **values):
        return cls.env["mailing.mailing"].create(
            {
                "delivery_mode": "portions",
                "campaign_id": cls.campaign.id,
                "subject": "News for {{ object.name }}",
                "body_arch": body
                or '<p>Dear <t t-out="object.name">friend</t>,</p>'
                f'<p><a href="{cls.offer.placeholder}">offer</a></p>',
                "schedule_date": fields.Datetime.now(),
                "email_from": '"Garden" <news@garden.example.com>',
                "user_id": cls.marketer.id,
                **values,
            }
        )

    @classmethod
    def set_setting(cls, name, value):
        """Set one of the addon's settings."""
        cls.env["ir.config_parameter"].set_param(f"mass_mailing_campaign.{name}", str(value))

    def dns(self, records):
        """Patcher: a resolver that knows these TXT records."""
        return patch.object(dns_records, "_texts", lambda host, _patience: records.get(host, []))

    # ------------------------------------------------------------
    # Delivery
    # ------------------------------------------------------------

    @contextmanager
    def smtp(self, **manners):
        """A real SMTP server that all mail of the test goes to.

        :param manners: those of ``SmtpServer``; Odoo is told how to go along with them
        """
        with SmtpServer(**manners) as server:
            user, password = server.auth or (False, False)
            mail_servers = self.env["ir.mail_server"]
            mail_servers.search([]).active = False
            mail_servers.create(
                {
                    "name": "Loopback",
                    "smtp_host": "127.0.0.1",
                    "smtp_port": server.port,
                    "smtp_encryption": "starttls" if server.ca else "none",
                    "smtp_user": user,
                    "smtp_pass": password,
                    "from_filter": "garden.example.com",
                }
            )
            with patch.object(IrMail_Server, "_disable_send", lambda _self: False):
                yield server

    def run_delivery(self):
        """One run of the delivery cron, in a transaction of its own."""
        job_time._work.__dict__.clear()  # as if the worker had been idle
        with self.enter_registry_test_mode():
            self.env.ref(DELIVERY_CRON).sudo().method_direct_trigger()
        self.env.invalidate_all()

    def send(self, mailing, server=None):
        """Send a mass email to its end."""
        mailing.action_set_pending()
        if server:
            self.run_delivery()
            return
        with self.smtp():
            self.run_delivery()

    def lane_switched_off(self):
        """The lane, switched off: all that the check-up finds, for nobody is asked outside."""
        for check in (MailServerCheck, PublicAddressCheck):
            self.patch(check, "findings", lambda check: [check.good("Fine")])
        lane = self.env.ref(DELIVERY_CRON)
        lane.write({"active": False, "nextcall": fields.Datetime.now() + timedelta(hours=1)})
        return lane

    @contextmanager
    def committing(self, record):
        """The record in an environment that may commit."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            yield record.with_env(record.env(cr=cr))
        self.env.invalidate_all()

    def outcomes(self, mailing):
        """``{contact name: why she is not mailed, or how her message stands}``"""
        return {
            trace.contact_id.name: trace.failure_type or trace.trace_status
            for trace in mailing.mailing_trace_ids
        }

    def events(self, mailing):
        """The log of a mass email as a sorted list of (contact name, event type)."""
        events = self.env["mailing.trace.event"].search([("mailing_id", "=", mailing.id)])
        return sorted((event.contact_id.name, event.event_type) for event in events)


@tagged("post_install", "-at_install")
class MassEmailCase(MassEmailData, TransactionCase):
    pass
