from odoo import fields, models

# So many messages, and so many in a hundred of those sent, that came back for one reason are told.
MANY, MANY_PERCENT = 5, 1


class MailingMailing(models.Model):
    """What came back because of the mass email itself is for its owner to mend."""

    _inherit = "mailing.mailing"

    policy_count = fields.Integer("Came Back for Content or Policy", compute="_compute_policy")
    policy_words = fields.Char("Mail Servers Say", compute="_compute_policy")
    has_policy_issue = fields.Boolean(compute="_compute_policy")

    def _compute_policy(self):
        groups = self.env["mailing.trace.event"]._read_group(
            [("mailing_id", "in", self.ids), ("bounce_type", "=", "policy")],
            ["mailing_id", "words"],
            ["__count"],
            order="__count DESC",
        )
        for mailing in self:
            own = [(words, count) for of, words, count in groups if of == mailing]
            count = sum(count for _words, count in own)
            mailing.policy_count = count
            mailing.policy_words = own[0][0] if own else False
            mailing.has_policy_issue = (
                count >= MANY and 100 * count >= MANY_PERCENT * mailing.sent_count
            )
