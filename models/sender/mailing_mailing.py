from odoo import api, fields, models


class MailingMailing(models.Model):
    """The mail server of a mass email, one of those for mass emails, and its sender."""

    _inherit = "mailing.mailing"

    mail_server_choice_ids = fields.Many2many(
        "ir.mail_server",
        compute="_compute_mail_server_choice_ids",
        help="The servers that mass emails choose among; empty when there is no choice.",
    )

    @api.depends("delivery_mode")
    def _compute_mail_server_choice_ids(self):
        servers = self.env["ir.mail_server"]
        flagged = servers._flagged_for_mass_emails()
        shared = servers.search(servers._find_mail_server_allowed_domain())
        for mailing in self:
            of_all = shared if mailing.mail_server_available else servers
            mailing.mail_server_choice_ids = flagged or of_all

    @api.depends("mail_server_id")
    def _compute_email_from(self):
        result = super()._compute_email_from()
        for mailing in self._mass_emails():
            mailing.email_from = mailing.mail_server_id.mass_email_from or mailing.email_from
        return result

    @api.depends("mail_server_id")
    def _compute_reply_to(self):
        result = super()._compute_reply_to()
        for mailing in self._mass_emails():
            if mailing.reply_to_mode == "new":
                reply_to = mailing.mail_server_id.mass_email_reply_to
                mailing.reply_to = reply_to or mailing.reply_to
        return result

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if values.get("delivery_mode") == "portions" and not values.get("mail_server_id"):
            values["mail_server_id"] = self._default_mass_email_server().id
        return values

    @api.model_create_multi
    def create(self, vals_list):
        new = [vals for vals in vals_list if vals.get("delivery_mode") == "portions"]
        if new and (default := self._default_mass_email_server()):
            for vals in new:
                vals.setdefault("mail_server_id", default.id)
        return super().create(vals_list)

    @api.model
    def _default_mass_email_server(self):
        """Return the server a new mass email starts with; empty to go by the sender's address."""
        own = self._get_default_mail_server_id()
        if own:
            return self.env["ir.mail_server"].browse(own)
        return self.env["ir.mail_server"]._flagged_for_mass_emails()[:1]
