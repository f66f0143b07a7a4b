import base64
import csv
import io

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize, html2plaintext

from ..delivery.address import wire_address
from ..models.privacy.mailing_safe_export_mixin import safe_cell


class MailingAddressLookup(models.TransientModel):
    """What is known of an address: to tell the person who asks, and to erase her.

    Looking is for all of Email Marketing, who may read each of it anyway; what others' campaigns
    know is for who sees these. Erasing and its lifting are for administrators.
    """

    _name = "mailing.address.lookup"
    _description = "What We Know of an Address"
    _rec_name = "email"

    email = fields.Char(required=True)
    address = fields.Char(readonly=True, help="What the lines are about.")
    erased_datetime = fields.Datetime("Erased", readonly=True)
    line_ids = fields.One2many("mailing.address.lookup.line", "lookup_id", readonly=True)
    source_names = fields.Char(
        readonly=True, help="Records of other apps that have the address, and stay."
    )
    csv_file = fields.Binary(compute="_compute_csv_file")

    # ------------------------------------------------------------
    # Looking
    # ------------------------------------------------------------

    def action_look_up(self):
        """Show what is known of the address."""
        self.ensure_one()
        self._look_up()
        return {
            "type": "ir.actions.act_window",
            "name": self._description,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_export(self):
        """Download what is known, as a table that she can read."""
        self.ensure_one()
        self._look_up()
        name = self.env._("What We Know")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/csv_file/{name}.csv?download=true",
        }

    def _look_up(self):
        self.address = wire_address(email_normalize(self.email or "") or "")
        if not self.address:
            raise UserError(self.env._("“%s” is not an e-mail address.", self.email))
        env = self.sudo().env  # all of it, whoever asks
        contacts = env["mailing.contact"]._having(self.address)
        lines = sorted(
            self._facts(contacts), key=lambda fact: fact["date"] or fields.Datetime.now()
        )
        line_model = self.env["mailing.address.lookup.line"]
        self.line_ids.unlink()
        line_model.create([{"lookup_id": self.id, **line} for line in lines])
        sources = filter(None, (contact._source() for contact in contacts))
        self.source_names = ", ".join(sorted({source.display_name for source in sources}))
        self.erased_datetime = env["mailing.erased.address"]._of(self.address).create_date

    def _facts(self, contacts):
        """Return what is known, as values of lines: topic, date, subject and words."""
        env = contacts.env
        traces = env["mailing.trace"]._of_person(self.address, contacts)
        events = env["mailing.trace.event"]._of_person(self.address, contacts, traces)
        hits = env["mailing.trace.hit"].search([("trace_id", "in", traces.ids)])
        clicks = env["link.tracker.click"].search([("mailing_trace_id", "in", traces.ids)])
        letters = contacts._stored_letters()
        notes = contacts.message_ids - letters
        all_of_campaigns = (traces, events, hits, letters)
        in_reach = [*map(self._in_reach, all_of_campaigns)]
        hidden_count = sum(map(len, all_of_campaigns)) - sum(map(len, in_reach))
        traces, events, hits, letters = in_reach
        opt_outs = env["mailing.opt.out"]._of_person(self.address, contacts)
        is_hers = [("address", "=", self.address)]
        dead = env["mailing.address"].search(is_hers)
        blacklist = env["mail.blacklist"].with_context(active_test=False).search(is_hers)
        # the date, what it is about, and the details
        target = ("create_date", "name", "email", "company_name")
        membership = ("create_date", "list_id", "opt_out", "opt_out_datetime", "interval_days")
        opt_out = ("create_date", "list_id", "reason_id", "feedback")
        message = ("create_date", "mass_mailing_id", "email", "trace_status", "sent_datetime")
        message += ("failure_type", "failure_reason", "smtp_reply")
        event = ("event_datetime", "mailing_id", "event_type", "link_id", "made_by")
        event += ("bounce_type", "words")
        hit = ("hit_datetime", "mailing_id", "event_type", "link_id", "ip", "user_agent")
        death = ("create_date", "address", "dead_datetime", "temporary_count", "words")
        facts = [
            (self.env._("Target"), contacts, target),
            (self.env._("Note"), notes, ("date", "author_id", "body")),
            (self.env._("Stored Letter"), letters, ("date", "subject", "body")),
            (self.env._("Membership"), contacts.subscription_ids, membership),
            (self.env._("Opt-Out"), opt_outs, opt_out),
            (self.env._("Message"), traces, message),
            (self.env._("Campaign Log"), events, event),
            (self.env._("Opening or Click"), hits, hit),
            (self.env._("Opening or Click"), clicks, ("create_date", "link_id", "ip")),
            (self.env._("Dead Address"), dead, death),
            (self.env._("Blacklist"), blacklist, ("create_date", "email", "opt_out_reason_id")),
            (self.env._("Note"), blacklist.message_ids, ("date", "author_id", "body")),
        ]
        lines = [
            line for topic, records, names in facts for line in self._lines(topic, records, *names)
        ]
        if hidden_count:
            words = self.env._(
                "%s facts of others' campaigns are not shown. Who sees all campaigns finds them.",
                hidden_count,
            )
            lines.append(
                {"topic": self.env._("Note"), "date": False, "subject": "", "words": words}
            )
        return lines

    def _in_reach(self, records):
        """Return those of some records of campaigns that who asks may see; administrators all."""
        if self.env.user.has_group("base.group_system"):
            return records
        return records.with_env(self.env)._filtered_access("read").sudo()

    def _lines(self, topic, records, date, subject, *names):
        """Return a line for each of some records; what is empty is left out."""
        for record in records:
            yield {
                "topic": topic,
                "date": record[date],
                "subject": self._text(record, subject),
                "words": "; ".join(
                    f"{self._label(record, name)}: {text}"
                    for name in names
                    if (text := self._text(record, name))
                ),
            }

    def _label(self, record, name):
        return record._fields[name].get_description(self.env, ["string"])["string"]

    def _text(self, record, name):
        """Return what a person reads of a field; nothing of an empty one."""
        field, value = record._fields[name], record[name]
        if not value:
            return ""
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        if field.type == "html":
            return html2plaintext(value)
        if field.type == "many2one":
            return value.display_name
        if field.type == "datetime":
            return fields.Datetime.to_string(fields.Datetime.context_timestamp(self, value))
        return self.env._("yes") if value is True else str(value)

    @api.depends("line_ids")
    def _compute_csv_file(self):
        """A table that spreadsheets read as it is, and take nothing in it for a formula."""
        for lookup in self:
            table = io.StringIO(newline="")
            writer = csv.writer(table, quoting=csv.QUOTE_ALL)
            names = ("topic", "date", "subject", "words")
            writer.writerow([self._label(lookup.line_ids, name) for name in names])
            for line in lookup.line_ids:
                writer.writerow([safe_cell(self._text(line, name)) for name in names])
            # the mark tells Excel that it is UTF-8
            lookup.csv_file = base64.b64encode(table.getvalue().encode("utf-8-sig"))

    # ------------------------------------------------------------
    # Erasing
    # ------------------------------------------------------------

    def action_erase(self):
        """Erase who has the address; nobody is mailed there any more."""
        address = self._address_to_decide()
        self.env["mailing.erased.address"].sudo()._erase(address)
        # what was looked up goes as well
        self.sudo().search([("address", "=", address)]).unlink()
        return self._done(self.env._("Erased. What she did is still counted, without her."))

    def action_lift(self):
        """Let the address be mailed again, if somebody adds it."""
        address = self._address_to_decide()
        self.env["mailing.erased.address"].sudo()._of(address).unlink()
        return self._done(self.env._("Mass emails may go to this address again."))

    def _address_to_decide(self):
        self.ensure_one()
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Administrators erase a person, and lift it."))
        address = wire_address(email_normalize(self.email or "") or "")
        if not address or address != self.address:
            raise UserError(self.env._("Look up the address first."))
        return address

    def _done(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }


class MailingAddressLookupLine(models.TransientModel):
    """One thing that is known of an address."""

    _name = "mailing.address.lookup.line"
    _description = "Fact About an Address"
    _rec_name = "topic"
    _order = "id"

    lookup_id = fields.Many2one("mailing.address.lookup", required=True, ondelete="cascade")
    topic = fields.Char("What", readonly=True)
    date = fields.Datetime(readonly=True)
    subject = fields.Char("About", readonly=True)
    words = fields.Char("Details", readonly=True)
