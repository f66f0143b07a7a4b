import html
import logging
from functools import cached_property

import psycopg2
from markupsafe import Markup

from odoo.exceptions import UserError
from odoo.tools import file_open

from ..delivery.address import wire_address
from ..delivery.envelope import seal
from ..delivery.header import Encoded, encode_mailbox, encode_text, file_type
from ..delivery.placeholders import Placeholders
from ..delivery.reference import verp_address
from ..delivery.report import REFERENCE_HEADER
from ..delivery.transport import Outcome, Result
from .headers import Headers, mailboxes
from .inline import Inline
from .source import Source
from .spliced_letter import NotSpliceable, SplicedLetter
from .text_part import plain_text
from .troubles import why_not_filled_in

_logger = logging.getLogger(__name__)


class Letter:
    """A mass email prepared once per run and composed for one recipient after the other.

    What its user saves meanwhile is in the letter of the next run: in all of it, or in none.

    :ivar html: source of the HTML part, its placeholders marked, personal values still in it
    :ivar layout: the page around it, ``body_mark`` standing for the rendered body
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env
        self.placeholders = Placeholders()
        self.body_mark = Markup(self.placeholders.body)
        self.source = Source(mailing, self.placeholders)
        self.html = self.source.html
        self.layout = self._layout()
        self.subject = mailing.subject
        self._sender = mailing.email_from
        # those taken off the campaign, too: what is on its way or delivered has them
        self.links = mailing.campaign_id.with_context(active_test=False).tracking_url_ids
        # bounces and replies go to the company of who is responsible, whoever runs the cron
        self._author = mailing.user_id or self.env.user
        self._mail_server = self._of_company("ir.mail_server")
        self._by_thread = mailing.reply_to_mode == "update"
        self._kind = Headers(mailing)
        self._references = self.env["mailing.trace"]._references()
        self._verp = self.env["ir.config_parameter"]._mass_email_setting("verp")
        self._spliced = None
        self._lang = None

    def _of_company(self, model):
        return self.env[model].sudo().with_company(self._author.company_id)

    @cached_property
    def _attachments(self):
        self.mailing._refuse([*self.mailing._lost_file_findings()])
        return [
            (
                " ".join(attachment.name.split()),
                attachment.raw or b"",
                file_type(attachment.mimetype or ""),
            )
            for attachment in self.mailing.attachment_ids
        ]

    @cached_property
    def _reply_to(self):
        if not self._by_thread:
            return mailboxes(self.mailing.reply_to)
        contacts = self._of_company("mailing.contact")  # none: they have no alias of their own
        addresses = contacts._notify_get_reply_to(
            default=self._sender, author_id=self._author.partner_id.id
        )
        return addresses[False]

    def _pixel(self):
        mailing = self.mailing
        if not mailing._tells_openings():
            return Markup()
        return Markup('<img src="%s" width="1" height="1" alt=""/>') % self.placeholders.open

    def _layout(self):
        with file_open("mass_mailing/static/src/scss/mass_mailing_mail.scss") as styles:
            style = Markup("<style>%s</style>") % Markup(styles.read())
        return self.env["ir.qweb"]._render(
            "mass_mailing.mass_mailing_mail_layout",
            {"body": self.body_mark + self._pixel(), "mailing_style": style},
            minimal_qcontext=True,
        )

    def render(self, contacts):
        """Render subject and body for contacts, personal values in, recipients' URLs not yet.

        :return: ``{contact id: (subject, body)}``
        :raise UserError: an expression in it fails
        """
        subjects, bodies = {}, {}
        try:
            for mailing, group in self.by_language(contacts):
                subjects |= mailing._render_template(self.subject, "mailing.contact", group.ids)
                bodies |= self.render_source(mailing, self.html, group.ids)
        except UserError as error:
            words = self.env._(
                "The letter cannot be filled in: %s", why_not_filled_in(self.env, error)
            )
            raise UserError(words) from error
        return {
            contact.id: (" ".join(subjects[contact.id].split()), bodies[contact.id])
            for contact in contacts
        }

    def render_body(self, source, contact_ids):
        """Render a body for contacts, each in her language."""
        bodies = {}
        for mailing, group in self.by_language(self.env["mailing.contact"].browse(contact_ids)):
            bodies |= self.render_source(mailing, source, group.ids)
        return bodies

    def render_source(self, mailing, source, contact_ids):
        """Render a body for contacts by Odoo's renderer, in the language of a mass email."""
        bodies = mailing._render_template(
            source,
            "mailing.contact",
            contact_ids,
            engine="qweb",
            options={"preserve_comments": True},
        )
        bodies = {contact_id: Markup(body) for contact_id, body in bodies.items()}
        return {key: body + self.source.missing_opt_out(body) for key, body in bodies.items()}

    def by_language(self, contacts):
        """Yield the mass email in each language that it says contacts read, with these contacts.

        It says so by its ``lang``; without, all get it in the language of who is responsible.
        """
        if not self.mailing.lang:
            yield self.mailing, contacts
            return
        by_lang = {}
        for contact, lang in zip(contacts, self._langs(contacts), strict=True):
            by_lang.setdefault(lang, []).append(contact.id)
        known = dict(self.env["res.lang"].get_installed())
        for lang, contact_ids in by_lang.items():
            mailing = self.mailing.with_context(lang=lang) if lang in known else self.mailing
            yield mailing, mailing.env["mailing.contact"].browse(contact_ids)

    def _langs(self, contacts):
        try:
            if self._lang is None:
                self._lang = Inline(self.mailing, self.mailing.lang)
            return self._lang.fill(self.mailing, contacts)
        except psycopg2.Error:
            raise
        except Exception:
            # Odoo evaluates it, or says what is wrong with it
            langs = self.mailing._render_lang(contacts.ids)
            return [langs[contact.id] for contact in contacts]

    def page(self, body):
        """Put a rendered body into the layout."""
        return self.layout.replace(self.body_mark, body)

    def personalise(self, body, token):
        """Put a recipient's own URLs into a rendered body or page."""
        return self.placeholders.fill(body, self._urls(token))

    def text(self, body, token):
        """Return the text part of a rendered body, with a recipient's own URLs."""
        urls = {key: html.unescape(url) for key, url in self._urls(token).items()}
        return self.placeholders.fill(plain_text(body), urls)

    def _urls(self, token):
        """Return a recipient's URLs, safe for HTML, by the keys of ``delivery.placeholders``."""
        urls = self.env["mailing.trace"]._recipient_urls(token, self.links)
        if self.mailing._is_informational():
            urls |= {f"link/{link.id}": html.escape(link.redirected_url) for link in self.links}
        return urls

    def compose(self, rows, session):
        """Compose the messages of claimed rows for a session.

        :param rows: claimed traces, see ``mailing.trace._claim``
        :return: an Envelope per row, or at once the Result of one that cannot be addressed; nothing
            for who was deleted behind her claim, so that she is judged by the next one
        """
        # what is read from here on is of one moment
        there = set(self.env["mailing.contact"].browse(row.contact_id for row in rows).exists().ids)
        rows = [row for row in rows if row.contact_id in there]
        spliced = self._splice(rows, session)
        if spliced is not None:
            return spliced
        contacts = self.env["mailing.contact"].browse(row.contact_id for row in rows)
        rendered = self.render(contacts)
        return [
            self._seal(row, contact, *rendered[contact.id], session)
            for row, contact in zip(rows, contacts, strict=True)
        ]

    def _splice(self, rows, session):
        """Compose by splicing; None where Odoo must render it, or say what is wrong."""
        try:
            if self._spliced is None:
                self._spliced = SplicedLetter(self, session)
            return self._spliced.compose(rows) if self._spliced else None
        except NotSpliceable:
            self._spliced = False
        except psycopg2.Error:
            raise
        except Exception:
            # a template may fail in any way
            _logger.info("Mass email %s cannot be spliced", self.mailing.id, exc_info=True)
        return None

    def _seal(self, row, contact, subject, body, session):
        address = wire_address(row.email)
        if not address:
            return self.bad_address(row)
        message = self.build(
            address,
            Encoded("Subject", subject, encode_text(subject)),
            self.personalise(self.page(body), row.token),
            self.text(body, row.token),
            self.message_id(row),
            row.token,
            self.reference(row),
        )
        try:
            sender, recipients, message = self.prepare(
                message, address, session, self.reference(row)
            )
        except AssertionError as error:
            if self._mail_server.NO_VALID_RECIPIENT in error.args:
                return self.bad_address(row)
            return Result(row.id, Outcome.REFUSED, " ".join(error.args))
        if recipients != [address]:
            words = self.env._("Another module changes the recipients of this message.")
            return Result(row.id, Outcome.REFUSED, words)
        name = contact.name or ""
        message.replace_header("To", Encoded("To", address, encode_mailbox(name, address)))
        return seal(row.id, sender, address, message)

    def bad_address(self, row):
        """Return the Result of a row whose address cannot stand in an SMTP command."""
        return Result(row.id, Outcome.BAD_ADDRESS, self._mail_server.NO_VALID_RECIPIENT)

    def message_id(self, row):
        """Return a Message-ID by which Odoo recognises the replies."""
        thread = f"{row.contact_id}-mailing.contact" if self._by_thread else "reply_to"
        return self._kind.message_id(row, thread)

    def reference(self, row):
        """Return by what a returned message names this one."""
        return self._references.sign(row.id)

    def build(self, address, subject, page, text, message_id, token, reference):
        """Let Odoo build the message of one recipient; To shall get her name afterwards.

        Odoo takes addresses for recipients that stand in a display name.
        """
        return self._mail_server._build_email__(
            email_from=mailboxes(self._sender),
            email_to=[address],
            subject=subject,
            body=page,
            subtype="html",
            body_alternative=text,
            reply_to=self._reply_to,
            attachments=self._attachments,
            message_id=message_id,
            headers={**self._headers(token), REFERENCE_HEADER: reference},
        )

    def prepare(self, message, address, session, reference):
        """Let Odoo prepare the message to an address for a session.

        :return: sender and recipients of the envelope, and the message
        :raise AssertionError: the sender or the recipient is no address
        """
        mail_server = self._mail_server.with_context(send_validated_to=[address])
        bounce_address = self._verp and mail_server._get_default_bounce_address()
        if bounce_address:
            mail_server = mail_server.with_context(
                domain_bounce_address=verp_address(bounce_address, reference)
            )
        return mail_server._prepare_email_message__(message, session)

    def _headers(self, token):
        headers = self._kind.of_kind()
        if self.placeholders.has_opt_out:
            headers |= self._kind.of_opt_out(token)
        return headers
