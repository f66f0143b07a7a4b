import re

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize_all, mute_logger

from ...delivery.address import wire_address


def _name_the_one_there_is(env, diagnostics):
    """Say which mailing contact stands for a record already."""
    detail = diagnostics and diagnostics.message_detail
    key = re.search(r"\((\w+)\)=\((\d+)\)", detail or "")
    contact = env["mailing.contact"].search([(key[1], "=", int(key[2]))]) if key else None
    if not contact:
        return env._("This record is a target already. Use that one.")
    return env._(
        "“%s” is a target already. Open it, and add it to your target list.",
        contact.display_name,
    )


class MailingContact(models.Model):
    """A target: a plain address, or the stand-in of one record of a source of targets.

    A contact tied to a partner, lead or user takes its name, e-mail and company from there and
    follows every change. There is at most one contact per record, so a target list is one indexed
    table however mixed its members are. What can be a source says ``mailing.target.mixin``.
    """

    _inherit = "mailing.contact"

    partner_id = fields.Many2one(
        "res.partner", "Account or Contact", index="btree_not_null", ondelete="cascade"
    )
    lead_id = fields.Many2one("crm.lead", index="btree_not_null", ondelete="cascade")
    user_id = fields.Many2one("res.users", index="btree_not_null", ondelete="cascade")
    target_type = fields.Selection(
        [
            ("account", "Account"),
            ("contact", "Contact"),
            ("lead", "Lead"),
            ("user", "User"),
            ("plain", "Address Only"),
        ],
        compute="_compute_target_type",
        store=True,
        precompute=True,
    )
    event_ids = fields.One2many("mailing.trace.event", "contact_id", string="Campaign Log")
    name = fields.Char(tracking=False)
    email = fields.Char(compute="_compute_email", store=True, readonly=False, precompute=True)
    address = fields.Char(
        "Address on the Wire",
        compute="_compute_address",
        store=True,
        help="What stands in SMTP commands, and what addresses are compared by. Empty when the "
        "e-mail cannot be used.",
    )
    company_name = fields.Char(
        compute="_compute_company_name", store=True, readonly=False, precompute=True
    )

    _partner_uniq = models.UniqueIndex(
        "(partner_id) WHERE partner_id IS NOT NULL", _name_the_one_there_is
    )
    _lead_uniq = models.UniqueIndex("(lead_id) WHERE lead_id IS NOT NULL", _name_the_one_there_is)
    _user_uniq = models.UniqueIndex("(user_id) WHERE user_id IS NOT NULL", _name_the_one_there_is)
    _email_normalized_idx = models.Index("(email_normalized) WHERE email_normalized IS NOT NULL")
    _address_idx = models.Index("(address) WHERE address IS NOT NULL")
    # who has more than the one she is mailed at?
    _several_addresses_idx = models.Index("(id) WHERE email ~ '@.*@'")

    # ------------------------------------------------------------
    # What it stands for
    # ------------------------------------------------------------

    @api.model
    def _sources(self):
        """Return ``{model: many2one that names its record}`` of all sources of targets."""
        models = self.env.registry["mailing.target.mixin"]._inherit_children
        return {model: self.env[model]._target_field for model in models}

    @api.model
    def _source_paths(self, attribute):
        """Return the paths to fields that the sources name in one of their attributes."""
        return [
            f"{source}.{name}"
            for model, source in self._sources().items()
            for name in getattr(self.env[model], attribute)
        ]

    def _source(self):
        """Return the record this target stands for, or None for a plain address."""
        self.ensure_one()
        return next((self[source] for source in self._sources().values() if self[source]), None)

    def _is_source_archived(self):
        self.ensure_one()
        record = self.sudo()._source()
        return bool(record and record._active_name and not record[record._active_name])

    @api.constrains(lambda self: self._sources().values())
    def _check_single_source(self):
        for contact in self:
            if sum(bool(contact[source]) for source in self._sources().values()) > 1:
                raise ValidationError(
                    self.env._(
                        "A target stands for one account, contact, lead or user, not for several."
                    )
                )

    @api.depends(
        lambda self: [*self._source_paths("_target_type_fields"), *self._sources().values()]
    )
    def _compute_target_type(self):
        for contact in self:
            record = contact._source()
            contact.target_type = record._get_target_type() if record else "plain"

    @api.depends(lambda self: self._source_paths("_target_name_fields"))
    def _compute_name(self):
        result = super()._compute_name()
        for contact in self:
            if record := contact._source():
                contact.name = record._first_filled(record._target_name_fields) or contact.name
        return result

    @api.depends(lambda self: self._source_paths("_target_email_fields"))
    def _compute_email(self):
        for contact in self:
            record = contact._source()
            contact.email = (
                record._first_filled(record._target_email_fields) if record else contact.email
            )

    @api.depends("email")
    def _compute_email_normalized(self):
        result = super()._compute_email_normalized()
        for contact in self.filtered("email"):
            contact.email_normalized = self._first_usable(contact.email, contact.email_normalized)
        return result

    @api.model
    def _first_usable(self, email, normalized):
        """Return the address that counts of those in a field: the first that can be used.

        :param normalized: the first as Odoo has it; counts when none can be used
        """
        if wire_address(normalized or ""):
            return normalized
        return next(filter(wire_address, email_normalize_all(email)), normalized)

    @api.depends("email_normalized")
    def _compute_address(self):
        for contact in self:
            contact.address = wire_address(contact.email_normalized or "")

    @api.model
    def _addresses_of_several(self, lists):
        """Return the addresses on the wire of those members of some lists who have several.

        Raw SQL: it begins with those, who are few however many members there are.

        :return: set of (address, id of the list)
        """
        if not lists:
            return set()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT several.email, hers.list_id
                  FROM mailing_contact several
                 CROSS JOIN LATERAL (
                    SELECT list_id FROM mailing_subscription
                     WHERE contact_id = several.id AND list_id = ANY(%s)
                    OFFSET 0
                 ) hers
                 WHERE several.email ~ '@.*@'
                """,
                lists.ids,
            )
        )
        return {
            (address, list_id) for email, list_id in rows for address in self._addresses_in(email)
        }

    @api.model
    def _addresses_in(self, email):
        """Return the addresses on the wire that stand in a field; most have one at most."""
        return set(filter(None, map(wire_address, email_normalize_all(email or ""))))

    @api.model
    def _having(self, address):
        """Return who has an address on the wire, be it one of several.

        Raw SQL: the few who have several are found by an index.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL("SELECT id, email FROM mailing_contact WHERE email ~ '@.*@'")
        )
        ids = [contact_id for contact_id, email in rows if address in self._addresses_in(email)]
        return self.search(Domain("address", "=", address) | Domain("id", "in", ids))

    @api.depends(lambda self: self._source_paths("_target_company_fields"))
    def _compute_company_name(self):
        for contact in self:
            record = contact._source()
            contact.company_name = (
                record._first_filled(record._target_company_fields)
                if record
                else contact.company_name
            )

    # ------------------------------------------------------------
    # Memberships
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        joins_lists = any("list_ids" in vals for vals in vals_list)
        newest_id = self.env["mailing.subscription"]._newest_id() if joins_lists else None
        contacts = super().create(vals_list)
        contacts._check_sources_are_readable()
        if joins_lists:
            self.env["mailing.subscription"]._welcome_since(newest_id)
        return contacts

    def write(self, vals):
        joins_lists = "list_ids" in vals
        newest_id = self.env["mailing.subscription"]._newest_id() if joins_lists else None
        result = super().write(vals)
        if not vals.keys().isdisjoint(self._sources().values()):
            self._check_sources_are_readable()
        if joins_lists:
            self.env["mailing.subscription"]._welcome_since(newest_id)
        return result

    def onchange(self, values, field_names, fields_spec):
        """A form that names another record shows its name and e-mail address."""
        named = values if self else self.default_get([*self._sources().values()]) | values
        for model, source in self._sources().items():
            if named.get(source) and named[source] != self[source].id:
                self.env[model].browse(named[source]).check_access("read")
        return super().onchange(values, field_names, fields_spec)

    def _check_sources_are_readable(self):
        """Who makes a target of a record gets to know its name and e-mail address."""
        if not self.env.su:
            for source in filter(self.mapped, self._sources().values()):
                self[source].check_access("read")

    @api.ondelete(at_uninstall=False)
    def _unlink_but_remember(self):
        self.env["mailing.opt.out"]._remember_addresses(self)

    # ------------------------------------------------------------
    # Records that targets stand for
    # ------------------------------------------------------------

    @api.model
    def _unlink_for(self, records):
        """Delete the targets of records that are deleted; the database would forget opt-outs.

        Whom lists exclude, they exclude as before, for another may have her address: it stays in
        them, and in no others.
        """
        source = records._target_field
        contacts = self.sudo().search([(source, "in", records.ids)])
        memberships = contacts.filtered("address").subscription_ids
        excluding = memberships.list_id.filtered(lambda each: each._excludes())
        excluded = memberships.filtered(lambda each: each.list_id in excluding)
        staying = excluded.contact_id
        (contacts - staying).unlink()
        (staying.subscription_ids - excluded).unlink()
        staying[source] = False

    @api.model
    def _for_records(self, records):
        """Return the contacts standing for partners, leads or users; missing ones are created.

        :raise SerializationFailure: somebody else creates one right now; Odoo then begins anew
        """
        source = records._target_field
        contacts = self.search([(source, "in", records.ids)])
        missing = records - contacts[source]
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                return contacts + self.create([{source: record.id} for record in missing])
        except UniqueViolation as error:
            raise SerializationFailure(str(error)) from error
