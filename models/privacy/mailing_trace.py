from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, escape_psql

from ...delivery.address import readable_address


class MailingTrace(models.Model):
    """The messages to a person who was erased count as before, and name nobody."""

    _name = "mailing.trace"
    _inherit = ["mailing.trace", "mailing.safe.export.mixin"]

    @api.model
    def _of_person(self, address, contacts):
        """Return the messages to an address, and those to contacts that have it now."""
        has_address = Domain.OR(
            Domain("email", "=ilike", escape_psql(each))
            for each in (address, readable_address(address))
        )
        return self.search(has_address | Domain("contact_id", "in", contacts.ids))

    def _erase(self):
        """Forget to whom messages were; how they stand is kept, and who waited waits no more.

        The links in them have no meaning any more, nor has what comes back: their token is one
        that nobody knows. A row needs some record, so it names one that cannot be.

        Raw SQL: a row of a mass email is not written otherwise.
        """
        if any(trace.trace_status == "process" and trace.token for trace in self):
            raise UserError(
                self.env._("A message to this address is being sent right now. Try again shortly.")
            )
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_trace
                   SET email = NULL, res_id = -id, message_id = NULL, smtp_reply = NULL,
                       failure_reason = NULL, same_address_contact_id = NULL,
                       retry_datetime = NULL, claim_key = NULL,
                       failure_type = CASE WHEN token IS NOT NULL AND trace_status = 'outgoing'
                                           THEN 'erased' ELSE failure_type END,
                       trace_status = CASE WHEN token IS NOT NULL AND trace_status = 'outgoing'
                                           THEN 'cancel' ELSE trace_status END,
                       token = CASE WHEN token IS NOT NULL
                                    THEN REPLACE(gen_random_uuid()::text, '-', '') END
                 WHERE id = ANY(%s)
                """,
                self.ids,
            )
        )
        self.invalidate_model()

    @api.model
    def _from_reports(self, references, message_ids, addresses):
        """Who was erased has no address any more, and nothing comes back from her."""
        return super()._from_reports(references, message_ids, addresses).filtered("email")
