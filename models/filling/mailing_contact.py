from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import RedirectWarning
from odoo.fields import Command, Domain
from odoo.tools import SQL, email_normalize

from ...delivery.address import PLAIN_ADDRESS, PLAIN_LENGTH, readable_address, wire_address

# Where an imported address is looked for, in this order, before it becomes a plain contact.
MATCHED_SOURCES = ("res.partner", "crm.lead")
# What the record of a target tells of her.
OF_RECORDS = ("name", "first_name", "last_name", "company_name", "country_id")


class MailingContact(models.Model):
    """Targets made of many records at once, found again in imports, or added by hand."""

    _inherit = "mailing.contact"

    opt_out = fields.Boolean(inverse="_inverse_opt_out")

    def _inverse_opt_out(self):
        """A column of an import: who is opted out of the list that is imported into."""
        lists = self.env["mailing.list"].browse(self.env.context.get("default_list_ids"))
        for opt_out, contacts in self.grouped("opt_out").items():
            of_lists = [("list_id", "in", lists.ids), ("contact_id", "in", contacts.ids)]
            self.env["mailing.subscription"].search(of_lists).opt_out = opt_out

    # ------------------------------------------------------------
    # By hand
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        contacts = super().create(vals_list)
        contacts._take_from_records(set().union(*vals_list))
        return contacts

    def write(self, vals):
        result = super().write(vals)
        self._take_from_records(vals)
        subscriptions = self.env["mailing.subscription"]
        list_ids = subscriptions._added_by_hand(vals.get("list_ids"))
        subscriptions._make_by_hand(self.env["mailing.list"].browse(list_ids), self)
        return result

    def _take_from_records(self, names):
        """Whose record has another address by now is not mailed at that of an earlier export."""
        taken = {"email", "company_name"}
        if "import_file" in self.env.context:
            taken.add("name")
        if taken := taken & {*names}:
            tied = self.filtered(lambda contact: contact.sudo()._source())
            for name in taken:
                self.env.add_to_compute(self._fields[name], tied)

    def web_save(self, vals, specification, next_id=None):
        """Lead a user who makes a second contact of a record to the first."""
        for source in self._sources().values():
            if vals.get(source) and (first := self.search([(source, "=", vals[source])]) - self):
                raise RedirectWarning(
                    self.env._(
                        "“%s” is a target already. Open it, and add it to your target list there.",
                        first.display_name,
                    ),
                    first.get_formview_action(),
                    self.env._("Open Target"),
                )
        return super().web_save(vals, specification, next_id=next_id)

    # ------------------------------------------------------------
    # Many records at once
    # ------------------------------------------------------------

    @api.model
    def _stand_for(self, model, query):
        """Make the targets of a source's records that have none yet.

        Raw SQL: the records may be as many as the database has. Plain addresses are normalized on
        the way; the few others are left to the ORM. Nobody stands as the author of the rows, for
        a foreign key is checked row by row. Who makes the same targets at this moment is waited
        for, and Odoo then begins anew.

        :param query: the records, a ``Query`` of ``_search``; is extended
        :return: SQL query of the ids and addresses of all their targets
        """
        self.check_access("create")
        self.env.flush_all()
        source = SQL.identifier(self._sources()[model])
        targets = SQL(
            "(SELECT id, address FROM mailing_contact WHERE %s IN %s)", source, query.subselect()
        )
        columns = self.env[model]._target_columns(query)
        record_id = SQL.identifier(query.table, "id")
        query.add_where(
            SQL(
                "NOT EXISTS (SELECT FROM mailing_contact known WHERE known.%s = %s)",
                source,
                record_id,
            )
        )
        query.order = record_id  # two who make the same targets take their turns
        self.env.cr.execute(
            SQL(
                """
                WITH made AS (
                    INSERT INTO mailing_contact (
                        %(source)s, name, email, company_name, target_type, email_normalized,
                        address, message_bounce, create_date, write_date)
                    SELECT record.id, record.name, record.email, record.company_name,
                           record.target_type, plain.address, plain.address, 0, %(now)s, %(now)s
                      FROM (%(records)s) record (id, name, email, company_name, target_type)
                     CROSS JOIN LATERAL (
                        SELECT CASE WHEN LENGTH(email) <= %(length)s AND email ~ %(plain)s
                                    THEN LOWER(email COLLATE "C") END AS address
                     ) plain
                    ON CONFLICT (%(source)s) WHERE %(source)s IS NOT NULL DO NOTHING
                    RETURNING id, email, address
                )
                SELECT id FROM made WHERE email IS NOT NULL AND address IS NULL
                """,
                source=source,
                records=query.select(
                    record_id,
                    columns["name"],
                    columns["email"],
                    columns["company_name"],
                    columns["target_type"],
                ),
                length=PLAIN_LENGTH,
                plain=PLAIN_ADDRESS,
                now=fields.Datetime.now(),
            )
        )
        odd = self.sudo().browse(contact_id for (contact_id,) in self.env.cr.fetchall())
        self.env.invalidate_all(flush=False)
        self.env.add_to_compute(self._fields["email_normalized"], odd)
        self.env.add_to_compute(self._fields["address"], odd)
        self.env.flush_all()
        return targets

    # ------------------------------------------------------------
    # Import
    # ------------------------------------------------------------

    def _load_records_create(self, vals_list):
        """A file that is imported names people who may be known already."""
        if not self.env.context.get("import_file"):
            return super()._load_records_create(vals_list)
        vals_list = [dict(vals) for vals in vals_list]  # Odoo tries them again, if one fails
        defaults = self.default_get(["subscription_ids"]).get("subscription_ids")
        joining = [self._pop_subscriptions(vals, defaults or []) for vals in vals_list]
        contacts = self._find_or_create(vals_list)
        for contact, vals in zip(contacts, vals_list, strict=True):
            contact._complete(vals)
        self._subscribe_imported(zip(contacts, joining, strict=True))
        return contacts

    @api.model
    def _find_or_create(self, vals_list):
        """Return the contacts that imported rows are about, in their order.

        Who has the address already is taken: a mailing contact, else an account or contact, else
        a lead, which the user may read; one whose record is archived when there is no other. Only
        who is unknown is created, and once. Takes as many statements for many rows as for few.
        """
        emails = [
            self._first_usable(email, email_normalize(email, strict=False) or "")
            for email in (vals.get("email") or "" for vals in vals_list)
        ]
        known = self._of_emails({email for email in emails if email})
        unknown = {}
        keys = [wire_address(email) or row for row, email in enumerate(emails)]
        for key, vals in zip(keys, vals_list, strict=True):
            if key not in known:
                told = {name: value for name, value in unknown.get(key, {}).items() if value}
                unknown[key] = vals | told
        plainly = self.with_context(
            import_file=False, default_list_ids=False, default_subscription_ids=False
        )
        created = plainly._load_records_create([*unknown.values()])
        known |= dict(zip(unknown, created.with_env(self.env), strict=True))
        return self.concat(*(known[key] for key in keys))

    def _complete(self, vals):
        """Give somebody who is known what she lacks of a row; who has a record is told of there.

        What no record tells, as a mobile number of SMS Marketing, everybody gets; tags add up.
        """
        settled = {"email", *self._sources().values()}
        if self.target_type != "plain":
            settled |= {*OF_RECORDS}
        elif self.name:
            settled |= {"first_name", "last_name"}
        missing = {}
        for name in vals.keys() - settled:
            if self._fields[name].type == "many2many":
                linked = {*self._linked(vals[name])} - {*self[name].ids}
                missing |= {name: [Command.link(each) for each in linked]} if linked else {}
            elif not self[name] and (vals[name] or vals[name] == "" != self[name]):
                missing[name] = vals[name]  # also no name as Odoo writes it, an empty one
        if missing:
            self.write(missing)

    @staticmethod
    def _linked(commands):
        """Return the ids that an imported row names in a many2many."""
        for command, record_id, *ids in commands or ():
            if command == Command.SET:
                yield from ids[0]
            elif command == Command.LINK:
                yield record_id

    @api.model
    def _of_emails(self, emails):
        """Return ``{address: contact}`` of those who have some normalized e-mails.

        Records that have no target yet get theirs.
        """
        addresses = set(filter(None, map(wire_address, emails)))
        contacts = self.search([("address", "in", addresses)]).sorted(
            lambda contact: (
                contact._is_source_archived(),
                contact.target_type == "plain",
                contact.id,
            ),
            reverse=True,
        )
        known = {contact.address: contact for contact in contacts}  # the first is written last
        for model in MATCHED_SOURCES:
            missing = {
                address
                for address in addresses
                if address not in known or known[address]._is_source_archived()
            }
            if missing and self.env[model].has_access("read"):
                spellings = emails | addresses | set(map(readable_address, addresses))
                spelled_so = Domain("email_normalized", "in", spellings)
                records = self.env[model].search(spelled_so, order="id desc")
                found = {wire_address(record.email_normalized): record for record in records}
                found = {address: found[address] for address in found.keys() & missing}
                targets = self._targets_of(records.concat(*found.values()))
                known |= {address: targets[record] for address, record in found.items()}
        return known

    @api.model
    def _targets_of(self, records):
        source = records._target_field
        of_them = Domain("id", "in", records.ids)
        self._stand_for(records._name, records.with_context(active_test=False)._search(of_them))
        return {contact[source]: contact for contact in self.search([(source, "in", records.ids)])}

    @api.model
    def _pop_subscriptions(self, vals, defaults):
        """Take the target lists out of an imported row; return ``{list id: other values}``."""
        joining = {values["list_id"]: {} for *_create, values in defaults}
        joining |= {each: {} for each in self._linked(vals.pop("list_ids", ()))}
        for *_create, values in vals.pop("subscription_ids", ()):
            lists = [values["list_id"]] if values.get("list_id") else [*joining]
            told = {name: value for name, value in values.items() if name != "list_id" and value}
            joining |= {each: {**told} for each in lists}
        if vals.pop("opt_out", False):
            joining = {list_id: {**told, "opt_out": True} for list_id, told in joining.items()}
        return joining

    @api.model
    def _subscribe_imported(self, rows):
        """Make contacts members of their lists; an opt-out that the file tells holds.

        Who left a list before does not come back by a file that says nothing of it.
        """
        members, told_of = defaultdict(set), defaultdict(set)
        for contact, joining in rows:
            for list_id, told in joining.items():
                members[list_id].add(contact.id)
                if told:
                    told_of[list_id, (*told.items(),)].add(contact.id)
        for list_id, contact_ids in members.items():
            target_list = self.env["mailing.list"].browse(list_id)
            target_list._add_targets("mailing.contact", [("id", "in", [*contact_ids])])
        for (list_id, told), contact_ids in told_of.items():
            of_them = [("list_id", "=", list_id), ("contact_id", "in", [*contact_ids])]
            self.env["mailing.subscription"].search(of_them).write(dict(told))
