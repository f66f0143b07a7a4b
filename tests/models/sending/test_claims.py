import itertools
import threading
from collections import Counter
from unittest.mock import patch

from odoo.addons.mass_mailing_campaign.engine.run import CHUNK, Run
from odoo.addons.mass_mailing_campaign.models.sending import mailing_mailing
from odoo.addons.mass_mailing_campaign.models.sending.mailing_mailing import FEWEST
from odoo.addons.mass_mailing_campaign.models.sending.mailing_trace import Claimed
from odoo.addons.mass_mailing_campaign.models.settling.mailing_journal_ack import LAST_RESULTS
from odoo.tools import SQL

from ...common import MassEmailCase

MEMBERS = 400


class TestChunks(MassEmailCase):
    """How much a run claims at a time."""

    def claimed_at_a_time(self, seconds, members):
        """Return the sizes of the claims of a run that takes so long for each, and its chunks."""
        traces, mailing = self.env["mailing.trace"], self._mass_email()
        run, claims = Run(mailing, self.env["ir.mail_server"], ""), []

        def claim(_self, _mailing, _run, most):
            count = min(most, members - sum(claims))
            claims.append(count)
            return [Claimed(number, 0, "", "", 1) for number in range(count)]

        clock = itertools.count(step=seconds)
        with (
            patch.object(type(traces), "_claim", claim),
            patch.object(mailing_mailing.time, "monotonic", lambda: next(clock)),
        ):
            chunks = [len(chunk) for chunk in mailing._claims(run, float("inf"))]
        return claims, chunks

    def test_a_fast_run_claims_several_chunks_at_once(self):
        claims, chunks = self.claimed_at_a_time(0.05, 4_150)
        self.assertEqual(claims, [FEWEST, 2_000, 2_000, 100, 0])
        self.assertEqual(chunks, [FEWEST] + [CHUNK] * 8 + [100])

    def test_a_slow_run_claims_what_leaves_in_no_time(self):
        claims, _chunks = self.claimed_at_a_time(0.5, 600)
        self.assertEqual(claims, [FEWEST, 200, 350, 0])
        claims, _chunks = self.claimed_at_a_time(20, 120)
        self.assertEqual(claims, [FEWEST, FEWEST, 20, 0])

    def test_who_asks_for_no_more_goes_on_when_the_claim_beside_has_ended(self):
        mailing, claims = self._mass_email(), []

        def claim(_self, _mailing, _run, most):
            if len(claims) == 2:
                threading.Event().wait(0.1)
            claims.append(most)
            return [Claimed(number, 0, "", "", 1) for number in range(most)]

        run, clock = Run(mailing, self.env["ir.mail_server"], ""), itertools.count()
        with (
            patch.object(type(self.env["mailing.trace"]), "_claim", claim),
            patch.object(mailing_mailing.time, "monotonic", lambda: next(clock) / 20),
        ):
            chunks = mailing._claims(run, float("inf"))
            while len(claims) < 2:
                next(chunks)
            for _chunk in range(3):  # with the last of what was claimed it claims again
                next(chunks)
            chunks.close()
        self.assertEqual(claims, [FEWEST, 2_000, 2_000])


class TestPlan(MassEmailCase):
    """Claim and settle read what is theirs, whatever the queue and its neighbours have become.

    Within one transaction, as here, PostgreSQL keeps each version of a row that was claimed, just
    as it does while anybody's long snapshot is open elsewhere.
    """

    REMOVED = ("Rows Removed by Filter", "Rows Removed by Join Filter")

    def explained(self, query):
        """Run a query; return its plan from the root on, node by node."""
        [([plan],)] = self.env.execute_query(
            SQL("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) %s", query)
        )
        nodes, rest = [], [plan["Plan"]]
        while rest:
            nodes.append(rest.pop())
            rest += nodes[-1].get("Plans", [])
        return nodes

    def read_by(self, work):
        """Do something; return how many rows of each table its statements read."""
        read, environment = Counter(), type(self.env)
        execute_query = environment.execute_query

        def explaining(env, query):
            with patch.object(environment, "execute_query", execute_query):
                for node in self.explained(query):
                    rows = sum(node.get(rows, 0) for rows in ("Actual Rows", *self.REMOVED))
                    read[node.get("Relation Name")] += node["Actual Loops"] * rows
            return execute_query(env, query)

        self.env.flush_all()
        self.env.invalidate_all()
        with patch.object(environment, "execute_query", explaining):
            work()
        return read

    def looked_up(self, run):
        """Return by which index the next claim finds its rows, and how many blocks it reads."""
        query = self.env["mailing.trace"]._claimable(
            run.mailing, run.limits, 50, for_update=True, after=run.queue_position
        )
        nodes = self.explained(query)
        self.assertEqual(nodes[-1].get("Rows Removed by Filter", 0), 0)
        return nodes[-1]["Index Name"], nodes[0]["Shared Hit Blocks"]

    def test_a_long_snapshot_and_other_mass_emails_cost_a_claim_nothing(self):
        self._contacts(MEMBERS, self.target_list)
        earlier, mailing = self._mass_email(), self._mass_email()
        earlier._build_queue()
        mailing._build_queue()
        run = Run(mailing, self.env["ir.mail_server"], "")
        index, blocks = self.looked_up(run)
        self.assertEqual(index, "mailing_trace_waiting_idx")
        with self.committing(mailing) as committing:
            claims = committing.env["mailing.trace"]
            run.env, run.mailing = committing.env, committing
            for _claim in range(MEMBERS // 50 - 1):
                claims._claim(committing, run, 50)
                claims.env.cr.execute("ANALYZE mailing_trace")
        run.env, run.mailing = self.env, mailing
        index_at_the_end, blocks_at_the_end = self.looked_up(run)
        self.assertEqual(index_at_the_end, index)
        self.assertLess(blocks_at_the_end, blocks + 10)

    def test_a_settle_reads_each_result_once_though_nothing_was_claimed_when_it_was_analyzed(self):
        contacts = self._contacts(MEMBERS, self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        self.env.cr.execute("ANALYZE mailing_trace")
        traces = mailing.mailing_trace_ids.sudo()
        traces.write({"trace_status": "process", "claim_key": "run", "claim_number": 1})
        acks = self.env["mailing.journal.ack"].create(
            [
                {
                    "run_key": "run",
                    "trace_id": trace.id,
                    "claim_number": 1,
                    "outcome": "sent",
                    "ack_datetime": self.env.cr.now(),
                }
                for trace in traces
            ]
        )
        self.env.flush_all()
        # as it does with a million messages of other runs; other joins read the whole table, and
        # nobody knows what else it holds
        self.env.cr.execute(
            "ANALYZE mailing_journal_ack;"
            " SET LOCAL enable_hashjoin TO off; SET LOCAL enable_mergejoin TO off"
        )
        nodes = self.explained(acks._settling("run", after=0))
        self.assertEqual(nodes[0]["Actual Rows"], len(contacts))
        read = [
            node["Actual Loops"] * sum(node.get(rows, 0) for rows in ("Actual Rows", *self.REMOVED))
            for node in nodes
        ]
        # an index still has the versions before; a loop in a loop would read all for each of them
        self.assertLess(max(read), 10 * len(contacts))

    def test_the_last_results_are_all_that_is_read_however_many_a_run_has(self):
        self._contacts(MEMBERS, self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        self.env.flush_all()
        self.env.cr.execute(
            """
            INSERT INTO mailing_journal_ack (run_key, trace_id, outcome, ack_datetime)
            SELECT 'earlier ' || i % 150, 0, 'sent', now() FROM generate_series(1, 6000) i;
            ANALYZE mailing_trace;
            """
        )
        acks = self.env["mailing.journal.ack"]
        write_down = SQL(
            """
            INSERT INTO mailing_journal_ack (run_key, trace_id, outcome, ack_datetime)
            SELECT 'run', id, 'sent', now() FROM mailing_trace WHERE mass_mailing_id = %s
            """,
            mailing.id,
        )
        for analyze_at in (0, 2):
            for turn in range(3):
                if turn == analyze_at:
                    self.env.cr.execute("ANALYZE mailing_journal_ack")
                self.env.execute_query(write_down)
            # what was only begun is no result
            acks.create(
                [
                    {"run_key": "run", "begun_trace_id": 1, "ack_datetime": self.env.cr.now()}
                    for _session in range(10)
                ]
            )
            self.env.flush_all()
            nodes = self.explained(acks._looking_up_last_results("run"))
            read = [node["Actual Loops"] * node["Actual Rows"] for node in nodes]
            self.assertEqual((max(read), nodes[0]["Actual Rows"]), (LAST_RESULTS, LAST_RESULTS))
        # as for a hundred thousand results
        self.env.cr.execute(
            "SET LOCAL parallel_setup_cost TO 0; SET LOCAL min_parallel_table_scan_size TO 0"
        )
        nodes = self.explained(acks._looking_up_last_results("run"))
        read = [node["Actual Loops"] * node["Actual Rows"] for node in nodes]
        self.assertEqual(max(read), LAST_RESULTS)

    def test_the_log_of_a_settle_reads_no_other_contacts(self):
        self._contacts(MEMBERS, self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        self.env.flush_all()
        self.env.cr.execute("ANALYZE mailing_trace; ANALYZE mailing_contact")
        traces = mailing.mailing_trace_ids.sudo()[: MEMBERS // 4]
        messages = SQL("(SELECT * FROM mailing_trace WHERE id = ANY(%s))", traces.ids)
        nodes = self.explained(traces._logging("sent", messages))
        read = [
            node["Actual Loops"] * node["Actual Rows"]
            for node in nodes
            if node.get("Relation Name") == "mailing_contact"
        ]
        self.assertEqual(read, [len(traces)])

    def half_sent(self):
        """Return a mass email of which nobody waits, while all of another do."""
        self._contacts(MEMBERS, self.target_list)
        sent, waiting = self._mass_email(), self._mass_email()
        sent._build_queue()
        sent.mailing_trace_ids.sudo().trace_status = "sent"
        waiting._build_queue()
        self.env.flush_all()
        self.env.cr.execute("ANALYZE mailing_trace")
        return sent, waiting

    def test_that_nobody_of_a_mass_email_waits_is_seen_without_its_messages(self):
        sent, waiting = self.half_sent()
        traces, answers = self.env["mailing.trace"], []
        read = self.read_by(lambda: answers.extend(map(traces._unfinished, (sent, waiting))))
        self.assertEqual(answers, [(False, False), (True, False)])
        self.assertLess(read["mailing_trace"], 10)

    def test_the_end_of_a_run_does_not_read_what_was_ended_long_ago(self):
        sent, waiting = self.half_sent()
        sent.is_ended = True
        read = self.read_by(self.env["mailing.trace"]._cancel_ended)
        self.assertLess(read["mailing_trace"], 10)
        waiting.is_ended = True
        self.env["mailing.trace"]._cancel_ended()
        self.assertEqual(set(waiting.mailing_trace_ids.mapped("failure_type")), {"ended"})

    def test_a_member_who_shows_how_the_subject_reads_is_found_without_the_other_lists(self):
        self._contacts(MEMBERS, self.target_list)
        later = self.env["mailing.list"].create({"name": "Later"})
        members = self._contacts(MEMBERS // 2, later)
        mailing = self._mass_email(contact_list_ids=later.ids, subject="News for {{ object.name }}")
        self.env.flush_all()
        self.env.cr.execute("ANALYZE mailing_subscription")
        contacts = []
        read = self.read_by(lambda: contacts.append(mailing._sample_contact()))
        self.assertIn(contacts[0], members)
        self.assertLess(read["mailing_subscription"], 10)

    def test_a_job_has_postgresql_know_the_addresses_that_its_upgrade_forgot(self):
        """What a claim goes by; it differs with hundreds of thousands of contacts only."""
        self._contacts(MEMBERS, self.target_list)
        known = SQL(
            "SELECT n_distinct FROM pg_stats WHERE tablename = 'mailing_contact'"
            " AND attname = 'address'"
        )
        # with a column's type goes what is known of it
        self.env.cr.execute("ALTER TABLE mailing_contact ALTER address TYPE varchar")
        self.assertFalse(self.env.execute_query(known))
        mailing = self._mass_email()
        with self.committing(mailing) as committing:
            committing._cron_deliver_portions()
        self.assertTrue(self.env.execute_query(known))
