from unittest.mock import patch

from odoo.addons.mass_mailing_campaign.models.response.mailing_trace_event import (
    MailingTraceEvent,
)
from odoo.tools import mute_logger

from ...common import MassEmailCase


class Automation:
    """As much of a rule of Odoo's automation as a log line meets."""

    def __init__(self, env, seen, fails=False):
        self.env, self.id, self.seen, self.fails = env, 1, seen, fails

    def _get_actions(self, records, triggers):
        return self if "on_create" in triggers else None

    def with_context(self, **_context):
        return [self]

    def _filter_post(self, records, feedback=False):
        return records

    def _process(self, records):
        if self.fails:
            records.env.cr.execute("SELECT 1/0")
        self.seen += records.mapped("event_type")


class TestAfterEvent(MassEmailCase):
    """Other modules are told what happens to messages."""

    def setUp(self):
        super().setUp()
        self._contacts(3, self.target_list)
        self.told = []
        after_event = MailingTraceEvent._after_event

        def listen(lines, event_type):
            self.assertEqual(set(lines.mapped("event_type")), {event_type})
            self.told.append((event_type, len(lines.trace_id)))
            return after_event(lines, event_type)

        self.startPatcher(patch.object(MailingTraceEvent, "_after_event", listen))

    def test_each_happening_is_told_once_and_sent_lines_all_at_once(self):
        mailing = self._mass_email()
        self.send(mailing)
        self.assertEqual(sum(count for _type, count in self.told), 3)
        self.assertEqual({event_type for event_type, _count in self.told}, {"sent"})
        self.told.clear()
        trace = mailing.mailing_trace_ids[0].sudo()
        for _time in range(2):
            trace._receive_open()
            trace._receive_click(self.offer.code)
            trace._receive_reply()
            trace._receive_opt_out()
        trace._receive_opt_in()
        trace._receive_bounce("hard", "no such user")
        happenings = ["opened", "clicked", "replied", "opted_out", "opted_in", "bounced"]
        self.assertEqual(self.told, [(event_type, 1) for event_type in happenings])

    def trace(self):
        mailing = self._mass_email()
        mailing._build_queue()
        return mailing.mailing_trace_ids[0].sudo()

    def automated(self, **manners):
        """Have the log be the model of an automation rule; return the event types it saw."""
        seen = []
        events = self.env["mailing.trace.event"]
        create = type(events).create

        def patched(records, vals_list):
            return create(records, vals_list)

        patched.origin = create
        self.startPatcher(patch.object(type(events), "create", patched))
        models = self.registry.models
        getitem = type(self.env).__getitem__

        def get(env, name):
            if name == "base.automation":
                return Automation(env, seen, **manners)
            return getitem(env, name)

        self.startPatcher(patch.object(type(self.env), "__getitem__", get))
        self.startPatcher(patch.dict(models, {"base.automation": object}))
        return seen

    def test_an_automation_rule_sees_the_lines_though_sql_writes_them(self):
        trace = self.trace()
        seen = self.automated()
        trace._receive_opt_out()
        trace._receive_opt_in()
        self.assertEqual(seen, ["opted_out", "opted_in"])

    def test_an_automation_rule_that_fails_does_not_undo_an_opt_out(self):
        trace = self.trace()
        self.automated(fails=True)
        with mute_logger("odoo.sql_db", "odoo.addons.mass_mailing_campaign"):
            trace._receive_opt_out()
        self.assertTrue(trace._is_opted_out())

    def test_nothing_is_looked_up_where_no_rule_is(self):
        trace = self.trace()
        trace._log_event("opened")
        lines = self.env["mailing.trace.event"].search([("trace_id", "=", trace.id)])
        with self.assertQueryCount(0):
            lines._after_event("opened")
