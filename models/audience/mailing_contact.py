from odoo import api, fields, models

SOURCE_FIELDS = {
    "res.partner": "partner_id",
    "crm.lead": "lead_id",
    "res.users": "user_id",
}


class MailingContact(models.Model):
    """A target: a plain address, or the stand-in of one CRM record.

    A contact tied to a partner, lead or user takes its name, e-mail and company from there and
    follows every change. There is at most one contact per record, so a target list is one indexed
    table however mixed its members are.
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
    company_name = fields.Char(
        compute="_compute_company_name", store=True, readonly=False, precompute=True
    )

    _single_source = models.Constraint(
        "CHECK (num_nonnulls(partner_id, lead_id, user_id) <= 1)",
        "A target stands for one account, contact, lead or user, not for several.",
    )
    _partner_uniq = models.UniqueIndex(
        "(partner_id) WHERE partner_id IS NOT NULL",
        "This account or contact already has its mailing contact.",
    )
    _lead_uniq = models.UniqueIndex(
        "(lead_id) WHERE lead_id IS NOT NULL", "This lead already has its mailing contact."
    )
    _user_uniq = models.UniqueIndex(
        "(user_id) WHERE user_id IS NOT NULL", "This user already has its mailing contact."
    )
    _email_normalized_idx = models.Index("(email_normalized) WHERE email_normalized IS NOT NULL")

    @api.depends("partner_id.is_company", "lead_id", "user_id")
    def _compute_target_type(self):
        for contact in self:
            if contact.partner_id:
                contact.target_type = "account" if contact.partner_id.is_company else "contact"
            elif contact.lead_id:
                contact.target_type = "lead"
            elif contact.user_id:
                contact.target_type = "user"
            else:
                contact.target_type = "plain"

    @api.depends(
        "partner_id.name",
        "lead_id.contact_name",
        "lead_id.partner_name",
        "lead_id.name",
        "user_id.name",
    )
    def _compute_name(self):
        result = super()._compute_name()
        for contact in self:
            lead = contact.lead_id
            contact.name = (
                contact.partner_id.name
                or lead.contact_name
                or lead.partner_name
                or lead.name
                or contact.user_id.name
                or contact.name
            )
        return result

    @api.depends("partner_id.email", "lead_id.email_from", "user_id.email")
    def _compute_email(self):
        for contact in self:
            source = contact.partner_id or contact.user_id
            if source:
                contact.email = source.email
            elif contact.lead_id:
                contact.email = contact.lead_id.email_from
            else:
                contact.email = contact.email

    @api.depends(
        "partner_id.commercial_company_name",
        "lead_id.partner_name",
        "user_id.commercial_company_name",
    )
    def _compute_company_name(self):
        for contact in self:
            source = contact.partner_id or contact.user_id
            if source:
                contact.company_name = source.commercial_company_name
            elif contact.lead_id:
                contact.company_name = contact.lead_id.partner_name
            else:
                contact.company_name = contact.company_name

    @api.model
    def _for_records(self, records):
        """Return the contacts standing for partners, leads or users; missing ones are created."""
        source = SOURCE_FIELDS[records._name]
        contacts = self.search([(source, "in", records.ids)])
        missing = records - contacts[source]
        return contacts + self.create([{source: record.id} for record in missing])
