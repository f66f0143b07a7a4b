from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class MailingContact(models.Model):
    """Targets by what becomes of them in a mass email that has no queue yet."""

    _inherit = "mailing.contact"

    outcome_in = fields.Char(
        compute="_compute_outcome_in",
        search="_search_outcome_in",
        help="To search by: the id of a mass email, and a key of its preview, as in 12/mail_bl.",
    )
    outcome = fields.Char(compute="_compute_outcome")

    def _compute_outcome_in(self):
        self.outcome_in = False

    @api.model
    def _search_outcome_in(self, operator, values):
        if operator != "in":
            return NotImplemented
        mailings = self.env["mailing.mailing"]
        mailings._prepare_to_judge()
        audiences = [each for value in values if (each := mailings._audience_of(value))]
        # an array, for the planner would take a query for one of a few rows
        return Domain.OR(
            Domain.custom(
                to_sql=lambda model, alias, query, audience=audience: SQL(
                    "%s = ANY(ARRAY(%s))", model._field_to_sql(alias, "id", query), audience
                )
            )
            for audience in audiences
        )

    @api.depends_context("outcome_mailing_id", "lang")
    def _compute_outcome(self):
        """Tell what becomes of these in the mass email of the context.

        Raw SQL: one statement, which looks at these and at who has their addresses.
        """
        self.outcome = False
        mailing_id = self.env.context.get("outcome_mailing_id")
        mailing = self.env["mailing.mailing"].search([("id", "=", mailing_id)])
        if not mailing:
            return
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT contact_id, reason, excluding_list_id, same_address_contact_id"
                " FROM (%s) member WHERE contact_id = ANY(%s)",
                mailing._judged_members(among=self),
                self.ids,
            )
        )
        namesakes = self.browse(filter(None, (row[3] for row in rows))).exists()
        for contact_id, reason, list_id, namesake_id in rows:
            namesake = namesakes.browse(namesake_id) & namesakes
            self.browse(contact_id).outcome = (
                self.env._("Same address as %s", namesake.display_name)
                if namesake
                else mailing._outcome_label(reason, list_id)
            )
