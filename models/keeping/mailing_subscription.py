from odoo import api, fields, models
from odoo.tools import SQL


class MailingSubscription(models.Model):
    """Memberships of lists that another one comes after."""

    _inherit = "mailing.subscription"

    # ------------------------------------------------------------
    # Signing up
    # ------------------------------------------------------------

    def _welcome(self):
        result = super()._welcome()
        self._sign_up_to_heirs()
        return result

    def write(self, vals):
        result = super().write(vals)
        is_settled = self.env.su and self.env.context.get("opt_out_memory_is_settled")
        if "opt_out" in vals and not vals["opt_out"] and not is_settled:
            self._sign_up_to_heirs()
        return result

    def _sign_up_to_heirs(self):
        """Who signs up herself to a list that was merged into another, wants that one.

        Forms of the website name the first as long as nobody changes them.
        """
        if self._acting_user()._is_internal():
            return
        for signed_up in self.sudo().filtered("list_id.heir_id"):
            values = {
                "list_id": signed_up.list_id.heir_id.id,
                "contact_id": signed_up.contact_id.id,
            }
            known = self.sudo().search([(name, "=", value) for name, value in values.items()])
            if not known:
                self.sudo().create(values)
            elif known.opt_out:
                known.opt_out = False

    # ------------------------------------------------------------
    # Merging
    # ------------------------------------------------------------

    @api.model
    def _bring_who_is_out(self, lists, heir, contacts):
        """Make members of some lists who stayed in none of them members of their heir.

        Opted out as they are, or still waiting for their opt-in. Raw SQL: one statement, a list
        may have a million members.

        :param contacts: SQL query of ids and addresses: whom it is about
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_subscription (
                    contact_id, list_id, opt_out, awaits_opt_in, opt_out_datetime,
                    opt_out_reason_id, create_date, write_date)
                SELECT contact_id, %(heir)s, TRUE, BOOL_AND(awaits_opt_in IS TRUE),
                       MAX(opt_out_datetime), MAX(opt_out_reason_id), %(now)s, %(now)s
                  FROM mailing_subscription
                 WHERE list_id = ANY(%(lists)s)
                   AND contact_id IN (SELECT id FROM %(contacts)s contact (id, address))
                 GROUP BY contact_id
                HAVING BOOL_AND(opt_out IS TRUE)
                ON CONFLICT (contact_id, list_id) DO NOTHING
                """,
                lists=lists.ids,
                heir=heir.id,
                contacts=contacts,
                now=fields.Datetime.now(),
            )
        )
        self.env.invalidate_all(flush=False)
