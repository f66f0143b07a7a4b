from odoo import api, fields, models
from odoo.tools import SQL


class MailingSubscription(models.Model):
    """Opt-outs of a list go to its memory, ``mailing.opt.out``."""

    _inherit = "mailing.subscription"

    def _remember_opt_outs(self):
        """Bring the memory in line with these subscriptions.

        Raw SQL: one statement each way, a list may be opted out as a whole.
        """
        self.flush_recordset()
        self.env["mailing.contact"].flush_model(["email_normalized"])
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM mailing_opt_out memory
                 USING mailing_subscription subscription
                  JOIN mailing_contact contact ON contact.id = subscription.contact_id
                 WHERE subscription.id = ANY(%s) AND subscription.opt_out IS NOT TRUE
                   AND memory.list_id = subscription.list_id
                   AND memory.email = contact.email_normalized
                """,
                self.ids,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_opt_out (
                    list_id, email, create_uid, create_date, write_uid, write_date)
                SELECT DISTINCT ON (subscription.list_id, contact.email_normalized)
                       subscription.list_id, contact.email_normalized,
                       %(uid)s::int, %(now)s::timestamp, %(uid)s::int, %(now)s::timestamp
                  FROM mailing_subscription subscription
                  JOIN mailing_contact contact ON contact.id = subscription.contact_id
                 WHERE subscription.id = ANY(%(ids)s) AND subscription.opt_out
                   AND contact.email_normalized IS NOT NULL
                ON CONFLICT DO NOTHING
                """,
                ids=self.ids,
                uid=self.env.uid,
                now=fields.Datetime.now(),
            )
        )
        self.env["mailing.opt.out"].invalidate_model()

    @api.model_create_multi
    def create(self, vals_list):
        subscriptions = super().create(vals_list)
        # who is added again, not opted out, does not opt in by that
        subscriptions.filtered("opt_out")._remember_opt_outs()
        return subscriptions

    def write(self, vals):
        result = super().write(vals)
        if {"opt_out", "opt_out_datetime", "opt_out_reason_id"} & vals.keys():
            self._remember_opt_outs()
        return result
