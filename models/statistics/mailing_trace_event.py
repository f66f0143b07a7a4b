from collections import Counter, defaultdict

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..response.mailing_trace_event import BY_PEOPLE

NO_TESTS = Domain("is_test", "=", False)
# Of these a message has one line at most (``_once_per_message``), and there are very many.
COUNTED_BY_LINE = {"sent", "opened"}
COUNTED_BY_MESSAGE = {
    *("clicked", "replied", "opted_out", "opted_in", "bounced", "complained"),
    "lead_created",  # of no message, so each counts
}


class MailingTraceEvent(models.Model):
    """How many people did what, as every figure of a campaign and of a mass email has it."""

    _inherit = "mailing.trace.event"

    # what did people do with the messages of a campaign, of a mass email? Read from these alone;
    # those of mass emails also find the lines of one that is deleted
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

        The rules of the log are not asked, for speed: ``access`` asks once for each campaign.

        :param by: ``campaign_id`` or ``mailing_id``
        :param with_machines: count what machines and the staff did, too
        :return: ``{id: Counter}`` of event types, of bounces by type, as ``bounced_final``, and of
            who was sent a letter whose openings are told: ``sent_tracked``
        """
        # a machine's opening may stand beside that of the recipient
        by_message = COUNTED_BY_MESSAGE | ({"opened"} if with_machines else set())
        lines = Domain(by, "in", ids) & self._lines_of(with_machines)
        log = self.sudo()
        people, of_mailings = defaultdict(Counter), defaultdict(Counter)
        for *records, event_type, count in log._read_group(
            lines & Domain("event_type", "in", COUNTED_BY_LINE),
            [*dict.fromkeys((by, "mailing_id")), "event_type"],
            ["__count"],
        ):
            of_mailings[records[0].id, records[-1]][event_type] = count
        for (record_id, mailing), counts in of_mailings.items():
            # by now they may not be told any more
            if counts["opened"] or mailing._tells_openings():
                counts["sent_tracked"] = counts["sent"]
            if "opened" in by_message:
                del counts["opened"]
            people[record_id] += counts
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

    # ------------------------------------------------------------
    # Statistics
    # ------------------------------------------------------------

    @api.model
    @api.readonly
    def get_statistics(self, campaign_id=False, mailing_id=False):
        """Return the statistics of a campaign or of one mass email.

        The number of statements is the same however many mass emails and tracking URLs there are.

        :return: ``{"totals", "mailings", "links"}``: counts as ``_count_people`` has them; the
            same of each mass email; and clicks of each tracking URL
        """
        name, record, scope = self._scope(campaign_id, mailing_id)
        totals = self._count_people(name, record.ids)[record.id]
        return {
            "totals": dict(totals),
            "mailings": [] if mailing_id else self._mass_emails_compared(record, totals),
            "links": self._clicked_links(scope, record if mailing_id else None, campaign_id),
        }

    @api.model
    def _scope(self, campaign_id, mailing_id):
        """Return the field of the log, its record, and the domain of what people did with it."""
        name = "mailing_id" if mailing_id else "campaign_id"
        record = self.env[self._fields[name].comodel_name].browse(mailing_id or campaign_id)
        record.check_access("read")
        return name, record, BY_PEOPLE & Domain(name, "=", record.id)

    @api.model
    def _mass_emails_compared(self, campaign, totals):
        """Return the counts of a campaign's mass emails, of deleted ones as one without id."""
        mailings = self.env["mailing.mailing"].with_context(active_test=False)
        of_campaign = mailings.search([("campaign_id", "=", campaign.id)])
        counts = self._count_people("mailing_id", of_campaign.ids)
        deleted = totals - sum(counts.values(), Counter())
        ordered = of_campaign.filtered(lambda mailing: counts[mailing.id]).sorted(
            lambda mailing: (mailing.schedule_date or mailing.create_date, mailing.id), reverse=True
        )
        rows = [
            {
                "id": mailing.id,
                "name": mailing.display_name,
                "date": mailing.schedule_date,
                "tells_openings": mailing._tells_openings(),
                "counts": dict(counts[mailing.id]),
            }
            for mailing in ordered
        ]
        if deleted["sent"]:
            rows.append(
                {
                    "id": False,
                    "name": False,
                    "date": False,
                    "tells_openings": False,
                    "counts": dict(deleted),
                }
            )
        return rows

    @api.model
    def _clicked_links(self, scope, mailing, campaign_id):
        """Return the tracking URLs of a campaign, most clicked first, and others that were clicked.

        Hits are known where every single one is kept, else they are None.
        """
        clicks = self._read_group(
            scope & Domain("event_type", "=", "clicked"), ["link_id"], ["__count"]
        )
        people = {link.id: count for link, count in clicks}
        links = self.env["link.tracker"].with_context(active_test=False)
        urls = links.search(
            Domain("id", "in", list(people))
            | (
                Domain("campaign_id", "=", campaign_id or mailing.campaign_id.id)
                & Domain("campaign_id", "!=", False)
                & Domain("is_tracking_url", "=", True)
                & Domain("active", "=", True)
            )
        )
        of_scope = Domain("link_id", "in", urls.ids) & Domain("made_by", "=", False)
        of_scope &= Domain("trace_id.is_test_trace", "!=", True)
        if mailing:
            of_scope &= Domain("trace_id.mass_mailing_id", "=", mailing.id)
        hits = dict(self.env["mailing.trace.hit"]._read_group(of_scope, ["link_id"], ["__count"]))
        rows = [
            {
                "id": link.id,
                "name": link.display_name,
                "url": link.url if link.click_action == "redirect" else False,
                "people": people.get(link.id, 0),
                "hits": hits.get(link) if hits else None,
            }
            for link in urls
        ]
        return sorted(rows, key=lambda row: (-row["people"], row["name"]))

    @api.model
    @api.readonly
    def get_curve(self, campaign_id=False, mailing_id=False):
        """Return when people opened and clicked: ``{event type: [[hours after sending, people]]}``.

        Apart from the other statistics, for of a million lines it takes seconds.
        Raw SQL: each counts by her first click, which is found among all lines.
        """
        _name, _record, scope = self._scope(campaign_id, mailing_id)
        query = self._search(scope & Domain("event_type", "in", ("opened", "clicked")))
        message = query.join(query.table, "trace_id", "mailing_trace", "id", "trace")
        line = SQL.identifier(query.table)
        query.groupby = SQL("%(line)s.event_type, %(line)s.trace_id", line=line)
        first = query.select(
            SQL("%s.event_type", line),
            SQL(
                "GREATEST(0, FLOOR(EXTRACT(EPOCH FROM MIN(%(line)s.event_datetime)"
                " - MIN(COALESCE(%(message)s.sent_datetime, %(message)s.portion_datetime)))"
                " / 3600))::integer AS hour",
                line=line,
                message=SQL.identifier(message),
            ),
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT event_type, hour, COUNT(*) FROM (%s) first
                 WHERE hour IS NOT NULL
                 GROUP BY event_type, hour ORDER BY event_type, hour
                """,
                first,
            )
        )
        curve = {"opened": [], "clicked": []}
        for event_type, hour, count in rows:
            curve[event_type].append([hour, count])
        return curve
