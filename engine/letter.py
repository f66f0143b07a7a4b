import hashlib
import html
import secrets
import socket

from markupsafe import Markup

from odoo.tools import file_open, formataddr, html2plaintext
from odoo.tools.mail import append_content_to_html

from ..delivery.envelope import seal
from ..delivery.placeholders import Placeholders
from ..delivery.transport import Outcome, Result
from .spliced_letter import NotSpliceable, SplicedLetter


class Letter:
    """A mass email prepared once per run and composed for one recipient after the other.

    :ivar html: source of the HTML part, its placeholders marked, personal values still in it
    :ivar layout: the page around it, ``body_mark`` standing for the rendered body
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env
        self.placeholders = Placeholders()
        self.body_mark = Markup(self.placeholders.body)
        self.html = self._source()
        self.layout = self._layout()
        self.subject = mailing.subject
        self.links = mailing.campaign_id.tracking_url_ids
        self.attachments = [(a.name, a.raw, a.mimetype) for a in mailing.attachment_ids]
        self._by_thread = mailing.reply_to_mode == "update"
        self._host = socket.gethostname()
        self._key = secrets.token_bytes(32)
        self._spliced = None

    def _source(self):
        mailing, marks = self.mailing, self.placeholders
        source = mailing._prepend_preview(mailing.body_html or "", mailing.preview)
        source = str(mailing._replace_local_links(source))
        base_url = mailing.get_base_url()
        opt_out_label = html.escape(mailing.env._("Unsubscribe"))
        # the links of Odoo's own themes
        source = source.replace(f'{base_url}/unsubscribe_from_list"', '{optOutUrl}"')
        source = source.replace(f'{base_url}/view"', f'{marks.view}"')
        source = marks.mark(source, opt_out_label)
        if mailing._is_opt_out_mandatory() and not marks.has_opt_out:
            source = append_content_to_html(
                source, f'<p><a href="{marks.opt_out}">{opt_out_label}</a></p>', plaintext=False
            )
        return source

    def _pixel(self):
        mailing = self.mailing
        if not mailing._is_open_tracked() or mailing._is_informational():
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
        """
        mailing = self.mailing
        subjects = mailing._render_field("subject", contacts.ids)
        bodies = self.render_body(self.html, contacts.ids)
        return {
            contact.id: (
                " ".join(subjects[contact.id].split()),
                bodies[contact.id],
            )
            for contact in contacts
        }

    def render_body(self, source, contact_ids):
        """Render a body for contacts by Odoo's renderer."""
        bodies = self.mailing._render_template(
            source,
            "mailing.contact",
            contact_ids,
            engine="qweb",
            options={"preserve_comments": True},
        )
        return {contact_id: Markup(body) for contact_id, body in bodies.items()}

    def page(self, body):
        """Put a rendered body into the layout."""
        return self.layout.replace(self.body_mark, body)

    def personalise(self, body, token):
        """Put a recipient's own URLs into a rendered body or page."""
        return self.placeholders.fill(body, self.urls(token))

    def urls(self, token):
        """Return a recipient's URLs, safe for HTML, by the keys of ``delivery.placeholders``."""
        urls = self.env["mailing.trace"]._recipient_urls(token, self.links)
        if self.mailing._is_informational():
            urls |= {f"link/{link.id}": html.escape(link.redirected_url) for link in self.links}
        return urls

    def compose(self, rows, session):
        """Compose the messages of claimed rows for a session.

        :param rows: claimed traces, see ``mailing.trace._claim``
        :return: an Envelope per row, or at once the Result of one that cannot be addressed
        """
        if self._spliced is None:
            try:
                self._spliced = SplicedLetter(self, session)
            except NotSpliceable:
                self._spliced = False
        if self._spliced:
            return self._spliced.compose(rows)
        contacts = self.env["mailing.contact"].browse(row.contact_id for row in rows)
        rendered = self.render(contacts)
        return [
            self._seal(row, contact, *rendered[contact.id], session)
            for row, contact in zip(rows, contacts, strict=True)
        ]

    def _seal(self, row, contact, subject, body, session):
        has_opt_out = self.placeholders.has_opt_out
        message = self.build(
            formataddr((" ".join((contact.name or "").split()), row.email)),
            subject,
            self.personalise(self.page(body), row.token),
            html2plaintext(self.personalise(body, row.token)),
            self.message_id(row),
            self.env["mailing.trace"]._opt_out_url(row.token) if has_opt_out else None,
        )
        mail_server = self.env["ir.mail_server"]
        try:
            sender, recipients, message = mail_server._prepare_email_message__(message, session)
        except AssertionError as error:
            # Odoo found no address that can stand in an SMTP command
            bad_address = mail_server.NO_VALID_RECIPIENT in error.args
            outcome = Outcome.BAD_ADDRESS if bad_address else Outcome.REFUSED
            return Result(row.id, outcome, str(error))
        return seal(row.id, sender, recipients[0], message)

    def message_id(self, row):
        """Return a Message-ID by which Odoo recognises the replies.

        As unguessable as the recipient's token, and telling nothing of it: who could guess
        another's could forge her bounce.
        """
        digest = hashlib.blake2b(row.token.encode(), key=self._key, digest_size=16).hexdigest()
        thread = f"{row.contact_id}-mailing.contact" if self._by_thread else "reply_to"
        return f"<{digest}.{row.attempt_count}-openerp-{thread}@{self._host}>"

    def build(self, to, subject, page, text, message_id, opt_out_url):
        """Let Odoo build the message of one recipient.

        :param opt_out_url: None when the letter has no opt-out link
        """
        return self.env["ir.mail_server"]._build_email__(
            email_from=self.mailing.email_from,
            email_to=[to],
            subject=subject,
            body=page,
            subtype="html",
            body_alternative=text,
            reply_to=self.mailing.reply_to,
            attachments=self.attachments,
            message_id=message_id,
            headers=self._headers(opt_out_url),
        )

    @staticmethod
    def _headers(opt_out_url):
        headers = {
            "Precedence": "list",
            "Auto-Submitted": "auto-generated",  # RFC 3834
            "X-Auto-Response-Suppress": "OOF",
        }
        if opt_out_url:
            headers["List-Unsubscribe"] = f"<{opt_out_url}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        return headers
