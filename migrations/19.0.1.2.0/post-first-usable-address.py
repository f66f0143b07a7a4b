from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Of several addresses in a field the first that can be used counts.

    Looks at contacts alone whose first address was none: a second of a scan for a million.
    """
    cr.execute("SELECT id FROM mailing_contact WHERE address IS NULL AND email LIKE '%@%@%'")
    contacts = api.Environment(cr, SUPERUSER_ID, {})["mailing.contact"].browse(
        contact_id for (contact_id,) in cr.fetchall()
    )
    contacts.modified(["email"])
    contacts.flush_recordset()
