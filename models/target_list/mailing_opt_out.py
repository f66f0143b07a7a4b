from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class MailingOptOut(models.Model):
    """Who left a list, as a row on its form; members or not any more."""

    _inherit = "mailing.opt.out"

    contact_name = fields.Char("Name", related="contact_id.name")
    address = fields.Char("Email", compute="_compute_address")
    mailing_id = fields.Many2one(related="trace_id.mass_mailing_id", string="By Mass Email")
    is_leaver = fields.Boolean(
        search="_search_is_leaver",
        compute="_compute_is_leaver",
        help="One for each who left: the person, and the address alone when it is nobody's.",
    )

    @api.depends("email", "contact_id.email")
    def _compute_address(self):
        for memory in self:
            memory.address = memory.email or memory.contact_id.email

    @api.depends("list_id", "email", "contact_id")
    def _compute_is_leaver(self):
        leavers = self.filtered_domain([("is_leaver", "=", True)])
        for memory in self:
            memory.is_leaver = memory in leavers

    @api.model
    def _search_is_leaver(self, operator, _values):
        if operator != "in":
            return NotImplemented
        nobodys = SQL(
            """(
            SELECT memory.id
              FROM mailing_opt_out memory
             WHERE memory.email IS NOT NULL AND NOT EXISTS (
                SELECT FROM mailing_contact namesake
                  JOIN mailing_opt_out person ON person.contact_id = namesake.id
                 WHERE namesake.address = memory.email AND person.list_id = memory.list_id)
            )"""
        )
        return Domain("contact_id", "!=", False) | Domain("id", "in", nobodys)

    def action_open_record(self):
        self.check_access("read")
        return self.contact_id._open_record() if self.contact_id else None

    def action_cancel(self):
        """Take these opt-outs back, for the address as a whole, as unticking Opt Out does."""
        self.list_id.check_access("write")
        for target_list, memories in self.sudo().grouped("list_id").items():
            contacts = memories.contact_id
            addresses = {*memories.mapped("email"), *contacts.mapped("address")} - {False}
            contacts |= contacts.search([("address", "in", list(addresses))])
            subscriptions = self.env["mailing.subscription"].search(
                [("list_id", "=", target_list.id), ("contact_id", "in", contacts.ids)]
            )
            memories._of(target_list, contacts, addresses)._take_back()
            subscriptions.write({"opt_out": False})
