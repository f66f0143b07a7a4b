import secrets
from email.utils import formatdate

from ..delivery.address import wire_address
from ..delivery.envelope import Envelope, flatten
from ..delivery.header import Encoded, encode_mailbox, encode_text
from ..delivery.reference import LONGEST_REFERENCE
from ..delivery.skeleton import MarkLost, Skeleton, marks_pattern, part, quoted_printable
from ..delivery.token import new_token
from .body import body_in_pieces
from .inline import Inline, NotSpliceable
from .text_part import TextPart, encode


class SplicedLetter:
    """A letter compiled once per run: what differs by recipient is spliced into bytes.

    Odoo's renderer fills in subject and body piece by piece: those that stay the same are encoded
    once. Skeleton, sender and headers are those of one message built and prepared by Odoo, with
    all that other modules do to it. Spliced or rendered one by one, the letter reads the same.

    :param source: the ``Letter`` to compile
    :param session: an SMTP session, for what its server makes of the sender
    :raise NotSpliceable: the letter must be rendered one by one
    """

    def __init__(self, source, session):
        self._source = source
        self._nonce = secrets.token_hex(8)
        self._subject = Inline(source.mailing, source.subject)
        self._body = body_in_pieces(source)
        self._token = new_token()  # as long as those that will stand in its place
        self._tokens = marks_pattern([self._token])
        self._host = source.placeholders.host
        frame = str(source.page(source.body_mark)).split(str(source.body_mark))
        if len(frame) != 2:
            raise NotSpliceable
        self._before, self._after = map(self._encode, frame)
        self._encoded = {}
        self._text_part = TextPart(self._text, self._body.fixed, self._host)
        self._skeleton = self._compile_message(session)
        self._is_compared = not self._subject.is_evaluated and not self._body.is_evaluated

    def _mark(self, name):
        return f"{self._nonce}{name}z"

    def _text(self, body):
        return self._source.text(body, self._token)

    def _encode(self, html):
        return encode(self._source.personalise(html, self._token), self._tokens)

    def _compile_message(self, session):
        """Compile one message with marks for what differs by recipient."""
        source = self._source
        to, subject = f"{self._nonce}@{self._nonce}.invalid", self._mark("subject")
        message_id, date = f"<{self._nonce}@message>", self._mark("date")
        html, text = self._mark("html"), self._mark("text")
        # as long as any, for a VERP sender must not become too long
        self._reference = self._mark("reference").ljust(LONGEST_REFERENCE, "z")
        message = source.build(to, subject, html, text, message_id, self._token, self._reference)
        try:
            self._sender, recipients, message = source.prepare(
                message, to, session, self._reference
            )
        except AssertionError:
            raise NotSpliceable from None
        message.replace_header("Date", Encoded("Date", date, date.encode()))
        found = set()
        for each in message.walk():
            content = each.get_payload().strip() if isinstance(each.get_payload(), str) else None
            if content in (html, text):
                each.replace_header("Content-Transfer-Encoding", "quoted-printable")
                found.add(content)
        # a module may make the sender, the recipient or the body in a way that a skeleton cannot
        # follow
        in_sender = self._sender.replace(self._reference, "")
        if self._nonce in in_sender or recipients != [to] or found != {html, text}:
            raise NotSpliceable
        slots = {to: "to", subject: "subject", message_id: "message-id", date: "date"}
        slots |= {self._reference: "reference", html: "html", text: "text"}
        if source.placeholders.has_opt_out:
            slots[self._token] = "token"
        try:
            return Skeleton(flatten(message), slots)
        except MarkLost:
            raise NotSpliceable from None

    def compose(self, rows):
        """Fill in the letter for the rows' contacts; splice as the messages are taken.

        :raise NotSpliceable: it is another letter than the one that Odoo renders
        """
        contacts = self._source.env["mailing.contact"].browse(row.contact_id for row in rows)
        letters = {}
        if not (self._subject.is_evaluated or self._body.is_evaluated):
            # else the first to be read would bring all others along
            contacts.fetch(["name", *self._subject.field_names, *self._body.field_names])
        for mailing, group in self._source.by_language(contacts):
            subjects = self._subject.fill(mailing, group)
            bodies = self._body.fill(mailing, group)
            for contact, subject, pieces in zip(group, subjects, bodies, strict=True):
                if not self._is_compared:
                    self._compare(contact, subject, "".join(pieces))
                    self._is_compared = True
                text = self._text_part.encode(pieces, self._tokens)
                letters[contact.id] = subject, self._html(pieces), text
        date = formatdate().encode()
        prepared = [
            (row, contact.name or "", *letters[contact.id])
            for row, contact in zip(rows, contacts, strict=True)
        ]
        return (self._splice(*each, date) for each in prepared)

    def _compare(self, contact, subject, body):
        """Compare a letter with what Odoo's whole renderer makes of it, which a module may change.

        :raise UserError: it cannot be filled in
        """
        rendered_subject, rendered_body = self._source.render(contact)[contact.id]
        if subject.split() != rendered_subject.split():
            raise NotSpliceable
        # fields are put into what Odoo makes of the rest
        if self._body.is_evaluated and body != rendered_body:
            raise NotSpliceable

    def _html(self, pieces):
        """Return the HTML part in encoded pieces, None for each token."""
        encoded = self._before.copy()
        for piece in pieces:
            if piece in self._encoded:
                encoded += self._encoded[piece]
            elif piece in self._body.fixed:
                self._encoded[piece] = self._encode(piece)
                encoded += self._encoded[piece]
            elif self._host in piece:
                encoded += self._encode(piece)
            elif piece.endswith("\r"):
                # it may be one end of a line with what comes next
                return self._before + self._encode("".join(pieces)) + self._after
            elif piece:
                encoded.append(quoted_printable(piece))
        return encoded + self._after

    def _splice(self, row, name, subject, html, text, date):
        address = wire_address(row.email)
        if not address:
            return self._source.bad_address(row)
        message_id, reference = self._source.message_id(row), self._source.reference(row)
        token = row.token.encode()
        values = {
            "to": encode_mailbox(name, address),
            "subject": encode_text(subject),
            "message-id": message_id.encode(),
            "date": date,
            "reference": reference.encode(),
            "token": token,
            "html": part(token if piece is None else piece for piece in html),
            "text": part(token if piece is None else piece for piece in text),
        }
        beginning, tail = self._skeleton.splice(values), self._skeleton.tail
        sender = self._sender.replace(self._reference, reference)
        return Envelope(row.id, sender, address, message_id, beginning, tail)
