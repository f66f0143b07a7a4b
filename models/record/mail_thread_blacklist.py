from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ...delivery.address import readable_address, wire_address

MARKETERS = "mass_mailing.group_mass_mailing_user"


class MailThreadBlacklist(models.AbstractModel):
    """What speaks against mailing the address of a record, whoever else carries it."""

    _inherit = "mail.thread.blacklist"

    blacklist_reason = fields.Char(
        "Opted Out of Everything",
        compute="_compute_blacklist_reason",
        compute_sudo=True,
        groups=MARKETERS,
    )
    is_address_dead = fields.Boolean(
        "Address Is Dead",
        compute="_compute_is_address_dead",
        search="_search_is_address_dead",
        compute_sudo=True,
        groups=MARKETERS,
        help="Messages to this address came back for good, or a user said so. Nobody is mailed "
        "at it.",
    )
    dead_reason = fields.Char(
        "Dead Address", compute="_compute_is_address_dead", compute_sudo=True, groups=MARKETERS
    )

    def _wire_address(self):
        """Return the address of a record as mass emails write it into SMTP commands."""
        return wire_address(self.email_normalized or "")

    # ------------------------------------------------------------
    # The blacklist
    # ------------------------------------------------------------

    @api.depends("email_normalized")
    def _compute_is_blacklisted(self):
        """Two spellings of an address are one on the wire, and one here."""
        result = super()._compute_is_blacklisted()
        others = self.filtered(lambda each: not each.is_blacklisted and each.email_normalized)
        odd = others.filtered(lambda each: each._wire_address() != each.email_normalized)
        blacklisted = set(odd._blacklist_entries().mapped("address"))
        for record in odd:
            record.is_blacklisted = record._wire_address() in blacklisted
        return result

    @api.model
    def _search_is_blacklisted(self, operator, value):
        if operator != "in":
            return NotImplemented
        entries = SQL("SELECT address FROM mail_blacklist WHERE active")
        return Domain(super()._search_is_blacklisted(operator, value)) | self._of_addresses(entries)

    @api.depends("email_normalized")
    def _compute_blacklist_reason(self):
        entries = {entry.address: entry for entry in self._blacklist_entries()}
        for record in self:
            entry = entries.get(record._wire_address())
            record.blacklist_reason = entry and self._reason(
                entry.write_date,
                entry.opt_out_reason_id.name
                or (entry.opt_out_trace_id and self.env._("by an opt-out link")),
                entry.opt_out_trace_id.mass_mailing_id.display_name,
            )

    def _blacklist_entries(self):
        addresses = {record._wire_address() for record in self} - {None}
        if not addresses:
            return self.env["mail.blacklist"]
        return self.env["mail.blacklist"].sudo().search([("address", "in", list(addresses))])

    # ------------------------------------------------------------
    # Dead addresses
    # ------------------------------------------------------------

    @api.depends("email_normalized")
    def _compute_is_address_dead(self):
        addresses = {record._wire_address() for record in self} - {None}
        dead = self.env["mailing.address"].search(
            [("address", "in", list(addresses)), ("dead_datetime", "!=", False)]
        )
        dead = {known.address: known for known in dead}
        for record in self:
            known = dead.get(record._wire_address())
            record.is_address_dead = bool(known)
            record.dead_reason = known and self._reason(
                known.dead_datetime, known.words, known.mailing_id.display_name
            )

    @api.model
    def _search_is_address_dead(self, operator, _value):
        if operator != "in":
            return NotImplemented
        # Odoo leaves it to the method who may search by a field that has one
        self._check_field_access(self._fields["is_address_dead"], "read")
        return self._of_addresses(
            SQL("SELECT address FROM mailing_address WHERE dead_datetime IS NOT NULL")
        )

    @api.model
    def _of_addresses(self, addresses):
        """Return the domain of records with one of some addresses on the wire.

        Raw SQL: the addresses may be many; only those with letters that no host name has are
        spelled out here, for the database cannot.

        :param addresses: SQL that gives them in a column ``address``
        """
        self.env.flush_all()
        spelled = [
            readable_address(address)
            for (address,) in self.env.execute_query(
                SQL("SELECT address FROM (%s) known WHERE address LIKE '%%xn--%%'", addresses)
            )
        ]
        return Domain(
            "id",
            "in",
            SQL(
                "(SELECT id FROM %s"
                " WHERE email_normalized IN (%s UNION ALL SELECT unnest(%s::varchar[])))",
                SQL.identifier(self._table),
                addresses,
                spelled,
            ),
        )

    def _reason(self, since, words, mass_email):
        """Say in one line since when something holds, and why."""
        parts = [self.env._("since %s", format_date(self.env, since)), words, mass_email]
        return " · ".join(part for part in parts if part)
