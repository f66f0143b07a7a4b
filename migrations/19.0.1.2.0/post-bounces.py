from odoo.addons.mass_mailing_campaign.delivery.bounce import find_status, judge

LONGEST = 8000


def migrate(cr, _version):
    """Class bounces in the log anew, by the words that stand with their messages.

    Hard was whatever had a code of class 5, a full mailbox and a policy included; soft was all
    else, unknown users in reports of old programs included. So neither can be taken over: a line
    whose words are gone has no class any more. Nothing of it counts against an address.

    Costs one look at the log, and a second for some ten thousand bounces.
    """
    cr.execute(
        """
        SELECT event.id, LEFT(trace.failure_reason, %s)
          FROM mailing_trace_event event
          LEFT JOIN mailing_trace trace
            ON trace.id = event.trace_id AND trace.trace_status = 'bounce'
         WHERE event.bounce_type IN ('hard', 'soft')
        """,
        (LONGEST,),
    )
    rows = [
        (event_id, kind.value if kind else None, " ".join(words.split())[:500] or None)
        for event_id, reason in cr.fetchall()
        for words in [reason or ""]
        for kind in [judge(find_status(words), [words])]
    ]
    if not rows:
        return
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
