from odoo.tools.sql import column_exists


def migrate(cr, _version):
    """Note what killed runs can have had on the wire: their first rows without a result.

    Runs of this version say so themselves; those before had one message per session at a time, in
    the order of their claims. Costs one look at the rows that are claimed, a few thousand.
    """
    if not column_exists(cr, "mailing_journal_run", "session_count"):
        return
    cr.execute(
        """
        INSERT INTO mailing_journal_ack (
            run_key, ack_datetime, begun_trace_id, begun_claim_number)
        SELECT claim_key, NOW() AT TIME ZONE 'UTC', id, claim_number
          FROM (
            SELECT trace.id, trace.claim_key, trace.claim_number, run.session_count,
                   ROW_NUMBER() OVER (PARTITION BY trace.claim_key
                                      ORDER BY trace.claim_number, trace.id) AS place
              FROM mailing_trace trace
              JOIN mailing_journal_run run ON run.key = trace.claim_key
             WHERE trace.trace_status = 'process'
               AND NOT EXISTS (SELECT FROM mailing_journal_ack ack
                                WHERE ack.run_key = trace.claim_key AND ack.trace_id = trace.id
                                  AND ack.claim_number = trace.claim_number)
          ) unacknowledged
         WHERE place <= session_count
        """
    )
