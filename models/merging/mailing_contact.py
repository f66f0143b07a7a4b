from odoo import api, fields, models
from odoo.tools import SQL


class MailingContact(models.Model):
    """Targets of records that become one become one, with all that is known of them."""

    _inherit = "mailing.contact"

    @api.model
    def _merge_records(self, records, target):
        """Partners or leads become one: so do the contacts standing for them."""
        source = target._target_field
        contacts = self.sudo().search([(source, "in", (records | target).ids)], order="id")
        if kept := contacts.filtered(lambda contact: contact[source] == target):
            (contacts - kept)._merge_into(kept)
        elif kept := contacts[:1]:
            contacts._merge_into(kept)  # her own address as well: she gets another
            kept[source] = target

    def _merge_into(self, kept):
        """Hand over all that these contacts are known by to one, who may be of them.

        Raw SQL: one statement for each kind, however much there is. An opt-out of either holds.
        """
        if not self:
            return
        self.env["mailing.mailing"]._hold_queues(self | kept)
        merged = {"merged": (self - kept).ids, "kept": kept.id, "now": fields.Datetime.now()}
        merged["known"] = self.ids
        for statement in (
            self._merge_subscriptions,
            self._merge_opt_outs,
            self._clear_place,
            self._merge_messages,
            self._merge_same_address,
            self._merge_log,
        ):
            self.env.cr.execute(SQL(statement, **merged))
        self.env.invalidate_all(flush=False)
        kept.subscription_ids._remembered().opt_out = True
        left = kept.subscription_ids.filtered(lambda each: each.opt_out and not each.awaits_opt_in)
        left._remember_opt_outs()
        (self - kept).unlink()

    # an opt-out of either holds, and so does an opt-in that the other still waits for
    _merge_subscriptions = """
        INSERT INTO mailing_subscription AS known (
            contact_id, list_id, opt_out, awaits_opt_in, opt_out_datetime, opt_out_reason_id,
            criterion_id, interval_days, create_date, write_date)
        SELECT %(kept)s, list_id,
               BOOL_OR(opt_out IS TRUE AND awaits_opt_in IS NOT TRUE) OR BOOL_AND(opt_out IS TRUE),
               BOOL_AND(awaits_opt_in IS TRUE), MAX(opt_out_datetime),
               MAX(opt_out_reason_id),
               CASE WHEN COUNT(*) = COUNT(criterion_id)
                    THEN COALESCE(
                        MIN(criterion_id) FILTER (WHERE mode = 'add'), MIN(criterion_id)) END,
               MAX(interval_days),
               %(now)s, %(now)s
          FROM mailing_subscription
          LEFT JOIN (SELECT id AS criterion_id, mode FROM mailing_list_criterion) criterion
         USING (criterion_id)
         WHERE contact_id = ANY(%(merged)s)
         GROUP BY list_id
        ON CONFLICT (contact_id, list_id) DO UPDATE
           SET opt_out = known.opt_out IS TRUE AND known.awaits_opt_in IS NOT TRUE
                      OR EXCLUDED.opt_out AND NOT EXCLUDED.awaits_opt_in
                      OR known.opt_out IS TRUE AND EXCLUDED.opt_out,
               awaits_opt_in = known.awaits_opt_in IS TRUE AND EXCLUDED.awaits_opt_in,
               opt_out_datetime = COALESCE(known.opt_out_datetime, EXCLUDED.opt_out_datetime),
               opt_out_reason_id = COALESCE(known.opt_out_reason_id, EXCLUDED.opt_out_reason_id),
               -- by hand stands over "add", and that over "keep"
               criterion_id = CASE WHEN num_nulls(known.criterion_id, EXCLUDED.criterion_id) = 0
                   THEN (SELECT id FROM mailing_list_criterion
                          WHERE id IN (known.criterion_id, EXCLUDED.criterion_id)
                          ORDER BY mode = 'add' DESC, id LIMIT 1) END,
               interval_days = GREATEST(known.interval_days, EXCLUDED.interval_days)
    """
    # what is known of their addresses, is now known of the person
    _merge_opt_outs = """
        INSERT INTO mailing_opt_out (
            list_id, contact_id, trace_id, reason_id, feedback, create_date, write_date)
        SELECT memory.list_id, %(kept)s, memory.trace_id, memory.reason_id, memory.feedback,
               %(now)s, %(now)s
          FROM mailing_opt_out memory
         WHERE memory.contact_id = ANY(%(known)s)
            OR memory.email IN (SELECT address FROM mailing_contact WHERE id = ANY(%(known)s))
        ON CONFLICT DO NOTHING
    """
    # who was not mailed herself has the place of who is: hers is nobody's then, as that of who is
    # erased
    _clear_place = """
        UPDATE mailing_trace own SET res_id = -own.id
         WHERE own.res_id = %(kept)s AND own.token IS NOT NULL AND own.trace_status = 'cancel'
           AND EXISTS (
            SELECT FROM mailing_trace place
             WHERE place.mass_mailing_id = own.mass_mailing_id AND place.token IS NOT NULL
               AND place.res_id = ANY(%(merged)s) AND place.trace_status != 'cancel')
    """
    # their places in queues, where the other has none; by the unique index of each mass email
    _merge_messages = """
        UPDATE mailing_trace SET res_id = %(kept)s WHERE id IN (
            SELECT DISTINCT ON (mailing.id) trace.id
              FROM mailing_mailing mailing
              JOIN mailing_trace trace
                ON trace.mass_mailing_id = mailing.id AND trace.token IS NOT NULL
               AND trace.res_id = ANY(%(merged)s)
             WHERE NOT EXISTS (
                SELECT FROM mailing_trace known
                 WHERE known.mass_mailing_id = mailing.id AND known.token IS NOT NULL
                   AND known.res_id = %(kept)s)
             ORDER BY mailing.id, trace.trace_status = 'cancel', trace.id)
    """
    _merge_same_address = """
        UPDATE mailing_trace SET same_address_contact_id = NULLIF(%(kept)s, res_id)
         WHERE same_address_contact_id = ANY(%(merged)s)
    """
    _merge_log = """
        UPDATE mailing_trace_event SET contact_id = %(kept)s WHERE contact_id = ANY(%(merged)s)
    """
