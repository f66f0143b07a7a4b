from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# What goes for everybody with an objection, and can be looked up
NO_ADDRESS = "address IS NULL"
OBJECTED = {
    "mail_email_missing": NO_ADDRESS,
    "mail_email_invalid": NO_ADDRESS,
    "dead": "address IN (SELECT address FROM mailing_address WHERE dead_datetime IS NOT NULL)",
    "mail_bl": "address IN (SELECT address FROM mail_blacklist WHERE active)",
    "opt_in": "awaits_opt_in",
    "mail_optout": """
        opt_out
        OR contact_id IN (SELECT contact_id FROM mailing_opt_out WHERE list_id = %(list)s)
        OR address IN (
            SELECT COALESCE(memory.email, namesake.address)
              FROM mailing_opt_out memory
              LEFT JOIN mailing_contact namesake ON namesake.id = memory.contact_id
             WHERE memory.list_id = %(list)s)
    """,
}


class MailingSubscription(models.Model):
    """A member, as a row on the form of her target list."""

    _inherit = "mailing.subscription"

    name = fields.Char(related="contact_id.name")
    email = fields.Char(related="contact_id.email")
    company_name = fields.Char(related="contact_id.company_name")
    target_type = fields.Selection(related="contact_id.target_type")
    objection = fields.Selection(
        "_selection_objection",
        "Not Mailed",
        compute="_compute_objection",
        search="_search_objection",
        help="Why a mass email to this list alone would not be sent to her now. It can be searched "
        "where the list is known, as on its form.",
    )

    @api.model
    def _selection_objection(self):
        return self.env["mailing.trace"]._fields["failure_type"]._description_selection(self.env)

    @api.depends("list_id", "contact_id", "opt_out")
    def _compute_objection(self):
        """Raw SQL: one statement for each list."""
        self.env.flush_all()
        self.objection = False
        for target_list, members in self.filtered("list_id.id").grouped("list_id").items():
            rows = self.env.execute_query(
                SQL(
                    "SELECT id, reason FROM (%s) member WHERE id = ANY(%s)",
                    self._standing_of(target_list),
                    members.ids,
                )
            )
            reasons = dict(rows)
            for member in members:
                member.objection = reasons.get(member._origin.id, False)

    @api.model
    def _search_objection(self, operator, reasons):
        if operator != "in":
            return NotImplemented
        list_id = self.env.context.get("target_list_id")
        if not list_id:
            return Domain.FALSE
        target_list = self.env["mailing.list"].browse(list_id)
        fits = SQL("reason = ANY(%s)", [reason for reason in reasons if reason])
        if False in reasons:
            fits = SQL("(reason IS NULL OR %s)", fits)
        members = self._standing_of(target_list)
        if OBJECTED.keys() >= set(reasons):
            # few of a million, and which may be looked up instead of judging everybody
            members = self._judged_of(target_list)
            may_fit = SQL(" OR ").join(SQL(OBJECTED[reason], list=list_id) for reason in reasons)
            fits = SQL("(%s) AND %s", may_fit, fits)
        return Domain("id", "in", SQL("(SELECT id FROM (%s) member WHERE %s)", members, fits))

    @api.model
    def _standing_of(self, target_list):
        """SQL query: ``id`` of the members of a list, and the ``reason`` not to mail each.

        The objection to her, or that another of her address is mailed before her.
        """
        return SQL(
            """
            SELECT member.id,
                   CASE WHEN member.reason IS NULL AND EXISTS (
                       SELECT FROM (%(members)s) earlier
                        WHERE earlier.address = member.address
                          AND earlier.contact_id < member.contact_id
                          AND earlier.reason IS NULL
                   ) THEN 'mail_dup' ELSE member.reason END AS reason
              FROM (%(members)s) member
            """,
            members=self._judged_of(target_list),
        )

    @api.model
    def _judged_of(self, target_list):
        """SQL query: the members of a list, and the objection to mailing each by it alone."""
        return SQL(
            """
            SELECT member.id, member.opt_out, member.awaits_opt_in, contact.id AS contact_id,
                   contact.address, objection.reason
              FROM mailing_subscription member
              JOIN mailing_contact contact ON contact.id = member.contact_id
              %s
             WHERE member.list_id = %s
            """,
            target_list._mass_email_to_it_alone()._objection(),
            target_list.id,
        )

    # ------------------------------------------------------------
    # What a row offers
    # ------------------------------------------------------------

    def action_opt_out(self):
        """She does not want these lists any more, and told a colleague."""
        self.opt_out = True

    def action_cancel_opt_out(self):
        """She wants these lists again."""
        self.opt_out = False

    def action_remove(self):
        self.unlink()

    def action_open_record(self):
        """Open what the member stands for; the target alone, if the user may not read that."""
        self.check_access("read")
        return self.contact_id._open_record()
