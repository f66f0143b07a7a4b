from odoo import api, fields, models
from odoo.tools import SQL


class MailingSubscription(models.Model):
    """A subscriber who says why she leaves, or wants to hear of a list less often.

    Less often is: not before an interval is over.
    """

    _inherit = "mailing.subscription"

    interval_days = fields.Integer(
        "Days Between Mass Emails",
        help="After a mass email of this list, the next of it is sent to this subscriber not "
        "before so many days have passed. 0: as often as there is news.",
    )

    _interval_is_a_time = models.Constraint(
        "CHECK (interval_days IS NULL OR interval_days BETWEEN 0 AND 3650)",
        "The interval between mass emails is a number of days, up to ten years.",
    )

    def _remember_opt_outs(self):
        result = super()._remember_opt_outs()
        self._remember_reasons()
        return result

    def _remember_reasons(self):
        """Raw SQL: one statement, a list may be opted out as a whole."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_opt_out memory
                   SET reason_id = subscription.opt_out_reason_id
                  FROM mailing_subscription subscription
                  JOIN mailing_contact contact ON contact.id = subscription.contact_id
                 WHERE subscription.id = ANY(%s) AND subscription.opt_out
                   AND subscription.opt_out_reason_id IS NOT NULL
                   AND memory.list_id = subscription.list_id
                   AND (memory.contact_id = contact.id OR memory.email = contact.address)
                """,
                self.ids,
            )
        )
        self.env["mailing.opt.out"].invalidate_model(["reason_id"])

    @api.model
    def _is_resting(self, mailing):
        """SQL condition: ``subscription`` has an interval that is not over.

        The log tells, by person and by address, when the last mass email of the list, or of one
        that was merged into it, was sent to her; nothing is looked up where there is none. What the
        same mass email sent earlier does not count, for it may be sent again.

        :param mailing: the mass email to be sent
        """
        # IS TRUE: looked up row by row, for no join goes by one of two columns
        return SQL(
            """((
            COALESCE(subscription.interval_days, 0) > 0 AND EXISTS (
                SELECT FROM mailing_contact holder
                  JOIN mailing_contact namesake
                    ON namesake.id = holder.id OR namesake.address = holder.address
                  JOIN mailing_trace_event event ON event.contact_id = namesake.id
                  LEFT JOIN mailing_trace earlier ON earlier.id = event.trace_id
                 WHERE holder.id = subscription.contact_id
                   AND event.event_type = 'sent' AND event.is_test IS NOT TRUE
                   AND event.mailing_id IS DISTINCT FROM %(mailing)s
                   AND event.event_datetime
                       > %(now)s - make_interval(days => subscription.interval_days)
                   AND EXISTS (
                    SELECT FROM mailing_list meant
                     WHERE (meant.id = subscription.list_id OR meant.heir_id = subscription.list_id)
                       AND (meant.id = earlier.target_list_id OR EXISTS (
                            SELECT FROM mail_mass_mailing_list_rel target
                             WHERE target.mailing_mailing_id = event.mailing_id
                               AND target.mailing_list_id = meant.id))))
            ) IS TRUE)""",
            mailing=mailing._origin.id or None,
            now=fields.Datetime.now(),
        )

    @api.model
    def _hand_down_intervals(self, lists, heir):
        """Who wants to hear of some lists less often, wants so of the one that comes after them.

        Raw SQL: one statement, a list may have a million members.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH wish AS (
                    SELECT COALESCE(contact.address, contact.id::varchar) AS whose,
                           MAX(subscription.interval_days) AS days
                      FROM mailing_subscription subscription
                      JOIN mailing_contact contact ON contact.id = subscription.contact_id
                     WHERE subscription.list_id = ANY(%s) AND subscription.interval_days > 0
                     GROUP BY whose
                )
                UPDATE mailing_subscription member SET interval_days = wish.days
                  FROM mailing_contact contact, wish
                 WHERE member.list_id = %s AND contact.id = member.contact_id
                   AND wish.whose = COALESCE(contact.address, contact.id::varchar)
                   AND wish.days > COALESCE(member.interval_days, 0)
                """,
                lists.ids,
                heir.id,
            )
        )
        self.invalidate_model(["interval_days"])
