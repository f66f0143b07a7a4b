"""What the scripts with the addon share; written for every release that is upgraded from."""

import json
from datetime import timedelta

from odoo.fields import Command, Datetime

LANE = "mass_mailing_campaign.ir_cron_deliver_portions"


def report(**figures):
    print("REPORT", json.dumps(figures), flush=True)


class Material:
    """A campaign for the list Readers, and the lanes run by hand."""

    def __init__(self, env):
        self.env = env
        lists = env["mailing.list"]
        self.readers = lists.search([("name", "=", "Readers")])
        excluding = lists.search([("name", "=", "Odd Addresses")])
        self.campaign = env["utm.campaign"].create(
            {
                "title": "Life",
                "campaign_type": "newsletter",
                "target_list_ids": [Command.set(self.readers.ids)],
                "excluding_list_ids": [Command.set(excluding.ids)],
            }
        )
        self.link = env["link.tracker"].create(
            {
                "is_tracking_url": True,
                "title": "Offer",
                "url": "https://www.example.com/offer",
                "campaign_id": self.campaign.id,
            }
        )

    def settings(self, **values):
        names = {f"mass_email_{name}": value for name, value in values.items()}
        self.env["res.config.settings"].create(names).execute()
        self.env.cr.commit()

    def pending(self, subject, **values):
        """A mass email put in line; its start date has passed."""
        mass_email = self.env["mailing.mailing"].create(
            {
                "delivery_mode": "portions",
                "campaign_id": self.campaign.id,
                "subject": subject,
                "body_arch": '<p>Dear <t t-out="object.name">friend</t>, an'
                f' <a href="{self.link.placeholder}">offer</a> and'
                ' <a href="{optOutUrl}">the way out</a>.</p>',
                "schedule_date": Datetime.now() - timedelta(hours=1),
                "email_from": "news@garden.example.com",
                **values,
            }
        )
        mass_email.action_set_pending()
        self.env.cr.commit()
        return mass_email

    def run_lanes(self):
        self.env.cr.commit()
        self.env.ref(LANE).method_direct_trigger()
        self.env.cr.commit()
        self.env.invalidate_all()
