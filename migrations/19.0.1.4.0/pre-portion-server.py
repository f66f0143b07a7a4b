from odoo.tools.sql import column_exists, drop_constraint, rename_column


def migrate(cr, _version):
    """A message names the mail server of its places in the portion without a foreign key.

    At once: the column stays, under its new name.
    """
    if column_exists(cr, "mailing_trace", "mail_server_id"):
        drop_constraint(cr, "mailing_trace", "mailing_trace_mail_server_id_fkey")
        rename_column(cr, "mailing_trace", "mail_server_id", "portion_server")
