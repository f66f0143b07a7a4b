from odoo import api, fields, models
from odoo.tools import SQL


class MailingSubscription(models.Model):
    """A subscriber who wants to hear less often: a pause after each mass email of the list."""

    _inherit = "mailing.subscription"

    pause_days = fields.Integer(
        "Days Between Mass Emails",
        help="After a mass email of this list, the next of it is sent to this subscriber not "
        "before so many days have passed. 0: as often as there is news.",
    )

    _pause_is_a_time = models.Constraint(
        "CHECK (pause_days IS NULL OR pause_days BETWEEN 0 AND 3650)",
        "A pause between mass emails is a number of days, up to ten years.",
    )

    @api.model
    def _is_resting(self, mailing):
        """SQL condition: ``subscription`` of ``contact`` has a pause that is not over.

        The log tells, by person and by address, when the last mass email of the list was sent to
        her; nothing is looked up where there is no pause. What the same mass email sent earlier
        does not count, for it may be sent again.

        :param mailing: the mass email to be sent
        """
        return SQL(
            """(
            COALESCE(subscription.pause_days, 0) > 0 AND EXISTS (
                SELECT FROM mailing_contact namesake
                  JOIN mailing_trace_event event ON event.contact_id = namesake.id
                  LEFT JOIN mailing_trace earlier ON earlier.id = event.trace_id
                 WHERE (namesake.id = contact.id OR namesake.address = contact.address)
                   AND event.event_type = 'sent' AND event.is_test IS NOT TRUE
                   AND event.mailing_id IS DISTINCT FROM %(mailing)s
                   AND event.event_datetime
                       > %(now)s - make_interval(days => subscription.pause_days)
                   AND (earlier.target_list_id = subscription.list_id OR EXISTS (
                        SELECT FROM mail_mass_mailing_list_rel target
                         WHERE target.mailing_mailing_id = event.mailing_id
                           AND target.mailing_list_id = subscription.list_id)))
            )""",
            mailing=mailing._origin.id or None,
            now=fields.Datetime.now(),
        )
