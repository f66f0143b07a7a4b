import os
from collections import defaultdict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import fields

from ...common import MassEmailCase

# More to hunt for long.
EXAMPLES = int(os.environ.get("FIGURES_EXAMPLES", "15"))

PERSON = st.integers(0, 3)
WHICH = st.sampled_from(["first", "second", "test"])
MADE_BY = st.sampled_from([None, "machine", "staff"])
VERBS = ["open", "reply", "opt_out", "opt_in", "opt_out_of_all"]
HAPPENING = st.one_of(
    st.tuples(st.sampled_from(VERBS), WHICH, PERSON),
    st.tuples(st.just("complaint"), WHICH, PERSON, st.just("spam")),
    st.tuples(st.just("bounce"), WHICH, PERSON, st.sampled_from(["final", "temporary", "policy"])),
    st.tuples(st.just("hit"), WHICH, PERSON, st.sampled_from(["pixel", "offer", "demo"]), MADE_BY),
    st.tuples(st.just("scan"), WHICH, PERSON),
    st.tuples(st.sampled_from(["erased", "target_deleted", "targets_merged"]), WHICH, PERSON),
    st.tuples(st.sampled_from(["deleted", "archived", "tracking_switched"]), WHICH),
    st.tuples(st.just("campaign_archived"), WHICH),
)
FIGURES = ("sent", "opened", "clicked", "replied", "opted_out", "opted_in", "bounced")
REPORTED = [name for name in FIGURES if name != "opted_in"]


class TestRandomFigures(MassEmailCase):
    """Whatever happens, every figure says the same wherever it stands, and opens as many rows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        names = ("Anna", "Bob", "Carl", "Dora")
        cls.targets = [cls._contact(name, cls.target_list) for name in names]
        cls._contact("Anna's Twin", cls.target_list, email="anna@example.com")
        cls.more = cls._tracking_url("More", "https://www.example.com/more")
        cls.mailings = {"first": cls._sent(True), "second": cls._sent(False)}
        cls.messages = {
            name: mailing.mailing_trace_ids.sudo().filtered("portion_datetime").sorted("id")
            for name, mailing in cls.mailings.items()
        }
        cls.messages["test"] = cls.messages["first"].create(
            [
                {
                    "model": "mailing.contact",
                    "res_id": target.id,
                    "email": target.address,
                    "is_test_trace": True,
                    "test_mailing_id": cls.mailings["first"].id,
                    "token": f"{target.id:032}",
                    "trace_status": "sent",
                }
                for target in cls.targets
            ]
        )
        cls.messages["test"]._log_event("sent")

    @classmethod
    def _sent(cls, is_tracked):
        mailing = cls._mass_email(open_tracking=is_tracked)
        mailing._build_queue()
        messages = mailing.mailing_trace_ids.sudo()
        messages = messages.filtered(lambda message: message.trace_status == "outgoing")
        messages.write({"trace_status": "sent", "portion_datetime": fields.Datetime.now()})
        messages._log_event("sent")
        mailing.state = "done"
        return mailing

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)
    @given(
        st.sets(st.tuples(st.sampled_from(["first", "second"]), PERSON), max_size=3),
        st.lists(HAPPENING, min_size=1, max_size=14),
    )
    def test_every_figure_is_the_same_everywhere(self, in_doubt, happenings):
        savepoint = self.env.cr.savepoint()
        try:
            for which, person in in_doubt:
                self.put_in_doubt(self.messages[which][person])
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

    def put_in_doubt(self, message):
        self.env["mailing.trace.event"].search([("trace_id", "=", message.id)]).unlink()
        message.write({"trace_status": "error", "failure_type": "in_doubt"})

    def happen(self, what, which, person=0, *more):
        message, target = self.messages[which][person], self.targets[person].exists()
        match what:
            case "deleted" | "archived" | "tracking_switched" | "campaign_archived":
                self.happen_to(self.mailings.get(which, self.mailings["first"]).exists(), what)
            case "target_deleted":
                target.unlink()
            case "targets_merged":
                other = self.targets[person - 1].exists()
                if target and other:
                    target._merge_into(other)
            case "erased":
                message._erase()
            case "scan":
                for link in (self.offer, self.demo, self.more):
                    message._receive_hit(message.token, link.id)
            case "hit":
                link, made_by = more
                links = {"pixel": None, "offer": self.offer.id, "demo": self.demo.id}
                message._receive_hit(message.token, links[link], made_by=made_by)
            case "bounce":
                message._receive_bounce(*more, "It came back")
            case verb:
                getattr(message, f"_receive_{verb}")(*more)

    def happen_to(self, mailing, what):
        match what:
            case "deleted":
                mailing.unlink()
            case "archived":
                mailing.active = False
            case "tracking_switched":
                mailing.open_tracking = not mailing.open_tracking
            case "campaign_archived":
                self.campaign.active = False

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
        self.assertEqual(mailing.queued_count, mailing.sent_count + mailing.unknown_count)

    def check_links(self):
        log = self.env["mailing.trace.event"].with_user(self.marketer)
        of_campaign = log.get_statistics(campaign_id=self.campaign.id)["links"]
        people = {each["id"]: each["people"] for each in of_campaign}
        for link in (self.offer, self.demo, self.more):
            expected = self.count("clicked", link_id=link)
            self.assertEqual((link.people_count, people[link.id]), (expected, expected))
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
