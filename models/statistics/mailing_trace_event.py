from collections import Counter, defaultdict

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..response.mailing_trace_event import BY_PEOPLE

# Of these a message may have several lines, and counts once all the same.
REPEATED = ("clicked", "opted_out", "opted_in")


class MailingTraceEvent(models.Model):
    """What the log adds up to: people, each once per message; no tests, machines or staff."""

    _inherit = "mailing.trace.event"

    @api.model
    @api.readonly
    def get_statistics(self, campaign_id=False, mailing_id=False):
        """Return the statistics of a campaign or of one mass email.

        The number of statements is the same however many mass emails and tracking URLs there are.

        :return: ``{"totals", "mailings", "links", "curve"}``: counts by event type, ``final`` and
            ``temporary`` among them; the same of each mass email; clicks of each tracking URL; and
            openings and clicks by hour after the message was sent
        """
        name = "mailing_id" if mailing_id else "campaign_id"
        record = self.env[self._fields[name].comodel_name].browse(mailing_id or campaign_id)
        record.check_access("read")
        scope = BY_PEOPLE & Domain(name, "=", record.id)
        counts = self._count_people(scope)
        return {
            "totals": dict(sum(counts.values(), Counter())),
            "mailings": self._mass_emails_compared(counts),
            "links": self._clicked_links(scope, record if mailing_id else None, campaign_id),
            "curve": self._curve(scope),
        }

    @api.model
    def _count_people(self, scope):
        """Return ``{mass email: Counter}``; by an empty one what no mass email is known of."""
        counts = defaultdict(Counter)
        once = self._read_group(
            scope & Domain("event_type", "not in", REPEATED),
            ["mailing_id", "event_type", "bounce_type"],
            ["__count"],
        )
        for mailing, event_type, bounce_type, count in once:
            counts[mailing][event_type] += count
            if bounce_type:
                counts[mailing][bounce_type] += count
        again = self._read_group(
            scope & Domain("event_type", "in", REPEATED),
            ["mailing_id", "event_type"],
            ["trace_id:count_distinct", "trace_id:count", "__count"],
        )
        for mailing, event_type, messages, of_messages, lines in again:
            # lines whose message was deleted count each
            counts[mailing][event_type] += messages + lines - of_messages
        return counts

    @api.model
    def _mass_emails_compared(self, counts):
        mailings = self.env["mailing.mailing"]
        known = mailings.union(*counts)
        ordered = [*known.sorted(lambda each: (each.schedule_date or each.create_date, each.id))]
        if counts[mailings]["sent"]:
            ordered.insert(0, mailings)  # deleted ones
        return [
            {
                "id": mailing.id,
                "name": mailing.display_name,
                "date": mailing.schedule_date,
                "tells_openings": mailing.open_tracking,
                "counts": dict(counts[mailing]),
            }
            for mailing in reversed(ordered)
        ]

    @api.model
    def _clicked_links(self, scope, mailing, campaign_id):
        """Return the tracking URLs of a campaign, most clicked first, and others that were clicked.

        Hits are known where every single one is kept, else they are None.
        """
        clicks = self._read_group(
            scope & Domain("event_type", "=", "clicked"), ["link_id"], ["__count"]
        )
        people = {link.id: count for link, count in clicks}
        urls = self.env["link.tracker"].search(
            Domain("id", "in", list(people))
            | (
                Domain("campaign_id", "=", campaign_id or mailing.campaign_id.id)
                & Domain("campaign_id", "!=", False)
                & Domain("is_tracking_url", "=", True)
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
    def _curve(self, scope):
        """Return ``{event type: [[hours after sending, people]]}``.

        Raw SQL: each counts by her first click, which is found among all lines.
        """
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
