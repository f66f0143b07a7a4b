# What parallel database sessions see has to be committed.
# pylint: disable=invalid-commit
import threading
from itertools import product
from unittest.mock import patch
from uuid import uuid4

from odoo.addons.mass_mailing_campaign.delivery.bounce import Kind
from odoo.addons.mass_mailing_campaign.delivery.report import Report
from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome, Result
from odoo.addons.mass_mailing_campaign.engine.turns import again_at_once
from odoo.addons.mass_mailing_campaign.models.response.mailing_trace import MailingTrace
from odoo.service.model import retrying
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...common import MassEmailCase, mail
from ...real_sessions import RealSessions

PLACES_OF_AN_ADDRESS = [
    ("mailing.trace", "email"),
    ("mailing.trace.event", "email"),
    ("mailing.address", "address"),
    ("mailing.opt.out", "email"),
    ("mail.blacklist", "email"),
]
CLIENTS = 4  # for each of four things that happen


@tagged("post_install", "-at_install")
class TestAllAtOnce(RealSessions, MassEmailCase):
    """Opening, opt-out, bounce and settle of a message, in database sessions of their own."""

    def setUp(self):
        super().setUp()
        self.key, self.token = uuid4().hex, uuid4().hex
        self.address = f"{self.token}@example.com"
        with self.real_env() as env:
            target_list = env["mailing.list"].create({"name": self.token})
            contact = env["mailing.contact"].create(
                {"name": "Anna", "email": self.address, "list_ids": target_list.ids}
            )
            campaign = env["utm.campaign"].create({"title": self.token})
            mailing = env["mailing.mailing"].create(
                {
                    "delivery_mode": "portions",
                    "subject": "All at once",
                    "campaign_id": campaign.id,
                    "contact_list_ids": target_list.ids,
                    "open_tracking": True,
                }
            )
            trace = env["mailing.trace"].create(
                {
                    "mass_mailing_id": mailing.id,
                    "model": "mailing.contact",
                    "res_id": contact.id,
                    "token": self.token,
                    "email": self.address,
                    "trace_status": "process",
                    "claim_key": self.key,
                    "claim_number": 1,
                    "portion_datetime": "2020-01-01",
                    "target_list_id": target_list.id,
                }
            )
            self.trace_id, self.list_id = trace.id, target_list.id
            result = Result(trace.id, Outcome.SENT, "250 ok", "<1@x>")
            env["mailing.journal.ack"]._acknowledge(env.cr, self.key, [(1, result)], True)
            self.made = [trace, mailing, contact, target_list, campaign]
        self.addCleanup(self.clean_up)

    def clean_up(self):
        with self.real_env() as env:
            env.cr.execute("DELETE FROM mailing_trace_event WHERE email = %s", [self.address])
            env.cr.execute("DELETE FROM mailing_address WHERE address = %s", [self.address])
            env.cr.execute("DELETE FROM mail_blacklist WHERE email = %s", [self.address])
            env.cr.execute("DELETE FROM mailing_journal_ack WHERE run_key = %s", [self.key])
            for records in self.made:
                records.with_env(env).exists().unlink()
            env["mailing.erased.address"]._of(self.address).unlink()

    def trace(self, env):
        return env["mailing.trace"].browse(self.trace_id)

    def list(self, env):
        return env["mailing.list"].browse(self.list_id)

    def open(self, env):
        for _time in range(5):
            env["mailing.trace"]._receive_hit_now(self.token)

    def opt_out(self, env):
        again_at_once(env, self.trace(env)._receive_opt_out)

    def bounce(self, env):
        words = "550 5.1.1 no such user"
        report = Report(Kind.FINAL, addresses=(self.address,), words=words)
        self.trace(env)._receive_report_now(report)

    def settle(self, env):
        env["mailing.journal.ack"]._settle(self.key, 0)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_none_is_refused_for_another_and_nothing_is_lost(self):
        deeds = [self.open, self.opt_out, self.bounce, self.settle] * CLIENTS
        start = threading.Barrier(len(deeds))
        for deed in deeds:
            self.start(deed, start)
        self.join()
        with self.real_env() as env:
            trace = self.trace(env)
            self.assertEqual((trace.trace_status, trace.failure_type), ("bounce", "mail_bounce"))
            self.assertTrue(trace.sent_datetime)
            self.assertTrue(trace._is_opted_out())
            self.assertTrue(
                env["mailing.address"].search([("address", "=", self.address)]).dead_datetime
            )
            events = env["mailing.trace.event"].search([("trace_id", "=", trace.id)])
            self.assertEqual(
                set(events.mapped("event_type")), {"bounced", "opened", "opted_out", "sent"}
            )
            # who opens right after sending is a machine
            self.assertEqual(len(events), len({(each.event_type, each.made_by) for each in events}))

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_an_opening_is_not_lost_for_an_answer_at_the_same_moment(self):
        with self.real_env() as env:
            self.trace(env).trace_status = "sent"
        log_event = MailingTrace._log_event

        def log_while_it_is_opened(traces, *args, **kwargs):
            traces.flush_recordset()
            if not self.threads:
                self.begin(traces.env.cr, self.open)
            return log_event(traces, *args, **kwargs)

        self.patch(MailingTrace, "_log_event", log_while_it_is_opened)
        with self.real_env() as env:
            self.trace(env)._receive_reply_now(is_by_program=False)
        self.join()

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_an_opening_is_not_lost_for_who_is_deleted_at_the_same_moment(self):
        with self.real_env() as env:
            env["mailing.contact"].search([("email", "=", self.address)]).unlink()
            env.flush_all()
            self.begin(env.cr, self.open)
        self.join()
        with self.real_env() as env:
            lines = env["mailing.trace.event"].search([("trace_id", "=", self.trace_id)])
            self.assertIn("opened", lines.mapped("event_type"))

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_who_opts_out_while_her_list_is_merged_has_left_what_it_was_merged_into(self):
        with self.real_env() as env:
            heir = env["mailing.list"].create({"name": f"Heir {self.token}"})
            self.made.append(heir)
        with self.real_env() as env:
            heir.with_env(env).action_merge(self.list(env), True)
            env.flush_all()
            self.begin(env.cr, self.opt_out)
        self.join()
        with self.real_env() as env:
            self.assertTrue(heir.with_env(env).subscription_ids.opt_out)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_a_list_that_is_merged_while_she_opts_out_takes_that_along(self):
        with self.real_env() as env:
            heir = env["mailing.list"].create({"name": f"Heir {self.token}"})
            self.made.append(heir)

        def merge(env):
            retrying(lambda: heir.with_env(env).action_merge(self.list(env), True), env)

        with self.real_env() as env:
            self.trace(env)._receive_opt_out()
            env.flush_all()
            self.begin(env.cr, merge)
        self.join()
        with self.real_env() as env:
            self.assertTrue(heir.with_env(env).subscription_ids.opt_out)

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_an_answer_is_not_lost_for_an_opening_at_the_same_moment(self):
        message_id = f"<{self.token}@x>"
        with self.real_env() as env:
            self.trace(env).message_id = message_id
        answer = mail("reply").format(number=self.token, message_id=message_id)
        answer = answer.replace("anna@example.com", self.address)
        with self.real_env() as env:
            # the gateway has begun its transaction by now
            self.assertEqual(self.trace(env).trace_status, "process")
            with self.real_env() as other:
                self.open(other)
                self.trace(other).links_click_datetime = "2020-01-01"
            gateway = env["mail.thread"].with_context(default_fetchmail_server_id=1)
            gateway.message_process("mailing.contact", answer)
        with self.real_env() as env:
            self.made += env["mailing.contact"].search([("email", "=", self.address)])
            self.assertEqual(self.trace(env).trace_status, "reply")

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_who_is_erased_at_the_moment_of_what_comes_back_is_nowhere(self):
        parameters = type(self.env["ir.config_parameter"])
        setting = parameters._mass_email_setting
        self.startClassPatcher(
            patch.object(
                parameters,
                "_mass_email_setting",
                lambda model, name: name == "keep_hits" or setting(model, name),
            )
        )
        deeds = (self.open, self.bounce, self.opt_out, self.answer)
        for is_target, is_before, deed in product((True, False), (True, False), deeds):
            with self.real_env() as env:
                self.trace(env).trace_status = "sent"
                if not is_target:
                    env["mailing.contact"].search([("email", "=", self.address)]).unlink()
            self.erase_beside(deed, is_before)
            with (
                self.real_env() as env,
                self.subTest(deed=deed.__name__, is_target=is_target, is_before=is_before),
            ):
                for model, name in PLACES_OF_AN_ADDRESS:
                    found = env[model].search([(name, "=", self.address)])
                    self.assertFalse(found, model)
                self.assertFalse(
                    env["mailing.trace.hit"].search([("trace_id", "=", self.trace_id)])
                )
            self.doCleanups()
            self.setUp()

    def erase_beside(self, deed, is_before):
        """Erase her while something comes back, which is begun before or after that is written."""
        with self.real_env() as env:
            erased = env["mailing.erased.address"]

            def erase():
                self.trace(env).exists()  # the transaction begins
                if is_before and not self.threads:
                    self.begin(env.cr, deed)
                erased._erase(self.address)
                env.flush_all()
                if not is_before:
                    self.begin(env.cr, deed)

            retrying(erase, env)
        self.join()

    def answer(self, env):
        self.trace(env)._receive_reply_now(is_by_program=False)
