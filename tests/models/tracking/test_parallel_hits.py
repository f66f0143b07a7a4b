# What parallel database sessions see has to be committed.
# pylint: disable=invalid-commit
import itertools
import threading
from uuid import uuid4

from odoo import SUPERUSER_ID, api, sql_db
from odoo.addons.mass_mailing_campaign.engine.turns import autocommitted
from odoo.tests import tagged

from ...common import MassEmailCase

CLIENTS = 8
HITS = 12


@tagged("post_install", "-at_install")
class TestParallelHits(MassEmailCase):
    """Hits in database sessions of their own, on what was committed."""

    def setUp(self):
        super().setUp()
        self.tokens = [uuid4().hex for _number in range(2)]
        with self.real_cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            campaign = env["utm.campaign"].create({"title": f"Parallel {self.tokens[0]}"})
            links = env["link.tracker"].create(
                [
                    {
                        "is_tracking_url": True,
                        "title": f"Link {number}",
                        "url": "https://www.example.com",
                        "campaign_id": campaign.id,
                    }
                    for number in range(3)
                ]
            )
            mailing = env["mailing.mailing"].create(
                {
                    "delivery_mode": "portions",
                    "subject": "Parallel",
                    "campaign_id": campaign.id,
                    "open_tracking": True,
                }
            )
            traces = env["mailing.trace"].create(
                [
                    {
                        "mass_mailing_id": mailing.id,
                        "model": "mailing.contact",
                        "res_id": 2**30 + number,  # long gone
                        "token": token,
                        "email": f"{token}@example.com",
                        "trace_status": "sent",
                        "sent_datetime": "2020-01-01",
                    }
                    for number, token in enumerate(self.tokens)
                ]
            )
            self.mailing_id, self.links = mailing.id, links.ids
            self.made = [traces, mailing, links, campaign]
            cr.commit()
        self.addCleanup(self.clean_up)

    def clean_up(self):
        with self.real_cursor() as cr:
            cr.execute("DELETE FROM mailing_trace_event WHERE mailing_id = %s", [self.mailing_id])
            cr.execute("DELETE FROM link_tracker WHERE id = ANY(%s)", [self.links])
            for records in self.made:
                records.with_env(records.env(cr=cr)).exists().unlink()
            cr.commit()

    def real_cursor(self):
        return sql_db.db_connect(self.env.cr.dbname).cursor()

    def hit(self, link_id, times, start, errors):
        try:
            with self.real_cursor() as cr, autocommitted(cr):
                traces = api.Environment(cr, SUPERUSER_ID, {})["mailing.trace"]
                start.wait(60)
                for _time in range(times):
                    traces._receive_hit(self.tokens[0], link_id)
        except Exception as error:
            errors.append(error)

    def play(self, links, times):
        errors, start = [], threading.Barrier(CLIENTS)
        threads = [
            threading.Thread(target=self.hit, args=(link, times, start, errors))
            for link in itertools.islice(itertools.cycle(links), CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertFalse(errors)
        with self.real_cursor() as cr:
            cr.execute(
                "SELECT event_type, COALESCE(made_by, 'person'), COUNT(*) FROM mailing_trace_event"
                " WHERE mailing_id = %s GROUP BY 1, 2 ORDER BY 1, 2",
                [self.mailing_id],
            )
            return cr.fetchall()

    def test_many_on_one_message_and_one_url_get_no_error_and_count_once(self):
        lines = self.play([None, self.links[0]], HITS)
        self.assertEqual(lines, [("clicked", "person", 1), ("opened", "person", 1)])

    def test_who_opens_all_links_in_parallel_is_a_machine(self):
        lines = self.play(self.links, 1)
        self.assertIn(("clicked", "machine", 3), lines)
        self.assertNotIn("clicked person", [f"{kind} {who}" for kind, who, _count in lines])

    def test_a_hit_does_not_wait_for_who_does_something_else_with_its_url(self):
        with self.real_cursor() as other:
            other.execute("UPDATE link_tracker SET count = 1 WHERE id = %s", [self.links[0]])
            with self.real_cursor() as cr, autocommitted(cr):
                cr.execute("SET lock_timeout = '2s'")
                traces = api.Environment(cr, SUPERUSER_ID, {})["mailing.trace"]
                self.assertTrue(traces._receive_hit(self.tokens[1], self.links[0]))
                cr.execute("RESET lock_timeout")
            other.rollback()
