import secrets
from functools import partial

from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.turns import retried

KEY = "mass_mailing_campaign.erased_key"


class MailingErasedAddress(models.Model):
    """An address that was erased on request, and is not mailed when an import brings it back.

    Only a keyed digest of it is kept: it tells whether an address that somebody shows is the one,
    and gives none away. The key is our own, for that of the database changes when it is copied. A
    row ends when an administrator lifts it.
    """

    _name = "mailing.erased.address"
    _description = "Erased Address"
    _rec_name = "digest"

    digest = fields.Char(required=True, readonly=True)

    _once = models.UniqueIndex("(digest)")

    def init(self):
        parameters = self.env["ir.config_parameter"].sudo()
        if not parameters.get_param(KEY):
            parameters.set_param(KEY, secrets.token_hex(32))

    @api.model
    def _digest(self, address):
        """SQL: the keyed digest of an address on the wire."""
        return SQL(
            """ENCODE(SHA256(CONVERT_TO(
                (SELECT value FROM ir_config_parameter WHERE key = %s) || %s, 'UTF8')), 'hex')""",
            KEY,
            address,
        )

    @api.model
    def _is_erased(self, address):
        """SQL condition: an address on the wire was erased. No digest is made without any row."""
        return SQL(
            """(EXISTS (SELECT FROM mailing_erased_address)
                AND EXISTS (SELECT FROM mailing_erased_address erased
                             WHERE erased.digest = %s))""",
            self._digest(address),
        )

    @api.model
    def _of(self, address):
        """Return the row of an address on the wire; empty when it was not erased."""
        self.env["ir.config_parameter"].flush_model()
        query = SQL("SELECT %s", self._digest(SQL("%s::varchar", address)))
        [(digest,)] = self.env.execute_query(query)
        return self.search([("digest", "=", digest)])

    @api.model
    def _among(self, addresses):
        """Return those of some addresses on the wire that were erased. Raw SQL: one statement."""
        query = SQL(
            "SELECT address FROM unnest(%s::varchar[]) address WHERE %s",
            list(addresses),
            self._is_erased(SQL("address")),
        )
        self.flush_model()
        return {address for (address,) in self.env.execute_query(query)}

    @api.model
    def _erase(self, address):
        """Forget who has an address, but not that nobody is to be mailed there.

        What she did counts on, without her. Records of others that have the address stay, with it:
        accounts, contacts, leads, users.

        What comes of her messages at this moment may have read her address before it was gone: so
        there is a second look.

        :param address: on the wire
        :raise UserError: a message to her is being sent right now
        """
        traces = self._forget(address)
        self.env.cr.postcommit.add(partial(self._forget_what_came, address, traces.ids))

    @api.model
    def _forget_what_came(self, address, trace_ids):
        """Forget what was written of an address while it was erased; in a session of its own."""
        with self.env.registry.cursor() as cr:
            again = self.with_env(self.env(cr=cr))
            again._wait_for_writers(trace_ids)
            again._forget_now(address, trace_ids)

    @retried
    def _wait_for_writers(self, trace_ids):
        """Wait until nobody writes of some messages any more; committed on return."""
        self.env.cr.execute("SELECT FROM mailing_trace WHERE id = ANY(%s) FOR UPDATE", [trace_ids])

    @retried
    def _forget_now(self, address, trace_ids):
        """Forget, whatever is written of the same messages meanwhile; committed on return."""
        self._forget(address, trace_ids)

    @api.model
    def _forget(self, address, trace_ids=()):
        """Forget who has an address.

        :param trace_ids: messages that were hers
        :return: the messages that were
        """
        contacts = self.env["mailing.contact"]._having(address)
        self.env["mailing.mailing"]._hold_queues(contacts)
        traces = self.env["mailing.trace"].browse(trace_ids).exists()
        traces |= traces._of_person(address, contacts)
        lines = self.env["mailing.trace.event"]._of_person(address, contacts, traces)
        self.env["mailing.trace.hit"].search([("trace_id", "in", traces.ids)]).unlink()
        self.env["link.tracker.click"].search([("mailing_trace_id", "in", traces.ids)]).ip = False
        lines._erase()
        traces._erase()
        # their memory first, or deleting them would remember the address
        self.env["mailing.opt.out"]._of_person(address, contacts).unlink()
        contacts._stored_letters().unlink()
        contacts.unlink()
        self.env["mailing.address"].search([("address", "=", address)]).unlink()
        blacklist = self.env["mail.blacklist"].with_context(active_test=False)
        blacklist.search([("address", "=", address)]).unlink()
        self._keep([address])
        return traces

    @api.model
    def _keep(self, addresses):
        """Nobody is to be mailed at some addresses on the wire. Raw SQL: of whoever erases them."""
        self.env["ir.config_parameter"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_erased_address (
                    digest, create_uid, create_date, write_uid, write_date)
                SELECT %(digest)s, %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM unnest(%(addresses)s::varchar[]) address
                ON CONFLICT DO NOTHING
                """,
                digest=self._digest(SQL("address")),
                addresses=list(addresses),
                uid=self.env.uid,
                now=fields.Datetime.now(),
            )
        )
        self.invalidate_model()
