import logging
from contextlib import suppress
from dataclasses import replace

from odoo import api, models
from odoo.tools import email_normalize
from odoo.tools.mail import email_split, mail_header_msgid_re

from ...delivery.bounce import Kind
from ...delivery.mime import header, source_of
from ...delivery.reference import verp_reference
from ...delivery.report import is_automatic, is_of_mail_system, read_report

_logger = logging.getLogger(__name__)


class MailThread(models.AbstractModel):
    """The mail gateway: what comes back is told to the message it answers.

    What names no message of a mass email is left to Odoo as it is.
    """

    _inherit = "mail.thread"

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        """An answer to a mass email whose replies go to followers stands on her record.

        Odoo finds where an answer belongs by the message that it stored; of a mass email none is,
        and who writes to the catchall out of nowhere is told that nobody reads it.
        """
        if not message_dict.get("is_bounce") and self._detect_write_to_catchall(message_dict):
            route = self._route_to_who_was_mailed(message, message_dict, custom_values)
            if route:
                self._routing_reset_bounce(message, message_dict)
                return [route]
        return super().message_route(message, message_dict, model, thread_id, custom_values)

    @api.model
    def _route_to_who_was_mailed(self, message, message_dict, custom_values):
        """Return the route to the record of whose letter is answered, if Odoo knows of none."""
        named = self._message_ids_named(message_dict)
        if self.env["mail.message"].sudo().search_count([("message_id", "in", named)], limit=1):
            return None
        contact = self._mass_emails_named(named)[:1].contact_id
        if not contact:
            return None
        record = contact._chatter_record()
        user = self._mail_find_user_for_gateway(message_dict["email_from"])
        user_id = user.id or self.env.uid
        route = (record._name, record.id, custom_values, user_id, self.env["mail.alias"])
        return self._routing_check_route(message, message_dict, route, raise_exception=False)

    @api.model
    def _message_ids_named(self, message_dict):
        # some programs name what is answered in one of the two only
        named = f"{message_dict['references']} {message_dict['in_reply_to']}"
        return mail_header_msgid_re.findall(named)

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        if not routes:
            return super()._message_route_process(message, message_dict, routes)
        is_by_program = self._is_by_program(message)
        if traces := self._mass_emails_named(self._message_ids_named(message_dict)):
            receive = traces._receive_reply_now if self._is_fetched() else traces._receive_reply
            receive(is_by_program)
        if is_by_program:
            self = self.with_context(mailing_auto_reply=True)
        return super()._message_route_process(message, message_dict, routes)

    @api.model
    def _is_by_program(self, message):
        """Tell whether a program answers, which may not say so in the words of RFC 3834.

        No person writes in bulk, or from the null reverse-path (RFC 5321, section 4.5.5).
        """
        return (
            is_automatic(message)
            or is_of_mail_system(message)
            or header(message, "Return-Path") == "<>"
            or header(message, "Precedence").lower() in ("bulk", "junk")
        )

    @api.model
    def _message_parse_extract_bounce(self, email_message, message_dict):
        """A report whose boundary is not there has none of the parts that Odoo looks for in it.

        And what is written in an alphabet that nobody knows, Odoo cannot read.
        """
        is_report = email_message.get_content_type() == "multipart/report"
        if not is_report or email_message.is_multipart():
            with suppress(LookupError, ValueError):
                return super()._message_parse_extract_bounce(email_message, message_dict)
        return {
            "is_bounce": True,
            "bounced_email": False,
            "bounced_partner": self.env["res.partner"].sudo(),
            "bounced_message": self.env["mail.message"].sudo(),
            "bounced_msg_ids": False,
        }

    def _message_parse_extract_payload(self, message, message_dict, save_original=False):
        """What a report tells in an alphabet that Odoo does not know is read by ``read_report``."""
        try:
            return super()._message_parse_extract_payload(message, message_dict, save_original)
        except (LookupError, ValueError):
            if not message_dict.get("is_bounce"):
                raise
            return {"body": "", "attachments": []}

    @api.model
    def _detect_is_bounce(self, message, message_dict):
        return super()._detect_is_bounce(message, message_dict) or bool(
            self._verp_references(message)
        )

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        if not email_message:  # Odoo's own tests hand over none
            return super()._routing_handle_bounce(email_message, message_dict)
        report = read_report(source_of(email_message))
        traces = (
            self.env["mailing.trace"]
            .sudo()
            ._from_reports(
                [*self._verp_references(email_message), *report.references],
                [*report.message_ids, *(message_dict["bounced_msg_ids"] or ())],
                report.addresses,
            )
        )
        if not traces:
            standard = self.with_context(mailing_standard_only=True)
            return super(MailThread, standard)._routing_handle_bounce(email_message, message_dict)
        if not report.addresses and email_normalize(email_message["From"]) in traces.mapped(
            "email"
        ):
            # no mail system writes in her name: a program of hers answers
            report = replace(report, kind=Kind.AUTO_REPLY)
        _logger.info(
            "Message %s to %s is %s for mass email messages %s: %s",
            message_dict["message_id"],
            message_dict["to"],
            report.kind.value,
            traces.ids,
            report.words,
        )
        if self._is_fetched():
            return traces._receive_report_now(report)
        return traces._receive_report(report)

    @api.model
    def _is_fetched(self):
        """Tell whether a mail is taken off a server, which Odoo does once, whatever happens."""
        return "default_fetchmail_server_id" in self.env.context

    @api.model
    def _verp_references(self, message):
        """Return the references in those bounce addresses that a message came to."""
        recipients = {
            email_normalize(address) or address
            for name in ("To", "Delivered-To", "X-Original-To", "Envelope-To")
            for value in message.get_all(name, ())
            for address in email_split(str(value))
        }
        if not any("+" in address for address in recipients):
            return []
        domains = self.env["mail.alias.domain"].sudo()
        bounce_addresses = domains.search([("bounce_alias", "!=", False)]).mapped("bounce_email")
        references = [
            verp_reference(address, bounce_address)
            for address in recipients
            for bounce_address in filter(None, bounce_addresses)
        ]
        return [reference for reference in references if reference]

    @api.model
    def _mass_emails_named(self, message_ids):
        """Return the messages of mass emails with one of these Message-IDs."""
        traces = self.env["mailing.trace"].sudo()
        if not message_ids:
            return traces
        return traces.search([("message_id", "in", message_ids), ("token", "!=", False)])
