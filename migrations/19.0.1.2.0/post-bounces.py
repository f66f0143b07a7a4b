from odoo.addons.mass_mailing_campaign.delivery.bounce import find_status, judge

LONGEST = 8000
# Words of so many are in memory at a time.
AT_ONCE = 10_000


def migrate(cr, _version):
    """Class bounces in the log anew, by the words that stand with their messages.

    Hard was whatever had a code of class 5, a full mailbox and a policy included; soft was all
    else, unknown users in reports of old programs included. So neither can be taken over: a line
    whose words are gone has no class any more. Nothing of it counts against an address.

    Costs two or three seconds for a thousand bounces, and as little memory for a million.
    """
    last = 0
    while last is not None:
        last = _migrate_some(cr, last)


def _migrate_some(cr, after):
    """Class the next bounces behind an id; return the last of theirs, None without any."""
    cr.execute(
        """
        SELECT event.id, LEFT(trace.failure_reason, %s)
          FROM mailing_trace_event event
          LEFT JOIN mailing_trace trace
            ON trace.id = event.trace_id AND trace.trace_status = 'bounce'
         WHERE event.bounce_type IN ('hard', 'soft') AND event.id > %s
         ORDER BY event.id
         LIMIT %s
        """,
        (LONGEST, after, AT_ONCE),
    )
    rows = [
        (event_id, kind.value if kind else None, " ".join(words.split())[:500] or None)
        for event_id, reason in cr.fetchall()
        for words in [reason or ""]
        for kind in [judge(find_status(words), [words])]
    ]
    if not rows:
        return None
    cr.execute_values(
        """
        UPDATE mailing_trace_event event
           SET bounce_type = row.bounce_type, words = COALESCE(event.words, row.words)
          FROM (VALUES %s) row (id, bounce_type, words)
         WHERE row.id = event.id
        """,
        rows,
        template="(%s::int, %s::varchar, %s::varchar)",
    )
    return rows[-1][0]
