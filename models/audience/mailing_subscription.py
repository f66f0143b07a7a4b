from odoo import api, fields, models
from odoo.http import request
from odoo.tools import SQL

from ...delivery.address import wire_address


class MailingSubscription(models.Model):
    """Opt-outs of a list go to its memory, ``mailing.opt.out``, and are shown again from there."""

    _inherit = "mailing.subscription"

    awaits_opt_in = fields.Boolean(
        "Waits for Opt-In",
        readonly=True,
        help="Others put her on a list that requires her own opt-in. She is opted out until then.",
    )

    def _remember_opt_outs(self):
        """Bring the memory in line with these subscriptions.

        Raw SQL: one statement each way, a list may be opted out as a whole. Who is opted in takes
        her address along: nobody of that address has left the list any more.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH stayed AS (
                    SELECT subscription.list_id, contact.id AS contact_id, contact.address
                      FROM mailing_subscription subscription
                      JOIN mailing_contact contact ON contact.id = subscription.contact_id
                     WHERE subscription.id = ANY(%s) AND subscription.opt_out IS NOT TRUE
                )
                DELETE FROM mailing_opt_out WHERE id IN (
                    SELECT memory.id FROM stayed
                      JOIN mailing_opt_out memory USING (list_id, contact_id)
                     UNION ALL
                    SELECT memory.id FROM stayed
                      JOIN mailing_opt_out memory
                        ON memory.list_id = stayed.list_id AND memory.email = stayed.address
                     UNION ALL
                    SELECT memory.id FROM stayed
                      JOIN mailing_contact namesake ON namesake.address = stayed.address
                      JOIN mailing_opt_out memory
                        ON memory.list_id = stayed.list_id AND memory.contact_id = namesake.id)
                """,
                self.ids,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO mailing_opt_out (
                    list_id, contact_id, email, create_uid, create_date, write_uid, write_date)
                SELECT subscription.list_id, her.contact_id, her.email,
                       %(uid)s::int, %(now)s::timestamp, %(uid)s::int, %(now)s::timestamp
                  FROM mailing_subscription subscription
                  JOIN mailing_contact contact ON contact.id = subscription.contact_id
                 CROSS JOIN LATERAL (VALUES (contact.id, NULL), (NULL, contact.address))
                            her (contact_id, email)
                 WHERE subscription.id = ANY(%(ids)s) AND subscription.opt_out
                   AND num_nonnulls(her.contact_id, her.email) = 1
                ON CONFLICT DO NOTHING
                """,
                ids=self.ids,
                uid=self.env.uid,
                now=fields.Datetime.now(),
            )
        )
        self.env["mailing.opt.out"].invalidate_model()
        self._remember_other_addresses()

    def _remember_other_addresses(self):
        """Who has several addresses leaves, and comes back, with all of them."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT subscription.list_id, subscription.opt_out, contact.email
                  FROM mailing_subscription subscription
                  JOIN mailing_contact contact ON contact.id = subscription.contact_id
                 WHERE subscription.id = ANY(%s) AND contact.email ~ '@.*@'
                """,
                self.ids,
            )
        )
        memory, contacts = self.env["mailing.opt.out"].sudo(), self.env["mailing.contact"]
        for list_id, opt_out, email in rows:
            left = self.env["mailing.list"].browse(list_id)
            addresses = contacts._addresses_in(email)
            if opt_out:
                memory._remember(left, contacts, addresses)
            else:
                memory._of(left, contacts, addresses)._take_back()

    @api.model_create_multi
    def create(self, vals_list):
        subscriptions = super().create(vals_list)
        subscriptions._arrive()
        return subscriptions

    def write(self, vals):
        # date and reason tell of an opt-out, their absence of nothing
        decides = "opt_out" in vals or vals.get("opt_out_datetime") or vals.get("opt_out_reason_id")
        if decides:
            vals = {**vals, "awaits_opt_in": False}
        result = super().write(vals)
        if decides and not (self.env.su and self.env.context.get("opt_out_memory_is_settled")):
            self._remember_opt_outs()
        elif not decides and {"list_id", "contact_id"} & vals.keys():
            self._arrive()
        return result

    def _arrive(self):
        """These are new in their lists, or moved there."""
        opted_out = self.filtered(lambda each: each.opt_out and not each.awaits_opt_in)
        opted_out._remember_opt_outs()
        (self - opted_out)._welcome()

    # ------------------------------------------------------------
    # Added again
    # ------------------------------------------------------------

    def _welcome(self):
        """See to who left the list before, and to who must opt in: signing up herself is enough.

        Whoever is added by others stays or starts opted out, and the subscription says so.
        """
        remembered = self.sudo()._remembered()
        back = remembered.filtered(lambda each: each._is_own_doing())
        back._remember_opt_outs()
        (remembered - back).opt_out = True
        self._await_opt_in()

    def _await_opt_in(self):
        """Opt out whom others added to a list that requires opt-in.

        That is no opt-out: it has no date, and nothing to remember, for she left nothing. Raw
        SQL: one statement, however many were added.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_subscription subscription
                   SET opt_out = TRUE, awaits_opt_in = TRUE
                  FROM mailing_contact contact
                 WHERE subscription.id = ANY(%s) AND subscription.opt_out IS NOT TRUE
                   AND contact.id = subscription.contact_id AND %s
                """,
                self.ids,
                self._must_opt_in(SQL("subscription.list_id"), SQL("contact.address")),
            )
        )
        if self.env.cr.rowcount:
            self.env.invalidate_all(flush=False)

    @api.model
    def _must_opt_in(self, list_id, address):
        """SQL condition: whom others add to a list waits there for her own opt-in.

        Who these others are, says ``_is_own_doing``.

        :param list_id: SQL of the list
        :param address: SQL of her address on the wire
        """
        user = self._acting_user()
        if self.env.context.get("opt_in_is_settled") or not user._is_internal():
            return SQL("FALSE")
        return SQL(
            """(
            %s IS DISTINCT FROM %s
            AND EXISTS (SELECT FROM mailing_list required
                         WHERE required.id = %s AND required.opt_in_required))""",
            address,
            wire_address(user.email_normalized or ""),
            list_id,
        )

    @api.model
    def _welcome_since(self, newest_id):
        """``_welcome`` those that were added by SQL or as a many2many."""
        self.env.flush_all()
        # of rows that a many2many writes or deletes, the one2many fields do not know
        for model in ("mailing.list", "mailing.contact"):
            self.env[model].invalidate_model(["subscription_ids"])
        rows = self.env.execute_query(
            SQL("SELECT id FROM mailing_subscription WHERE id > %s", newest_id)
        )
        self.browse(subscription_id for (subscription_id,) in rows)._welcome()

    @api.model
    def _newest_id(self):
        self.env.flush_all()
        [(newest_id,)] = self.env.execute_query(
            SQL("SELECT COALESCE(MAX(id), 0) FROM mailing_subscription")
        )
        return newest_id

    def _remembered(self):
        """Return those not opted out of a list that was left nevertheless.

        Raw SQL: one statement, however many were added.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT subscription.id
                  FROM mailing_subscription subscription
                  JOIN mailing_contact contact ON contact.id = subscription.contact_id
                 WHERE subscription.id = ANY(%s) AND subscription.opt_out IS NOT TRUE AND %s
                """,
                self.ids,
                self.env["mailing.opt.out"]._knows(
                    SQL("subscription.list_id"), SQL("contact.id"), SQL("contact.address")
                ),
            )
        )
        return self.browse(subscription_id for (subscription_id,) in rows)

    def _is_own_doing(self):
        """Tell whether the subscriber is the one who subscribes.

        She is a visitor of the website or of the portal, whose forms act in her name with
        superuser rights; or a colleague who adds her own address.
        """
        user = self._acting_user()
        email = self.contact_id.email_normalized
        return not user._is_internal() or (bool(email) and email == user.email_normalized)

    @api.model
    def _acting_user(self):
        return (request.env if request else self.env).user.sudo()
