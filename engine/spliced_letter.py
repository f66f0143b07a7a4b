import html
import re
import secrets
from email.utils import formatdate

from markupsafe import escape

from odoo.tools.rendering_tools import parse_inline_template

from ..delivery.address import wire_address
from ..delivery.envelope import Envelope, flatten
from ..delivery.header import Encoded, encode_mailbox, encode_text
from ..delivery.reference import LONGEST_REFERENCE
from ..delivery.skeleton import MarkLost, Skeleton, quoted_printable
from ..delivery.token import new_token

# A field shown as it is, with a default for when it is empty.
FIELD_TAG = re.compile(
    r'<(?P<tag>\w+)\s+t-out="(?P<path>object(?:\.\w+)+)"\s*(?:/>|>(?P<default>[^<>]*)</(?P=tag)>)'
)
FIELD_PATH = re.compile(r"object(?:\.\w+)+")
# Anything else that Odoo's renderer acts on.
DIRECTIVE = re.compile(r"<t[\s/>]|\st-[\w-]+\s*=")
WHITESPACE = re.compile(r"\s+")
SHOWN_AS_THEY_ARE = {"char", "text", "selection", "date", "datetime"}


class NotSpliceable(Exception):
    """The letter needs Odoo's renderer for every recipient."""


class SplicedLetter:
    """A letter compiled once per run: what differs by recipient is spliced into bytes.

    Possible when subject and body hold nothing but fields and placeholders. Skeleton, sender and
    headers are those of one message built and prepared by Odoo, with all that other modules do
    to it. Spliced or rendered one by one, the letter reads the same.

    :param source: the ``Letter`` to compile
    :param session: an SMTP session, for what its server makes of the sender
    :raise NotSpliceable: the letter must be rendered one by one
    """

    def __init__(self, source, session):
        self.env = source.env
        self._nonce = secrets.token_hex(8)
        self._fields = []
        self._subject = [self._inline(*part) for part in parse_inline_template(source.subject)]
        in_subject = len(self._fields)
        body = FIELD_TAG.sub(self._mark_field, source.html)
        if DIRECTIVE.search(body):
            raise NotSpliceable
        body = source.render_body(body, [1])[1]
        fields = [f"field{index}" for index in range(in_subject, len(self._fields))]
        if any(body.count(self._mark(field)) != 1 for field in fields):
            raise NotSpliceable
        self._html, self._text = self._mark("html"), self._mark("text")
        token = new_token()  # as long as those that will stand in its place
        parts = {
            self._html: source.personalise(source.page(body), token),
            self._text: source.text(body, token),
        }
        message, header_slots = self._message(source, session, token)
        part_slots = {self._mark(field): field for field in fields} | {token: "token"}
        try:
            self._skeleton = Skeleton(message, parts, header_slots, part_slots, by_part=fields)
        except MarkLost:
            raise NotSpliceable from None
        self._source = source

    def _mark(self, name):
        return f"{self._nonce}{name}z"

    def _mark_field(self, match):
        mark = self._add_field(match["path"], html.unescape(match["default"] or ""))
        return mark if match["tag"] == "t" else f"<{match['tag']}>{mark}</{match['tag']}>"

    def _inline(self, literal, expression, default):
        """Return a literal of the subject and the index of the field behind it, or None."""
        if not expression:
            return literal, None
        if not FIELD_PATH.fullmatch(expression):
            raise NotSpliceable
        self._add_field(expression, default)
        return literal, len(self._fields) - 1

    def _add_field(self, expression, default):
        path = expression.split(".")[1:]
        model = self.env["mailing.contact"]
        for name in path:
            field = model._fields.get(name)
            if not field:
                raise NotSpliceable
            model = self.env[field.comodel_name] if field.relational else model
        if field.type not in SHOWN_AS_THEY_ARE:
            raise NotSpliceable
        self._fields.append((".".join(path), default))
        return self._mark(f"field{len(self._fields) - 1}")

    def _message(self, source, session, token):
        """Return one message as bytes, and the slots in its header."""
        to, subject = f"{self._nonce}@{self._nonce}.invalid", self._mark("subject")
        message_id, date = f"<{self._nonce}@message>", self._mark("date")
        # as long as any, for a VERP sender must not become too long
        self._reference = self._mark("reference").ljust(LONGEST_REFERENCE, "z")
        message = source.build(
            to, subject, self._html, self._text, message_id, token, self._reference
        )
        try:
            self._sender, recipients, message = source.prepare(
                message, to, session, self._reference
            )
        except AssertionError:
            raise NotSpliceable from None
        message.replace_header("Date", Encoded("Date", date, date.encode()))
        found = set()
        for part in message.walk():
            content = part.get_payload().strip() if isinstance(part.get_payload(), str) else None
            if content in (self._html, self._text):
                part.replace_header("Content-Transfer-Encoding", "quoted-printable")
                found.add(content)
        # a module may make the sender, the recipient or the body in a way that a skeleton cannot
        # follow
        in_sender = self._sender.replace(self._reference, "")
        if self._nonce in in_sender or recipients != [to] or found != {self._html, self._text}:
            raise NotSpliceable
        slots = {to: "to", subject: "subject", message_id: "message-id", date: "date"}
        slots[self._reference] = "reference"
        if source.placeholders.has_opt_out:
            slots[token] = "token"
        return flatten(message), slots

    def compose(self, rows):
        """Read what the letter shows of the rows' contacts; splice as the messages are taken."""
        contacts = self.env["mailing.contact"].browse(row.contact_id for row in rows)
        date = formatdate().encode()
        prepared = [
            (row, contact.name or "", [self._value(contact, *field) for field in self._fields])
            for row, contact in zip(rows, contacts, strict=True)
        ]
        return (self._splice(*each, date) for each in prepared)

    @staticmethod
    def _value(contact, path, default):
        record = contact
        for name in path.split("."):
            record = record[name]
        return str(record or default)

    def _splice(self, row, name, fields, date):
        address = wire_address(row.email)
        if not address:
            return self._source.bad_address(row)
        message_id, reference = self._source.message_id(row), self._source.reference(row)
        subject = "".join(
            literal + ("" if index is None else fields[index]) for literal, index in self._subject
        )
        values = {
            "to": encode_mailbox(name, address),
            "subject": encode_text(subject),
            "message-id": message_id.encode(),
            "date": date,
            "reference": reference.encode(),
            "token": row.token.encode(),
        }
        for index, value in enumerate(fields):
            slot = f"field{index}"
            values[self._html, slot] = quoted_printable(str(escape(value)))
            values[self._text, slot] = quoted_printable(WHITESPACE.sub(" ", value))
        content = self._skeleton.splice(values)
        sender = self._sender.replace(self._reference, reference)
        return Envelope(row.id, sender, address, message_id, content)
