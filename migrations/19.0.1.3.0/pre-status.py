def migrate(cr, _version):
    """Fill the status in words; Odoo would post a note on every mailing for its having one.

    One statement over the mailings, which are few.
    """
    cr.execute("ALTER TABLE mailing_mailing ADD COLUMN IF NOT EXISTS mass_email_status varchar")
    cr.execute(
        """
        UPDATE mailing_mailing
           SET mass_email_status = CASE
               WHEN delivery_mode != 'portions' THEN state
               WHEN is_paused AND state IN ('in_queue', 'sending') THEN 'paused'
               ELSE CASE state WHEN 'in_queue' THEN 'pending' WHEN 'sending' THEN 'in_process'
                               WHEN 'done' THEN 'complete' ELSE state END
           END
         WHERE mass_email_status IS NULL
        """
    )
