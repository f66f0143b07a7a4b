import os
from collections import defaultdict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .life_of_messages import HAPPENING, PERSON, LifeOfMessages

# More to hunt for long.
EXAMPLES = int(os.environ.get("FIGURES_EXAMPLES", "15"))

FIGURES = ("sent", "opened", "clicked", "replied", "opted_out", "opted_in", "bounced")
REPORTED = [name for name in FIGURES if name != "opted_in"]


class TestRandomFigures(LifeOfMessages):
    """Whatever happens, every figure says the same wherever it stands, and opens as many rows."""

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)
    @given(
        st.sets(st.tuples(st.sampled_from(["first", "second"]), PERSON), max_size=3),
        st.lists(HAPPENING, min_size=1, max_size=14),
    )
    def test_every_figure_is_the_same_everywhere(self, in_doubt, happenings):
        savepoint = self.env.cr.savepoint()
        try:
            for which, person in in_doubt:
                self.is_in_doubt(which, person)
            for happening in happenings:
                self.happen(*happening)
            self.env.flush_all()
            self.env.invalidate_all()
            self.lines = self.env["mailing.trace.event"].search(
                [("campaign_id", "=", self.campaign.id)]
            )
            self.there = self.env["mailing.mailing"].concat(*self.mailings.values()).exists()
            for record in (self.campaign, *self.there):
                self.check_record(record.with_user(self.marketer))
            for mailing in self.there:
                self.check_messages(mailing)
            self.check_links()
            self.check_presets()
            self.check_chips()
        finally:
            savepoint.rollback()
            savepoint.close(rollback=False)
            self.env.invalidate_all(flush=False)

    # ------------------------------------------------------------
    # What the log says, counted in plain Python
    # ------------------------------------------------------------

    def told(self, event_type, record=None, with_machines=False, **where):
        """Lines that count."""
        where |= {record._log_field: record} if record else {}
        return self.lines.filtered(
            lambda line: (
                line.event_type == event_type
                and not line.is_test
                and (with_machines or not line.made_by)
                and all(line[name].id == value.id for name, value in where.items())
            )
        )

    def count(self, *args, **kwargs):
        return len({line.trace_id.id or -line.id for line in self.told(*args, **kwargs)})

    def tells_openings(self, mailing):
        return mailing.open_tracking or bool(self.told("opened", mailing_id=mailing))

    def check_record(self, record):
        self.check_figures(record)
        counts = {name: self.count(name, record) for name in FIGURES}
        sent = self.told("sent", record)
        counts["sent_tracked"] = sum(self.tells_openings(line.mailing_id) for line in sent)
        self.check_columns(record, counts)
        self.check_statistics(record, counts)
        if record._log_field == "mailing_id":
            self.check_odoos_columns(record, counts)
        else:
            self.assertEqual(record.click_count, len(self.told("clicked")))
        if record._log_field == "mailing_id" or len(self.there) == len(self.mailings):
            names = [*REPORTED, "sent_tracked"]
            [sums] = record.env["mailing.message.report"]._read_group(
                [(record._log_field, "=", record.id)], [], [f"{name}:sum" for name in names]
            )
            self.assertEqual(list(sums), [counts[name] for name in names])

    def check_figures(self, record):
        for with_machines in (False, True):
            for figure in record.get_figures(with_machines):
                if (name := figure["name"]) in FIGURES:
                    expected = self.count(name, record, with_machines)
                    self.assertEqual(figure["count"], expected, (record, name, with_machines))
                    action = record.action_view_figure(name, with_machines)
                    listed = record.env["mailing.trace"].search_count(action["domain"])
                    self.assertEqual(listed, expected, (record, name, with_machines))

    def check_columns(self, record, counts):
        for name, count in counts.items():
            self.assertEqual(record[f"{name}_people_count"], count, (record, name))
        for name in ("opened", "clicked", "bounced"):
            whole = counts["sent_tracked" if name == "opened" else "sent"]
            share = counts[name] / whole if whole else 0
            self.assertEqual(record[f"{name}_share"], share, (record, name))
            self.assertLessEqual(share, 1, (record, name))

    def check_odoos_columns(self, mailing, counts):
        """In its list of all mailings."""
        for name in ("sent", "opened", "clicked", "replied", "bounced"):
            self.assertEqual(mailing[name], counts[name], name)
        for name, ratio in (("opened", "opened_ratio"), ("clicked", "clicks_ratio")):
            self.assertEqual(mailing[ratio], round(100 * mailing[f"{name}_share"], 2), name)

    def check_statistics(self, record, counts):
        log, scope = record.env["mailing.trace.event"], {record._log_field: record.id}
        statistics = log.get_statistics(**scope)
        totals = statistics["totals"]
        self.assertEqual({name: totals.get(name, 0) for name in counts}, counts)
        self.assertEqual(totals.get("lead_created", 0), self.count("lead_created", record))
        if record._log_field == "campaign_id":
            for name in counts:
                parts = sum(each["counts"].get(name, 0) for each in statistics["mailings"])
                self.assertEqual(parts, counts[name], name)
        curve = log.get_curve(**scope)
        for name in ("opened", "clicked"):
            people = {line.trace_id for line in self.told(name, record) if line.trace_id}
            self.assertEqual(sum(count for _hour, count in curve[name]), len(people), name)

    def check_messages(self, mailing):
        """How a message stands says the same as the log."""
        for message in mailing.mailing_trace_ids.sudo():
            kinds = {
                kind for kind in FIGURES if message in self.told(kind, mailing_id=mailing).trace_id
            }
            self.assertEqual(message.standing == "taken", "sent" in kinds, (message, kinds))
            if message.trace_status == "open":
                self.assertIn("opened", kinds)
            self.assertEqual(bool(message.links_click_datetime), "clicked" in kinds)
            self.assertEqual(message.trace_status == "bounce", "bounced" in kinds, kinds)
        self.assertEqual(mailing.sent_count, self.count("sent", mailing))
        self.assertEqual(mailing.member_count, 5)
        not_sent = mailing.unknown_count + mailing.failed_count + mailing.waiting_count
        self.assertEqual(mailing.queued_count, mailing.sent_count + not_sent)

    def check_links(self):
        log = self.env["mailing.trace.event"].with_user(self.marketer)
        of_campaign = log.get_statistics(campaign_id=self.campaign.id)["links"]
        people = {each["id"]: each["people"] for each in of_campaign}
        for link in (self.offer, self.demo, self.more):
            expected = self.count("clicked", link_id=link)
            told = people.get(link.id, 0) if not link.active else people[link.id]
            self.assertEqual((link.people_count, told), (expected, expected))
            for mailing in self.there:
                expected = self.count("clicked", mailing, link_id=link)
                links = log.get_statistics(mailing_id=mailing.id)["links"]
                told = {each["id"]: each["people"] for each in links}
                self.assertEqual(told.get(link.id, 0), expected)
                in_letter = mailing.with_user(self.marketer).get_click_map()["people"]
                self.assertEqual(in_letter.get(link.id, 0), expected)

    def check_presets(self):
        did = defaultdict(set)
        for kind in FIGURES:
            for line in self.told(kind):
                did[kind].add(line.contact_id.id)
                if kind == "bounced" and line.bounce_type == "final":
                    did["final"].add(line.contact_id.id)
                if kind == "sent" and self.tells_openings(line.mailing_id):
                    did["tracked"].add(line.contact_id.id)
        expected = {
            "clicked": did["clicked"] - did["opted_out"],
            "opened_not_clicked": did["opened"] - did["clicked"] - did["opted_out"],
            "not_opened": did["tracked"]
            - did["opened"]
            - did["clicked"]
            - did["replied"]
            - did["opted_out"],
            "bounced_for_good": did["final"],
        }
        wizards = self.env["mailing.list.from.log"].with_user(self.marketer)
        counts = {preset: len(people - {False}) for preset, people in expected.items()}
        are_told = "opened" in self.lines.mapped("event_type")
        if not (are_told or any(self.there.mapped("open_tracking"))):
            counts |= dict.fromkeys(("opened_not_clicked", "not_opened"))
        self.assertEqual(wizards.count_presets(self.campaign.id), counts)

    def check_chips(self):
        campaign = self.campaign.with_user(self.marketer)
        for with_machines in (False, True):
            figures = campaign.get_log_figures(with_machines)
            lines = campaign.env["mailing.trace.event"].search(figures["domain"])
            for event_type, count in figures["counts"].items():
                listed = lines.filtered(lambda line, kind=event_type: line.event_type == kind)
                self.assertEqual(len(listed), count, (event_type, with_machines))
            lines.mapped("details")
