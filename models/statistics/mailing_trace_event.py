from collections import Counter, defaultdict

from odoo import api, models
from odoo.fields import Domain

from ..response.mailing_trace_event import BY_PEOPLE

NO_TESTS = Domain("is_test", "=", False)
# Of these a message has one line at most (``_once_per_message``), and there are very many.
COUNTED_BY_LINE = {"sent", "opened"}
COUNTED_BY_MESSAGE = {"clicked", "replied", "opted_out", "opted_in", "bounced"}


class MailingTraceEvent(models.Model):
    """How many people did what, as every figure of a campaign and of a mass email has it."""

    _inherit = "mailing.trace.event"

    # what did people do with the messages of a campaign, of a mass email? Read from these alone;
    # those of mass emails also find the lines of one that is deleted
    _campaign_lines_idx = models.Index("(campaign_id, event_type, made_by, is_test)")
    _campaign_messages_idx = models.Index(
        "(campaign_id, event_type, bounce_type, trace_id, made_by, is_test)"
        " WHERE event_type <> 'sent'"
    )
    _mailing_lines_idx = models.Index("(mailing_id, event_type, made_by, is_test)")
    _mailing_messages_idx = models.Index(
        "(mailing_id, event_type, bounce_type, trace_id, made_by, is_test)"
        " WHERE event_type <> 'sent'"
    )

    @api.model
    def _lines_of(self, with_machines=False):
        """Return the domain of the lines that figures go by."""
        return NO_TESTS if with_machines else BY_PEOPLE

    @api.model
    def _count_people(self, by, ids, with_machines=False):
        """Count who did what, a recipient once per message: in two statements, for however many.

        Who reads the figures of a record may read them all: the rules of the log are not asked.

        :param by: ``campaign_id`` or ``mailing_id``
        :param with_machines: count what machines and the staff did, too
        :return: ``{id: Counter}`` of event types, and of bounces by type, as ``bounced_final``
        """
        # a machine's opening may stand beside that of the recipient
        by_message = COUNTED_BY_MESSAGE | ({"opened"} if with_machines else set())
        lines = Domain(by, "in", ids) & self._lines_of(with_machines)
        log = self.sudo()
        people = defaultdict(Counter)
        for record, event_type, count in log._read_group(
            lines & Domain("event_type", "in", COUNTED_BY_LINE - by_message),
            [by, "event_type"],
            ["__count"],
        ):
            people[record.id][event_type] = count
        for record, event_type, bounce_type, messages, known, count in log._read_group(
            lines & Domain("event_type", "in", by_message),
            [by, "event_type", "bounce_type"],
            ["trace_id:count_distinct", "trace_id:count", "__count"],
        ):
            counts = people[record.id]
            # a line whose message is gone counts by itself
            counts[event_type] += messages + count - known
            if bounce_type:
                counts[f"{event_type}_{bounce_type}"] += messages + count - known
        return people
