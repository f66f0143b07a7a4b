import functools
import random
import resource
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from psycopg2.errors import InvalidSqlStatementName
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo import fields
from odoo.addons.mass_mailing_campaign.delivery import allowance
from odoo.addons.mass_mailing_campaign.delivery.transport import Outcome, Result
from odoo.addons.mass_mailing_campaign.engine import job, job_time, run, shutdown
from odoo.addons.mass_mailing_campaign.engine.letter import Letter
from odoo.addons.mass_mailing_campaign.engine.spliced_letter import SplicedLetter
from odoo.addons.mass_mailing_campaign.models.message.mailing_trace import STANDINGS
from odoo.addons.mass_mailing_campaign.models.sending.ir_mail_server import IrMailServer
from odoo.addons.mass_mailing_campaign.models.sending.mailing_journal_ack import MailingJournalAck
from odoo.addons.mass_mailing_campaign.models.sending.mailing_trace import MailingTrace
from odoo.addons.mass_mailing_campaign.models.settling.mailing_journal_ack import SETBACKS_OF_A_DAY
from odoo.exceptions import UserError
from odoo.tests import TransactionCase
from odoo.tools import config

from ..common import DELIVERY_CRON, MassEmailCase, running_clock

UNRULY = ["hang up", "421 busy", "451 later", "450 4.2.1 too many", "554 5.7.1 no"]


class TestRun(MassEmailCase):
    """One recipient in trouble costs herself, not the others."""

    def setUp(self):
        super().setUp()
        self.set_setting("smtp_sessions", 1)
        self.enterContext(patch.object(allowance, "FIRST_REST", 0.001))

    def addresses(self, *numbers):
        return [f"target{number:05}@example.com" for number in numbers]

    def test_recipients_who_break_sessions_do_not_hold_up_the_others(self):
        self._contacts(10, self.target_list)
        self.set_setting("portion_size", 5)
        mailing = self._mass_email()
        now = fields.Datetime.now()
        with self.smtp() as server, running_clock(now) as put_to:
            for address in self.addresses(0, 1, 2):
                server.replies[address] = "hang up"
            mailing.action_set_pending()
            for hours in range(12):
                for minutes in (0, 1):
                    put_to(now + timedelta(hours=hours, minutes=minutes))
                    self.run_delivery()
        self.assertEqual(server.addresses(), self.addresses(*range(3, 10)))
        self.assertEqual((mailing.state, mailing.failed_count), ("done", 3))

    def test_one_mailbox_that_is_busy_does_not_hold_up_the_others(self):
        self._contacts(8, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            for address in self.addresses(0, 1, 2, 3, 4, 5):
                server.replies[address] = "450 4.2.1 receives too many messages"
            self.send(mailing, server)
        self.assertEqual(server.addresses(), self.addresses(6, 7))
        self.assertFalse(mailing.delivery_issue)

    def test_a_server_that_is_busy_for_days_gives_nobody_up(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email()
        now = fields.Datetime.now()
        with self.smtp() as server, running_clock(now) as put_to:
            server.replies["MAIL"] = "421 4.3.2 busy"
            mailing.action_set_pending()
            for hours in range(0, 72, 8):
                put_to(now + timedelta(hours=hours))
                self.run_delivery()
                if not hours:  # as when it was asked every few minutes
                    mailing.mailing_trace_ids.sudo().setback_count = SETBACKS_OF_A_DAY
            self.assertEqual(mailing.waiting_count, 3)
            server.replies.clear()
            put_to(now + timedelta(hours=74))
            self.run_delivery()
        self.assertEqual((len(server.messages), mailing.state), (3, "done"))

    def test_servers_of_every_manner_get_it_once(self):
        tls, login = {"starttls": True}, {"auth": ("garden", "secret")}
        for manners in (
            {},
            {"pipelining": True},
            tls,
            tls | login,
            tls | login | {"pipelining": 1},
        ):
            with self.subTest(manners=manners), self.smtp(**manners) as server:
                target_list = self._list("Every manner")
                self._contacts(30, target_list)
                self._odd_contacts(target_list)
                mailing = self._mass_email(contact_list_ids=target_list)
                self.send(mailing, server)
                addresses = target_list.contact_ids.mapped("address")
                self.assertEqual(server.addresses(), sorted(filter(None, addresses)))
                self.assertEqual(mailing.state, "done")

    def test_a_server_that_wants_a_certificate_gets_it_once(self):
        """Odoo takes another TLS library for it."""
        self._contacts(30, self.target_list)
        mailing = self._mass_email()
        with self.smtp(starttls=True, pipelining=True) as server:
            certificate = server.ca.issue_cert("garden.example.com")
            self.env["ir.mail_server"].search([]).write(
                {
                    "smtp_authentication": "certificate",
                    "smtp_ssl_certificate": b64encode(certificate.cert_chain_pems[0].bytes()),
                    "smtp_ssl_private_key": b64encode(certificate.private_key_pem.bytes()),
                }
            )
            self.send(mailing, server)
        self.assertEqual(server.addresses(), self.addresses(*range(30)))
        self.assertEqual(mailing.state, "done")

    def test_who_is_deleted_behind_her_claim_holds_nobody_up(self):
        self._contacts(5, self.target_list)
        deleted = self._contact("Dora", self.target_list)
        mailing = self._mass_email()
        compose = Letter.compose

        def delete(letter, *args):
            deleted.with_env(letter.env).exists().unlink()
            return compose(letter, *args)

        with self.smtp() as server, patch.object(Letter, "compose", delete):
            self.send(mailing, server)
            self.run_delivery()
        self.assertEqual(len(server.messages), 5)
        self.assertFalse(mailing.delivery_issue)
        self.assertEqual(mailing.state, "done")
        trace = mailing.mailing_trace_ids.filtered(lambda each: each.res_id == deleted.id)
        self.assertEqual((trace.trace_status, trace.failure_type), ("cancel", "archived"))

    def test_who_alone_is_refused_does_not_stop_the_mass_email(self):
        self._contacts(10, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies[self.addresses(1)[0]] = "550 5.7.1 not for you"
            self.send(mailing, server)
        self.assertEqual(len(server.messages), 9)
        self.assertFalse(mailing.delivery_issue)
        self.assertEqual(mailing.waiting_count, 1)

    def test_refused_ones_with_somebody_taken_in_between_do_not_stop_the_mass_email(self):
        self._contacts(10, self.target_list)
        mailing = self._mass_email()
        refused = self.addresses(0, 1, 2, 4, 5, 6)
        self.assertGreater(len(refused), run.REFUSALS_OF_A_STOP)
        with self.smtp() as server:
            server.replies = dict.fromkeys(refused, "550 5.7.1 not for you")
            self.send(mailing, server)
        self.assertEqual(server.addresses(), self.addresses(3, 7, 8, 9))
        self.assertFalse(mailing.delivery_issue)

    def test_several_refused_in_a_row_stop_the_mass_email(self):
        self._contacts(20, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server:
            server.replies["MAIL"] = "550 5.7.1 your address is on a blocklist"
            self.send(mailing, server)
        self.assertIn("blocklist", mailing.delivery_issue)
        attempts = mailing.mailing_trace_ids.mapped("attempt_count")
        self.assertEqual((attempts.count(1), attempts.count(0)), (5, 15))

    def test_a_sender_who_may_not_send_costs_few_recipients_an_attempt(self):
        self._contacts(20, self.target_list)
        not_ours = dict.fromkeys(self.addresses(*range(20)), "550 relay not permitted")
        for replies in (not_ours, {"DATA": "554 5.2.252 SendAsDenied; not your address"}):
            mailing = self._mass_email()
            with self.subTest(replies), self.smtp() as server:
                server.replies = replies
                self.send(mailing, server)
                self.assertEqual((mailing.waiting_count, mailing.failed_count), (20, 0))
                self.assertEqual(mailing.remedy, "sender")

    def test_a_server_that_knows_nobody_of_whatever_domain_stops_the_mass_email(self):
        count, unknown = (
            run.UNKNOWN_OF_A_STOP + 20,
            "550 5.1.1 User unknown in relay recipient table",
        )
        for domain_count in (4, 2):
            target_list = self._list(f"{domain_count} domains")
            for number in range(count):
                address = f"c{number}@domain{number % domain_count}.example"
                self._contact(f"C{number}", target_list, email=address)
            mailing = self._mass_email(contact_list_ids=target_list)
            with self.subTest(domain_count), self.smtp() as server:
                server.replies = dict.fromkeys(target_list.contact_ids.mapped("email"), unknown)
                self.send(mailing, server)
                if domain_count > 2:
                    self.assertGreaterEqual(mailing.failed_count, run.UNKNOWN_OF_A_STOP)
                    self.assertGreater(mailing.waiting_count, 5)
                    self.assertEqual(mailing.remedy, "sender")
                    self.assertIn("User unknown", mailing.delivery_issue)
                else:  # both may be gone
                    self.assertEqual((mailing.failed_count, mailing.state), (count, "done"))

    def test_a_letter_larger_than_the_server_takes_is_told_and_not_sent(self):
        self._contacts(3, self.target_list)
        file = self.env["ir.attachment"].create({"name": "flyer.pdf", "raw": b"x" * 2 * 1024**2})
        mailing = self._mass_email(attachment_ids=file)
        with self.smtp() as server:
            server.size = 1024**2
            self.send(mailing, server)
            self.assertFalse(server.senders)
            self.assertIn("1.0 MB", mailing.delivery_issue)
            self.assertEqual(mailing.remedy, "sender")
            self.assertFalse(any(mailing.mailing_trace_ids.mapped("attempt_count")))
            server.size = 0  # RFC 1870: there is no limit
            mailing.action_try_now()
            self.run_delivery()
        self.assertEqual((len(server.messages), mailing.state), (3, "done"))

    def test_a_message_that_a_module_would_send_to_others_too_is_not_sent(self):
        self._contacts(3, self.target_list)
        mailing = self._mass_email()
        mail_servers = type(self.env["ir.mail_server"])
        prepare = mail_servers._prepare_email_message__

        def archive(*args):
            sender, recipients, message = prepare(*args)
            return sender, [*recipients, "archive@example.com"], message

        with (
            self.smtp() as server,
            patch.object(mail_servers, "_prepare_email_message__", archive),
        ):
            self.send(mailing, server)
        self.assertFalse(server.messages)
        self.assertIn("Another module", mailing.delivery_issue)

    def test_a_server_that_says_no_at_random_gets_nothing_twice(self):
        for seed in range(4):
            is_pipelined = seed % 2 == 1
            with (
                self.subTest(seed=seed, pipelining=is_pipelined),
                self.smtp(pipelining=is_pipelined) as server,
            ):
                self.play_unruly(random.Random(seed), server)

    def test_a_pause_leaves_what_was_offered_in_the_queue_as_if_nothing_had_been(self):
        self._contacts(30, self.target_list)
        mailing = self._mass_email()

        def is_due(_mailing, _mail_server=None):
            return len(server.messages) < 5

        with (
            self.smtp(pipelining=True) as server,
            patch.object(run, "LOOK_SECONDS", 0),
            patch.object(type(mailing), "_is_due", is_due),
        ):
            self.send(mailing, server)
        taken = set(server.addresses())
        self.assertLess(len(taken), 10)
        traces = mailing.mailing_trace_ids
        self.assertEqual(set(traces.filtered("sent_datetime").mapped("email")), taken)
        waiting = traces.filtered(lambda trace: trace.email not in taken)
        self.assertEqual(set(waiting.mapped("trace_status")), {"outgoing"})
        self.assertEqual(set(waiting.mapped("attempt_count")), {0})
        self.assertFalse(any(waiting.mapped("setback_count")), "no setback either")
        self.assertFalse(any(waiting.mapped("retry_datetime")))

    def play_unruly(self, chance, server):
        target_list = self._list("A seed")
        self._contacts(60, target_list)
        mailing = self._mass_email(contact_list_ids=target_list)
        mailing.action_set_pending()
        now = fields.Datetime.now()
        with running_clock(now) as put_to:
            for hour in range(10):
                trouble = [*UNRULY, *[None] * 40] if hour < 6 else [None]
                server.any_reply = functools.partial(chance.choice, trouble)
                put_to(now + timedelta(hours=hour))
                self.run_delivery()
                mailing.action_try_now()
        taken = set(server.addresses())
        self.assertEqual(len(server.addresses()), len(taken), "somebody got it twice")
        traces = mailing.mailing_trace_ids
        told = {standing: set() for standing, _label in STANDINGS}
        for trace in traces:
            told[trace.standing].add(trace.email)
        self.assertLessEqual(told["taken"], taken)
        self.assertLessEqual(taken, told["taken"] | told["undecided"])

    def test_without_time_limits_a_pause_stops_a_run_all_the_same(self):
        self._contacts(30, self.target_list)
        mailing = self._mass_email()
        limits = {"limit_time_real_cron": 0, "limit_time_real": 0}

        def is_due(_mailing, _mail_server=None):
            return len(server.messages) < 5

        with (
            self.smtp() as server,
            patch.object(config, "options", config.options.new_child(limits)),
            patch.object(run, "LOOK_SECONDS", 0),
            patch.object(type(mailing), "_is_due", is_due),
        ):
            self.send(mailing, server)
        self.assertLess(len(server.messages), 10)

    def test_a_run_taken_for_dead_hands_over_nothing_more(self):
        """Not even when it learns so from a message that could not be composed."""
        self._contacts(3, self.target_list)
        mailing = self._mass_email()
        splice = SplicedLetter._splice

        def fail_first(letter, row, *args):
            result = splice(letter, row, *args)
            if row.email != self.addresses(0)[0]:
                return result
            return Result(row.id, Outcome.BAD_ADDRESS, "no")

        with (
            self.smtp() as server,
            patch.object(MailingJournalAck, "_acknowledge", lambda *_args, **_kw: False),
            patch.object(SplicedLetter, "_splice", fail_first),
        ):
            mailing.action_set_pending()
            self.run_delivery()
        self.assertFalse(server.messages)

    def test_there_is_a_session_and_the_journal_knows(self):
        for wanted in ("0", "-3"):
            self.env["ir.config_parameter"].search(
                [("key", "=", "mass_mailing_campaign.smtp_sessions")]
            ).unlink()
            self.env.cr.execute(
                "INSERT INTO ir_config_parameter (key, value)"
                " VALUES ('mass_mailing_campaign.smtp_sessions', %s)",
                [wanted],
            )
            self.env.registry.clear_cache("stable")
            self.assertEqual(self.env["ir.mail_server"]._mass_email_sessions(), 1)

    def test_no_transaction_is_open_while_a_session_is_opened(self):
        self._contacts(1, self.target_list)
        mailing = self._mass_email()
        journals, open_session = [], IrMailServer._open_session

        def look(mail_server, address):
            journals.append(mail_server.env.cr is not mailing.env.cr)
            return open_session(mail_server, address)

        with patch.object(IrMailServer, "_open_session", look):
            self.send(mailing)
        self.assertEqual(journals, [True])
        with self.env["mailing.journal.run"]._alive("a run") as journal:
            self.env["ir.mail_server"].with_env(self.env(cr=journal)).search([]).mapped("name")
            status = journal._cnx.info.transaction_status
            journal.execute("DELETE FROM mailing_journal_run WHERE key = 'a run'")
        self.assertEqual(status, TRANSACTION_STATUS_IDLE)

    def test_further_sessions_are_opened_in_threads_without_a_transaction(self):
        runs, seen = self.env["mailing.journal.run"], []
        sending = run.Run(self.env["mailing.mailing"], self.env["ir.mail_server"], "a@example.com")

        def look(mail_server, _address):
            mail_server.search([]).mapped("name")
            seen.append((mail_server.env.cr, mail_server.env.cr._cnx.info.transaction_status))

        with runs._alive("a run") as sending._journal, ThreadPoolExecutor() as threads:
            with patch.object(IrMailServer, "_open_session", look):
                further = [threads.submit(sending._open_further_session) for _each in range(3)]
                for opening in further:
                    opening.result()
            cursors, statuses = zip(*seen, strict=True)
            self.assertFalse({sending._journal, self.env.cr} & {*cursors})
            sending._journal.execute("DELETE FROM mailing_journal_run WHERE key = 'a run'")
        self.assertEqual(statuses, (TRANSACTION_STATUS_IDLE,) * 3)
        self.assertTrue(all(cursor.closed for cursor in cursors))


class TestDoubt(MassEmailCase):
    def test_an_opening_before_a_late_result_stays(self):
        self._contacts(1, self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        trace = mailing.mailing_trace_ids.sudo()
        trace.write(
            {
                "trace_status": "open",
                "failure_type": "in_doubt",
                "claim_key": "run",
                "claim_number": 1,
                "attempt_count": 1,
            }
        )
        self.env.flush_all()
        self.env.cr.execute(
            "INSERT INTO mailing_journal_ack"
            " (run_key, trace_id, claim_number, outcome, ack_datetime)"
            " VALUES ('run', %s, 1, %s, NOW() AT TIME ZONE 'UTC')",
            [trace.id, Outcome.SENT.value],
        )
        self.env["mailing.journal.ack"]._settle_acknowledged("run")
        self.assertEqual((trace.trace_status, trace.failure_type), ("open", False))


class TestDatabase(MassEmailCase):
    def test_a_pooler_that_mixes_sessions_is_told(self):
        self._contacts(1, self.target_list)
        mailing = self._mass_email()
        with self.committing(mailing) as committing:
            cr = committing.env.cr
            execute = cr.execute

            def elsewhere(query, *args, **kwargs):
                if "pg_advisory_unlock" in str(getattr(query, "code", query)):
                    query = "SELECT FALSE"
                    args = ()
                return execute(query, *args, **kwargs)

            with (
                patch.object(cr, "execute", elsewhere),
                self.assertRaisesRegex(UserError, "pooler"),
            ):
                committing.env["mailing.journal.run"]._end_dead()

    def test_a_pooler_that_forgets_what_a_session_prepared_is_told_and_nobody_is_mailed(self):
        acknowledge = MailingJournalAck._acknowledge

        def elsewhere(acks, cr, key, results, is_over=False, begun=()):
            if not is_over:
                raise InvalidSqlStatementName("prepared statement does not exist")
            return acknowledge(acks, cr, key, results, is_over, begun)

        self._contacts(1, self.target_list)
        mailing = self._mass_email()
        with self.smtp() as server, patch.object(MailingJournalAck, "_acknowledge", elsewhere):
            self.send(mailing, server)
        self.assertRegex(mailing.delivery_issue, "pooler")
        self.assertFalse(server.addresses())
        self.assertEqual(mailing.waiting_count, 1)

    def test_an_upgrade_locks_no_run_of_another_server_out(self):
        tables = ("mailing.journal.run", "mailing.journal.ack")
        tables += ("mailing.portion.count", "mailing.portion.domain")
        for model in tables:
            self.env[model].init()
        self.env.cr.execute(
            "SELECT relation::regclass FROM pg_locks"
            " WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock'"
        )
        self.assertEqual(self.env.cr.fetchall(), [])
        self.env.cr.execute(
            "SELECT relpersistence FROM pg_class WHERE oid = ANY(%s::regclass[])",
            [[self.env[model]._table for model in tables]],
        )
        self.assertEqual(self.env.cr.fetchall(), [("u",)] * 4)

    def test_claims_and_results_wait_for_the_disk(self):
        claim_rows, seen = MailingTrace._claim_rows, []

        def look(traces, *args):
            traces.env.cr.execute("SHOW synchronous_commit")
            seen.append(traces.env.cr.fetchone())
            return claim_rows(traces, *args)

        with self.committing(self._mass_email()) as committing:
            committing.env.cr.execute("SET LOCAL synchronous_commit TO off")
            with patch.object(MailingTrace, "_claim_rows", look):
                one = run.Run(committing, committing.env["ir.mail_server"], "a@example.com")
                committing.env["mailing.trace"]._claim(committing, one, 1)
            self.assertEqual(seen, [("on",)])
            committing.env.cr.execute("SET LOCAL synchronous_commit TO off")
            committing.env["mailing.journal.ack"]._settle_acknowledged("run")
            committing.env.cr.execute("SHOW synchronous_commit")
            self.assertEqual(committing.env.cr.fetchone(), ("on",))


class TestJobTime(TransactionCase):
    """A job ends before Odoo ends its worker, whatever the jobs before it took."""

    def job_time(self, seconds_at_work, cron_end=1.0):
        class Cursor:
            pass

        self.cursor = Cursor()
        self.addCleanup(job_time._work.__dict__.clear)
        job_time.note_work(self.cursor)
        job_time._work.started_at -= seconds_at_work
        job_time.note_work(self.cursor)  # the next job of the same work
        return job_time.JobTime(cron_end)

    def setUp(self):
        super().setUp()
        limits = {"limit_time_real_cron": -1, "limit_time_real": 120}
        self.enterContext(patch.object(config, "options", config.options.new_child(limits)))

    def test_the_time_of_the_jobs_before_counts(self):
        for seconds, is_worth_it, is_over in (
            (0, True, False),
            (60, True, False),
            (70, False, False),
            (80, False, True),
        ):
            with self.subTest(seconds=seconds):
                time_left = self.job_time(seconds)
                self.assertEqual(time_left.is_worth_it(), is_worth_it)
                self.assertEqual(time_left.is_over(), is_over)
                self.assertLess(seconds + time_left.wire_seconds(), 120)

    def test_the_sleep_before_its_work_is_not_held_against_a_worker(self):
        pings = []

        class Worker:
            watchdog_pipe = "its pipe"
            multi = SimpleNamespace(pipe_ping=pings.append)

            def signal_handler(self):
                pass

        handler = Worker().signal_handler
        with patch.object(shutdown.signal, "getsignal", lambda _signal: handler):
            self.job_time(0)
        self.assertEqual(pings, ["its pipe"])  # and the time of the jobs before is

    def test_a_job_that_nobody_scheduled_has_its_own_time(self):
        self.assertTrue(self.job_time(200, cron_end=None).is_worth_it())

    def test_new_work_has_new_time(self):
        self.job_time(200)
        self.assertTrue(self.job_time(0).is_worth_it())

    def test_cpu_time_counts_where_it_is_limited(self):
        used = resource.getrusage(resource.RUSAGE_SELF)
        used = used.ru_utime + used.ru_stime
        for left, is_worth_it in ((10, False), (30, True)):
            with patch.object(resource, "getrlimit", lambda _what, left=left: (used + left, 0)):
                self.assertEqual(self.job_time(0).is_worth_it(), is_worth_it)

    def test_a_server_that_allows_little_time_sends_nevertheless(self):
        config.options.maps[0].update(limit_time_real=6, limit_time_cpu=10)
        used = resource.getrusage(resource.RUSAGE_SELF)
        used = used.ru_utime + used.ru_stime
        with patch.object(resource, "getrlimit", lambda _what: (used + 10, 0)):
            self.assertTrue(self.job_time(0).is_worth_it())
            self.assertFalse(self.job_time(3).is_worth_it())
            self.assertTrue(self.job_time(4).is_over())

    def test_a_job_that_has_no_time_is_called_again_at_once(self):
        class Spent(job_time.JobTime):
            def is_worth_it(self):
                return False

        cron = self.env.ref(DELIVERY_CRON)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        mailings = type(self.env["mailing.mailing"])
        with (
            patch.object(job, "JobTime", Spent),
            patch.object(mailings, "_sendable_count", lambda _self: 5),
            self.enter_registry_test_mode(),
        ):
            cron.method_direct_trigger()
        self.env.invalidate_all()
        again = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - triggers
        self.assertLessEqual(again.call_at, fields.Datetime.now())

    def test_a_job_of_a_server_that_stops_leaves_the_rest_to_the_next(self):
        mailings = type(self.env["mailing.mailing"])
        progress = []

        def note(_crons, processed=0, *, remaining=None, deactivate=False):
            progress.append(remaining)

        with (
            patch.object(shutdown, "is_stopping", lambda: True),
            patch.object(mailings, "_sendable_count", lambda _self: 5),
            patch.object(type(self.env["ir.cron"]), "_commit_progress", note),
            patch.object(type(self.env["ir.cron"]), "_wake_lanes") as wake,
            self.enter_registry_test_mode(),
        ):
            job.Job(self.env)._hand_on()
        self.assertEqual(progress, [0])  # else Odoo calls it once more, which a stop waits for
        wake.assert_called_with()

    def test_odoo_tells_which_jobs_are_one_work(self):
        self.env.ref(DELIVERY_CRON).method_direct_trigger()
        self.assertIs(job_time._work.cron_cr(), self.env.cr)
