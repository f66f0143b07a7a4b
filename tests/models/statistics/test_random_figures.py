from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import fields

from ...common import MassEmailCase

PERSON = st.integers(0, 3)
MADE_BY = st.sampled_from([None, "machine", "staff"])
VERBS = ["open", "reply", "opt_out", "opt_in", "opt_out_of_all"]
HAPPENING = st.one_of(
    st.tuples(st.sampled_from(VERBS), PERSON),
    st.tuples(st.just("complaint"), PERSON, st.just("spam")),
    st.tuples(st.just("bounce"), PERSON, st.sampled_from(["final", "temporary", "policy"])),
    st.tuples(st.just("hit"), PERSON, st.sampled_from(["pixel", "offer", "demo"]), MADE_BY),
    st.tuples(st.sampled_from(["erased", "target_deleted", "targets_merged"]), PERSON),
    st.tuples(st.sampled_from(["mailing_deleted", "mailing_archived", "campaign_archived"])),
)
FIGURES = ("sent", "opened", "clicked", "replied", "opted_out", "opted_in", "bounced")
REPORTED = [name for name in FIGURES if name != "opted_in"]


class TestRandomFigures(MassEmailCase):
    """Whatever happens, a figure has as many rows behind it as it says, wherever it stands."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        names = ("Anna", "Bob", "Carl", "Dora")
        cls.targets = [cls._contact(name, cls.target_list) for name in names]
        cls.first, cls.second = cls._sent(), cls._sent()
        cls.messages = cls.first.mailing_trace_ids.sudo().sorted("id")

    @classmethod
    def _sent(cls):
        mailing = cls._mass_email(open_tracking=True)
        mailing._build_queue()
        messages = mailing.mailing_trace_ids.sudo()
        messages.write({"trace_status": "sent", "portion_datetime": fields.Datetime.now()})
        messages._log_event("sent")
        mailing.state = "done"
        return mailing

    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(st.lists(HAPPENING, min_size=1, max_size=14))
    def test_a_figure_is_as_long_as_its_list(self, happenings):
        savepoint = self.env.cr.savepoint()
        try:
            for happening in happenings:
                self.happen(*happening)
            self.env.flush_all()
            self.env.invalidate_all()
            for record in (self.campaign, *(self.first | self.second).exists()):
                self.check_figures(record.with_user(self.marketer))
            self.check_chips()
        finally:
            savepoint.rollback()
            savepoint.close(rollback=False)
            self.env.invalidate_all(flush=False)

    def happen(self, what, person=0, *more):
        message, target = self.messages[person], self.targets[person].exists()
        match what:
            case "mailing_deleted":
                self.first.exists().unlink()
            case "mailing_archived":
                self.first.exists().active = False
            case "campaign_archived":
                self.campaign.active = False
            case "target_deleted":
                target.unlink()
            case "targets_merged":
                other = self.targets[person - 1].exists()
                if target and other:
                    target._merge_into(other)
            case "erased":
                message._erase()
            case "hit":
                link, made_by = more
                links = {"offer": self.offer, "demo": self.demo}
                link_id = links[link].id if link in links else None
                message._receive_hit(message.token, link_id, made_by=made_by)
            case "bounce":
                message._receive_bounce(*more, "It came back")
            case verb:
                getattr(message, f"_receive_{verb}")(*more)

    def check_figures(self, record):
        for with_machines in (False, True):
            for figure in record.get_figures(with_machines):
                if (name := figure["name"]) in FIGURES:
                    action = record.action_view_figure(name, with_machines)
                    listed = record.env["mailing.trace"].search_count(action["domain"])
                    self.assertEqual(listed, figure["count"], (record, name, with_machines))
        counts = {figure["name"]: figure["count"] for figure in record.get_figures()}
        scope = {record._log_field: record.id}
        totals = record.env["mailing.trace.event"].get_statistics(**scope)["totals"]
        self.assertEqual({name: totals.get(name, 0) for name in FIGURES}, counts)
        if self.first.exists():  # the analysis is of mass emails that there are
            [sums] = record.env["mailing.message.report"]._read_group(
                [(record._log_field, "=", record.id)], [], [f"{name}:sum" for name in REPORTED]
            )
            self.assertEqual(list(sums), [counts[name] for name in REPORTED])

    def check_chips(self):
        campaign = self.campaign.with_user(self.marketer)
        for with_machines in (False, True):
            figures = campaign.get_log_figures(with_machines)
            lines = campaign.env["mailing.trace.event"].search(figures["domain"])
            for event_type, count in figures["counts"].items():
                listed = lines.filtered(lambda line, kind=event_type: line.event_type == kind)
                self.assertEqual(len(listed), count, (event_type, with_machines))
            lines.mapped("details")
