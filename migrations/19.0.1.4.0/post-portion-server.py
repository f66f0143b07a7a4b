from odoo.tools.sql import column_exists


def migrate(cr, _version):
    """A message names the mail server of its places in the portion without a foreign key.

    The old column goes by itself, and with it favourites that ask for it. Costs a new version of
    each message of the last hour, for the portion counts no others.
    """
    if not column_exists(cr, "mailing_trace", "mail_server_id"):
        return
    cr.execute(
        """
        UPDATE mailing_trace SET portion_server = mail_server_id
         WHERE portion_datetime > NOW() AT TIME ZONE 'UTC' - INTERVAL '1 hour'
           AND mail_server_id IS NOT NULL
        """
    )
    cr.execute(
        """
        DELETE FROM ir_filters
         WHERE model_id = 'mailing.trace'
           AND CONCAT(domain, context, sort) LIKE '%mail_server_id%'
        """
    )
