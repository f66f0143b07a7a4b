from odoo import fields, models


class MailingList(models.Model):
    """What recipients are told of a target list."""

    _inherit = "mailing.list"

    public_name = fields.Char(
        translate=True,
        help="What recipients read on the opt-out page and in their mail program. Without it, "
        "they read the name of a list that is shown in preferences, and none of another.",
    )
    public_description = fields.Text(
        "What Subscribers Get",
        translate=True,
        help="Recipients read it on the opt-out page, for example: news and offers, twice a month.",
    )

    def _name_for_recipients(self):
        """Return the name that recipients may know; empty when they may know none."""
        self.ensure_one()
        return self.public_name or (self.is_public and self.name) or ""
