from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import config, email_normalize, format_date
from odoo.tools.mail import email_split_tuples

from ...delivery.address import is_wire_sender, wire_address
from ...engine.finding import ERROR, HINT, SEVERITIES, WARNING, Finding
from ...engine.inspection import is_local
from ..checkup.dns_records import how_to_mend, what_is_missing

# Days until a start that is rather a slip in the year.
FAR_AWAY = 366
LARGE_ATTACHMENTS = 3  # MB, of all files together
# Seconds that the user waits for the DNS at most.
DNS_PATIENCE = 1


def _can_write(address):
    """Tell whether an address can stand in a header, where no letter but ASCII may (RFC 5322)."""
    return bool(address) and bool(wire_address(address) or is_wire_sender(address))


class MailingMailing(models.Model):
    """What speaks against sending a mass email as it is, told before it is Pending.

    Errors stop it, whoever sets it Pending. Warnings stop nobody but the user on the screen, who
    looks at them first.
    """

    _inherit = "mailing.mailing"

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def action_check_and_set_pending(self):
        """Set Pending at once, or show first what speaks against it."""
        self.ensure_one()
        findings = self._preflight_on_screen()
        if any(finding.severity != HINT for finding in findings):
            name = self.env._("Before It Is Sent")
            return self._open_check(name, findings, is_for_pending=True)
        return self.action_set_pending()

    def action_check(self):
        """Show what speaks against sending this mass email."""
        self.ensure_one()
        return self._open_check(self.env._("Check"), self._preflight_on_screen())

    def _open_check(self, name, findings, is_for_pending=False):
        self.check_access("write")
        check = self.env["mailing.check"].create(
            {
                "mailing_id": self.id,
                "is_for_pending": is_for_pending,
                "findings": [finding._asdict() for finding in findings],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": check._name,
            "res_id": check.id,
            "view_mode": "form",
            "target": "new",
        }

    # ------------------------------------------------------------
    # Findings
    # ------------------------------------------------------------

    def _preflight(self):
        """Return what speaks against sending this mass email, worst first.

        :return: list of ``Finding``
        """
        self.ensure_one()
        return self._in_order(
            [
                *self._list_findings(),
                *self._letter_findings(),
                *self._audience_findings(),
                *self._start_findings(),
                *self._sender_findings(),
                *self._reply_to_findings(),
                *self._attachment_findings(),
                *self._lost_file_findings(),
                *self._host_findings(),
            ]
        )

    def _preflight_on_screen(self):
        """Return what the user is told: beside it, what another machine says of the sender.

        It stops nobody, so no program waits for it.
        """
        return self._in_order([*self._preflight(), *self._dns_findings()])

    @api.model
    def _in_order(self, findings):
        return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))

    @api.model
    def _refuse(self, findings):
        """Raise in the user's words what must be mended first, if anything."""
        errors = [finding.words for finding in findings if finding.severity == ERROR]
        if errors:
            raise UserError("\n\n".join(errors))

    def _list_findings(self):
        if not self.contact_list_ids:
            yield Finding(
                ERROR,
                "no_list",
                self.env._("Target Lists"),
                self.env._("Choose at least one target list first."),
                self.env._("A campaign's lists are taken over by its new mass emails."),
            )

    def _audience_findings(self):
        """Nobody to mail: an error, unless somebody may be added until it starts."""
        if self.contact_list_ids and not self._reaches_anybody():
            yield Finding(
                WARNING if self._may_be_filled() else ERROR,
                "nobody",
                self.env._("Target Lists"),
                self._why_nobody(),
                self.env._("“Who gets it” tells why each is not mailed. Add targets, or a list."),
            )

    def _start_findings(self):
        start = self.schedule_type == "scheduled" and self.schedule_date
        if start and start > fields.Datetime.now() + timedelta(days=FAR_AWAY):
            yield Finding(
                WARNING,
                "start_far",
                self.env._("Start"),
                self.env._("It starts on %s, in more than a year.", format_date(self.env, start)),
                self.env._("Look at the year of the start date."),
            )

    def _sender_findings(self):
        place = self.env._("Sender")
        if not _can_write(email_normalize(self.email_from or "")):
            yield Finding(
                ERROR,
                "sender_invalid",
                place,
                self.env._("“%s” is not the address of a sender.", self.email_from or ""),
                self.env._("Write one address, like “Garden” <news@garden.example.com>."),
            )
            return
        mail_server, address = self.env["ir.mail_server"]._for_mass_email(self)
        if words := mail_server._why_personal():
            yield Finding(
                ERROR,
                "server_personal",
                place,
                words,
                self.env._(
                    "Choose another mail server, or have an administrator choose one in Settings > "
                    "Email Marketing."
                ),
            )
            return
        server_name = mail_server.name or config["smtp_server"]
        if not mail_server and config["smtp_server"] in (None, "", "localhost"):
            yield Finding(
                WARNING,
                "no_server",
                place,
                self.env._("No outgoing mail server is set up: mail is given to this machine."),
                self.env._("An administrator adds one in Settings > Email Marketing."),
            )
        from_filter = (
            mail_server.from_filter if mail_server else mail_server._get_default_from_filter()
        )
        if not mail_server._match_from_filter(address, from_filter):
            yield Finding(
                ERROR,
                "sender_not_allowed",
                place,
                self.env._(
                    "The mail server “%(server)s” sends for %(allowed)s only, not for %(sender)s.",
                    server=server_name,
                    allowed=from_filter,
                    sender=email_normalize(address),
                ),
                self.env._("Write a sender that it sends for, or choose another mail server."),
            )
        elif email_normalize(address) != email_normalize(self.email_from):
            yield Finding(
                WARNING if from_filter else HINT,
                "sender_replaced",
                place,
                self.env._(
                    "Recipients will see %(address)s as sender: the mail server “%(server)s” "
                    "does not send for %(sender)s.",
                    address=email_normalize(address),
                    server=server_name,
                    sender=email_normalize(self.email_from),
                ),
                self.env._("Write a sender that a mail server sends for."),
            )

    def _reply_to_findings(self):
        """Many servers take no message with a reply address that is none."""
        written = self.reply_to_mode == "new" and self.reply_to
        addresses = [address for _name, address in email_split_tuples(written or "")]
        if written and not (addresses and all(map(_can_write, addresses))):
            yield Finding(
                ERROR,
                "reply_to_invalid",
                self.env._("Reply To"),
                self.env._("“%s” is not an address to reply to.", written),
                self.env._("Write one address, like “Garden” <news@garden.example.com>."),
            )

    def _dns_findings(self):
        """What receiving servers look up of the sender; nothing where nobody can be asked."""
        _mail_server, address = self.env["ir.mail_server"]._for_mass_email(self)
        domain = (email_normalize(address or "") or "").partition("@")[2]
        try:
            words = domain and what_is_missing(self.env, domain, DNS_PATIENCE)
        except TimeoutError:
            return
        if words:
            yield Finding(
                WARNING, "sender_records", self.env._("Sender"), words, how_to_mend(self.env)
            )

    def _attachment_findings(self):
        attachments = self.sudo().attachment_ids
        for link in attachments.filtered(lambda attachment: attachment.type != "binary"):
            yield Finding(
                ERROR,
                "attachment_no_file",
                self.env._("Attachments"),
                self.env._("“%s” is a link and no file: it cannot be attached.", link.name),
                self.env._("Remove it from the attachments, and write the link into the letter."),
            )
        size = sum(attachments.mapped("file_size")) / 1024**2
        if size > LARGE_ATTACHMENTS:
            yield Finding(
                WARNING,
                "attachments_large",
                self.env._("Attachments"),
                self.env._("The attachments have %.1f MB, and go to everybody.", size),
                self.env._("Put large files on a page, and link to it by a tracking URL."),
            )

    def _lost_file_findings(self):
        """Odoo takes a file that it does not find for an empty one."""
        for lost in self.sudo().attachment_ids.filtered("file_size"):
            if lost.type == "binary" and not lost.raw:
                yield Finding(
                    ERROR,
                    "attachment_lost",
                    self.env._("Attachments"),
                    self.env._("The file of “%s” is not there.", lost.name),
                    self.env._(
                        "Attach it again. An administrator sees that all Odoo servers of this "
                        "database share one filestore, and that backups hold it."
                    ),
                )

    def _host_findings(self):
        """The address before all our links, images included."""
        own_url = self.env["ir.config_parameter"]._public_url()
        parts = urlsplit(own_url)
        remedy = self.env._("An administrator sets “Public Address” in Settings > Email Marketing.")
        if is_local(parts.hostname or ""):
            yield Finding(
                WARNING,
                "host_local",
                self.env._("Settings"),
                self.env._(
                    "Links of this letter begin with %s, which recipients cannot reach.", own_url
                ),
                remedy,
            )
        elif parts.scheme != "https":
            yield Finding(
                WARNING,
                "host_not_https",
                self.env._("Settings"),
                self.env._(
                    "Links of this letter begin with %s: without https, mail programs warn of "
                    "them, and opt out of nothing by one click.",
                    own_url,
                ),
                remedy,
            )
