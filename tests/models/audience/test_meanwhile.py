from contextlib import contextmanager
from unittest.mock import patch
from uuid import uuid4

from odoo.addons.mass_mailing_campaign.engine.run import Run
from odoo.addons.mass_mailing_campaign.models.queue import mailing_mailing as queue
from odoo.fields import Command
from odoo.service.model import retrying
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ...real_sessions import RealSessions

ADDRESS = ["mailing_contact", "address"]


@tagged("post_install", "-at_install")
class MeanwhileCase(RealSessions, TransactionCase):
    """Two partners, one of them a member of the target list of a mass email."""

    def begin_anew(self):
        self.doCleanups()
        self.threads, self.errors = [], []
        self.name = uuid4().hex
        with self.real_env() as env:
            self.partners = env["res.partner"].create(
                [{"name": f"{self.name} {n}", "email": f"{n}{self.name}@x.example"} for n in (1, 2)]
            )
            self.contacts = env["mailing.contact"]._for_records(self.partners)
            self.contacts = self.contacts.sorted("partner_id")
            self.lists = env["mailing.list"].create(
                [{"name": f"{self.name} {name}"} for name in ("targets", "excluding", "heir")]
            )
            self.targets, self.excluding, self.heir = self.lists
            self.targets.contact_ids = self.contacts[1]
            self.campaign = env["utm.campaign"].create({"title": self.name})
            self.mailing = self.make_mass_email(env)
            self.mailing.state = "in_queue"
        self.addCleanup(self.clean_up)

    def make_mass_email(self, env):
        return env["mailing.mailing"].create(
            {
                "delivery_mode": "portions",
                "subject": self.name,
                "campaign_id": self.campaign.id,
                "contact_list_ids": [Command.set(self.targets.ids)],
            }
        )

    def clean_up(self):
        with self.real_env() as env:
            mailings = env["mailing.mailing"].search([("subject", "=", self.name)])
            mailings.write({"state": "done"})
            traces = env["mailing.trace"].search([("mass_mailing_id", "in", mailings.ids)])
            env["mailing.trace.event"].search([("trace_id", "in", traces.ids)]).unlink()
            traces.unlink()
            mailings.unlink()
            contacts = env["mailing.contact"].search([("email", "ilike", self.name)])
            addresses = self.partners.with_env(env).exists().mapped("email")
            for records in (self.campaign, contacts, self.partners, self.lists):
                self.of(env, records).exists().unlink()
            for address in addresses:
                env["mailing.erased.address"]._of(address).unlink()

    def of(self, env, records):
        return records.with_env(env)


class TestQueueMeanwhile(MeanwhileCase):
    """Who becomes another, or nobody, while a queue is being built."""

    def merge(self, env):
        kept, gone = self.of(env, self.partners)
        retrying(lambda: env["mailing.contact"]._merge_records(gone, kept), env)

    def erase(self, env):
        erased = env["mailing.erased.address"]
        address = self.of(env, self.contacts[1]).address
        retrying(lambda: erased._erase(address), env)

    def build_in_both_orders(self, deed, check):
        """Do something while a queue is built, or before that in a lane that has begun.

        :param check: called with an environment and the rows that it has afterwards
        """
        for is_before in (True, False):
            with self.subTest(is_before=is_before):
                self.begin_anew()
                self.build_beside(deed, is_before)
                with self.real_env() as env:
                    check(env, self.of(env, self.mailing).mailing_trace_ids)

    def build_beside(self, deed, is_before):
        with self.real_env() as env:
            mailing = self.of(env, self.mailing)
            if is_before:
                self.assertEqual(mailing.state, "in_queue")  # its transaction begins
                self.start(deed)
                self.join()
                mailing._go_on_with_queue()
            else:
                mailing.try_lock_for_update()
                mailing._build_queue()
                env.flush_all()
                self.begin(env.cr, deed)
        self.join()

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_who_is_merged_meanwhile_has_one_outcome(self):
        def check(env, rows):
            self.assertEqual(rows.mapped("trace_status"), ["outgoing"])
            self.assertEqual(rows.contact_id, self.of(env, self.contacts[0]))

        self.build_in_both_orders(self.merge, check)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_who_is_erased_meanwhile_is_nowhere(self):
        def check(_env, rows):
            self.assertFalse(any(rows.mapped("email")))

        self.build_in_both_orders(self.erase, check)

    def build_first_part(self):
        """Build the queue for one of two members."""
        self.begin_anew()
        self.enterContext(patch.object(queue, "MEMBERS_AT_ONCE", 1))
        with self.real_env() as env:
            self.of(env, self.targets).contact_ids = self.of(env, self.contacts)
            self.of(env, self.mailing)._build_queue()

    def pause(self, env):
        self.of(env, self.mailing).action_pause()

    @mute_logger("odoo.sql_db")
    def test_who_pauses_it_between_two_parts_waits_for_one_at_most(self):
        self.build_first_part()
        with self.real_env() as env:
            mailing = self.of(env, self.mailing)
            mailing.try_lock_for_update()
            mailing._build_queue()
            env.flush_all()
            self.begin(env.cr, self.pause)
        self.join()
        with self.real_env() as env:
            mailing = self.of(env, self.mailing)
            self.assertTrue(mailing.is_paused and mailing.is_queue_partial)
            self.assertEqual(len(mailing.mailing_trace_ids), 2)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_who_is_merged_between_two_parts_has_one_outcome(self):
        self.build_first_part()
        with self.real_env() as env:
            mailing = self.of(env, self.mailing)
            self.assertTrue(mailing.is_queue_partial)  # its transaction begins
            self.start(self.merge)
            self.join()
            mailing._go_on_with_queue()
        with self.real_env() as env:
            rows = self.of(env, self.mailing).mailing_trace_ids
            self.assertEqual(rows.mapped("res_id"), self.contacts[0].ids)

    def test_a_row_that_somebody_holds_holds_up_no_claim(self):
        self.begin_anew()
        with self.real_env() as env:
            self.of(env, self.targets).contact_ids = self.of(env, self.contacts)
            self.of(env, self.mailing)._build_queue()
        with self.real_env() as holding, self.real_env() as env:
            held = self.of(holding, self.mailing).mailing_trace_ids.sorted("id")[0]
            self.assertTrue(held.try_lock_for_update())
            mailing = self.of(env, self.mailing)
            env.cr.execute("SET lock_timeout TO '100ms'")
            claimed = env["mailing.trace"]._claim(
                mailing, Run(mailing, env["ir.mail_server"], ""), 5
            )
            env.cr.execute("RESET lock_timeout")
            env["mailing.portion.count"]._forget()
            self.assertEqual(len(claimed), 1)
            self.assertNotEqual(claimed[0].id, held.id)

    def test_an_administrators_limit_of_statements_does_not_end_the_building_of_a_queue(self):
        self.begin_anew()
        with self.real_env() as env:
            env.cr.execute("SET LOCAL statement_timeout TO '1h'")
            self.of(env, self.mailing)._build_queue()
            env.cr.execute("SHOW statement_timeout")
            self.assertEqual(env.cr.fetchone(), ("0",))

    def forget_addresses(self):
        """Have PostgreSQL know nothing of them, as after its upgrade."""
        self.begin_anew()
        with self.real_env() as env:
            env.cr.execute("ALTER TABLE mailing_contact ALTER address TYPE varchar")
        self.addCleanup(self.know_addresses)

    def know_addresses(self):
        with self.real_env() as env:
            env["mailing.trace"]._know_addresses()

    @contextmanager
    def settings_of_role(self, env, **settings):
        for name, value in settings.items():
            env.cr.execute("SELECT set_config(%s, %s, FALSE)", [name, value])
        env.cr.commit()
        try:
            yield
        finally:
            env.cr.rollback()
            env.cr.execute("RESET ALL")

    def test_an_administrators_limit_of_statements_ends_no_job_that_has_addresses_known(self):
        self.forget_addresses()
        with self.real_env() as env:
            # as of a large table: a tenth of a second for each of its pages
            slow = {
                "statement_timeout": "300ms",
                "vacuum_cost_delay": "100ms",
                "vacuum_cost_limit": "1",
            }
            with self.settings_of_role(env, **slow):
                env["mailing.trace"]._know_addresses()
            env.cr.execute("SELECT FROM pg_stats WHERE (tablename, attname) = (%s, %s)", ADDRESS)
            self.assertTrue(env.cr.rowcount)

    def test_a_job_that_has_addresses_known_waits_for_nobody_who_reindexes_them(self):
        self.forget_addresses()
        with self.real_env() as holding, self.real_env() as env:
            holding.cr.execute("LOCK TABLE mailing_contact IN SHARE UPDATE EXCLUSIVE MODE")
            with self.settings_of_role(env, lock_timeout="100ms"):
                env["mailing.trace"]._know_addresses()

    def test_who_comes_back_while_a_user_ends_the_mass_email_has_an_outcome(self):
        self.begin_anew()
        with self.real_env() as env:
            mailing = self.of(env, self.mailing)
            mailing._build_queue()
            run = Run(mailing, env["ir.mail_server"], "")
            self.assertEqual(len(env["mailing.trace"]._claim(mailing, run, 5)), 1)
            env["mailing.portion.count"]._forget()
            end = type(env["mailing.journal.run"])._end_claims

        def end_beside(runs, *args, **kwargs):
            end(runs, *args, **kwargs)
            self.start(lambda env: self.of(env, self.mailing).action_end())
            self.join()

        with self.real_env() as env:
            runs = env["mailing.journal.run"]
            with patch.object(type(runs), "_end_claims", end_beside):
                runs._end(run.key)
        with self.real_env() as env:
            rows = self.of(env, self.mailing).mailing_trace_ids
            self.assertEqual(rows.mapped("failure_type"), ["ended"])


class TestExclusionMeanwhile(MeanwhileCase):
    """Lists that exclude, whatever another user does at the same moment."""

    def add(self, env):
        commands = [Command.link(self.excluding.id)]
        mailing = self.of(env, self.mailing)
        retrying(lambda: mailing.write({"excluding_list_ids": commands}), env)

    def delete(self, env):
        retrying(self.of(env, self.excluding).unlink, env)

    def merge_lists(self, env):
        heir = self.of(env, self.heir)
        retrying(lambda: heir.action_merge(self.of(env, self.excluding), True), env)

    def exclude_in_campaign(self, env):
        commands = [Command.link(self.excluding.id)]
        campaign = self.of(env, self.campaign)
        retrying(lambda: campaign.write({"excluding_list_ids": commands}), env)

    def another(self, env):
        retrying(lambda: self.make_mass_email(env), env)

    def beside(self, first, second):
        """Do one thing, and begin the other before that is committed."""
        with self.real_env() as env:
            self.without_commit(first, env)
            self.begin(env.cr, second)
        for thread in self.threads:
            thread.join()

    def without_commit(self, deed, env):
        commit = env.cr.commit
        env.cr.commit = lambda: None
        try:
            deed(env)
            env.flush_all()
        finally:
            env.cr.commit = commit

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_a_list_that_is_deleted_and_made_to_exclude_at_once_is_not_lost_in_silence(self):
        for first, second in ((self.add, self.delete), (self.delete, self.add)):
            self.begin_anew()
            self.beside(first, second)
            [(failed, _error)] = self.errors
            self.assertEqual(failed, second.__name__, "who comes second is told")
            with self.real_env() as env:
                mailing = self.of(env, self.mailing)
                self.assertEqual(mailing.excluding_list_ids, self.of(env, self.excluding).exists())

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_a_list_that_is_merged_and_made_to_exclude_at_once_excludes_as_before(self):
        for first, second in ((self.add, self.merge_lists), (self.merge_lists, self.add)):
            self.begin_anew()
            with self.real_env() as env:
                self.of(env, self.excluding).contact_ids = self.of(env, self.contacts[1])
            self.beside(first, second)
            self.join()
            with self.real_env() as env:
                self.of(env, self.mailing)._build_queue()
                rows = self.of(env, self.mailing).mailing_trace_ids
                self.assertEqual(rows.mapped("failure_type"), ["excluded"], first.__name__)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_a_mass_email_made_while_its_campaign_gets_an_excluding_list_has_it(self):
        for first, second in (
            (self.exclude_in_campaign, self.another),
            (self.another, self.exclude_in_campaign),
        ):
            self.begin_anew()
            self.beside(first, second)
            self.join()
            with self.real_env() as env:
                mailings = self.of(env, self.campaign).mass_email_ids
                self.assertEqual(len(mailings), 2)
                for mailing in mailings:
                    with self.subTest(first=first.__name__, mailing=mailing):
                        self.assertEqual(mailing.excluding_list_ids, self.of(env, self.excluding))
