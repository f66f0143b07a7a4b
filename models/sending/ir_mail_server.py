from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import email_normalize

from ...delivery.transport import describe
from ...engine.headers import mailboxes
from ...engine.troubles import explained


class IrMailServer(models.Model):
    """What mass emails may ask of a mail server, and how they open a session with it."""

    _inherit = "ir.mail_server"

    is_for_mass_emails = fields.Boolean(
        "For Mass Emails",
        help="Mass emails choose among the mail servers that have this, and new ones start with "
        "the first of them. While none has it, they choose among all.",
    )
    mass_email_from = fields.Char(
        "Sender of Mass Emails",
        help="Whom mass emails come from when this server is chosen for them, "
        "like “Garden News” <news@example.com>.",
    )
    mass_email_reply_to = fields.Char(
        "Reply-To of Mass Emails",
        help="Where answers go when this server is chosen. Empty: to the sender.",
    )
    mass_email_portion_size = fields.Integer(
        "Mass Emails per Hour",
        help="The most e-mails that mass emails send through this server in any 60 minutes. "
        "0: only the hourly portion of the settings counts.",
    )
    mass_email_session_count = fields.Integer(
        "Mass Email Sessions",
        help="How many SMTP sessions mass emails use at the same time, at most. "
        "0: as many as the settings say.",
    )

    _mass_email_limits = models.Constraint(
        "CHECK (mass_email_portion_size >= 0 AND mass_email_session_count >= 0)",
        "The limits for mass emails cannot be negative.",
    )

    @api.constrains("mass_email_from", "mass_email_reply_to", "from_filter")
    def _check_mass_email_sender(self):
        for server in self:
            for address in filter(None, (server.mass_email_from, server.mass_email_reply_to)):
                if not email_normalize(address):
                    raise ValidationError(self.env._("“%s” is not an e-mail address.", address))
            sender = server.mass_email_from
            if sender and not server._match_from_filter(sender, server.from_filter):
                raise ValidationError(
                    self.env._(
                        "The sender of mass emails, %(sender)s, is none that this server is for: "
                        "%(from_filter)s.",
                        sender=sender,
                        from_filter=server.from_filter,
                    )
                )

    @api.model
    def _flagged_for_mass_emails(self):
        """Return the mail servers for mass emails, the default first; none: any will do."""
        flagged = Domain("is_for_mass_emails", "=", True)
        return self.sudo().search(flagged & self._find_mail_server_allowed_domain())

    @api.model
    def _for_mass_email(self, mailing):
        """Choose the mail server of a mass email.

        :return: the server, empty for that of the command line; the address to send from
        """
        sender = mailboxes(mailing.email_from)
        if mailing.mail_server_id:
            return mailing.mail_server_id.sudo(), sender
        # the notification address is that of the responsible's company, whoever runs the cron
        company = (mailing.user_id or self.env.user).company_id
        mail_servers = self.sudo().with_company(company)
        mail_server, address = mail_servers._find_mail_server(
            sender, mail_servers._flagged_for_mass_emails() or None
        )
        return mail_server or mail_servers, address

    def _mass_email_sessions(self):
        """Return how many sessions mass emails may use at the same time."""
        wanted = self.env["ir.config_parameter"]._mass_email_setting("smtp_sessions")
        # at least the one that is there: the journal tells how many can be in doubt
        return max(min(wanted, self.mass_email_session_count or wanted), 1)

    def _open_session(self, address):
        """Open an SMTP session through Odoo, so that its filters and log-ins apply.

        :raise OSError, smtplib.SMTPException: the server cannot be reached or refuses
        :raise UserError: its settings cannot do
        """
        if words := self._why_personal():
            raise UserError(words)
        try:
            session = self._connect__(mail_server_id=self.id or None, smtp_from=address)
        except OSError:
            raise
        except ValueError as error:
            raise UserError(self._words_of_setting(error)) from error
        if session is None:
            raise UserError(self.env._("Sending e-mail is switched off on this server."))
        return session

    def _why_personal(self):
        """Return in words that this is a user's own server, if it is.

        Odoo lets some 30 messages a minute through it, and chooses it for nobody else.
        """
        return self.owner_user_id and self.env._(
            "The mail server “%(server)s” is %(owner)s's own, for a few messages a minute: no mass "
            "email goes through it.",
            server=self.name,
            owner=self.owner_user_id.name,
        )

    def _words_of_setting(self, error):
        """Return in words what Python says of a host, a log-in or a certificate that is none."""
        if isinstance(error, UnicodeEncodeError):
            return self.env._(
                "User and password of a mail server have plain letters, digits and signs only."
            )
        return explained(self.env, describe(error))

    def _describe_failure(self, error):
        """Return in words for the screen why no session could be opened."""
        return f"{self.display_name or self.env._('the mail server')}: {describe(error)}"
