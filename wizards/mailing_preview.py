import email
import logging
from email import policy
from html import unescape
from types import SimpleNamespace

import psycopg2
from lxml import etree, html
from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain

from ..delivery.envelope import as_received
from ..delivery.token import new_token
from ..delivery.transport import Result, describe
from ..engine.pixel import INERT_PIXEL
from ..models.sending.mailing_trace import Claimed

_logger = logging.getLogger(__name__)

# Among so many members one is looked for who may be mailed.
SAMPLE = 100
# Stands in the letter of who has no address; nobody can have it (RFC 2606).
NO_ADDRESS = "no-address@example.invalid"


class MailingPreview(models.TransientModel):
    """The letter that a chosen recipient would get: composed as when it is sent, and kept here.

    Its links have a token that is nobody's, so nothing is logged and nobody opts out, whatever is
    clicked. It is composed with the rights of who looks: nobody reads here what she may not read.
    """

    _name = "mailing.preview"
    _description = "Preview of a Mass Email"

    mailing_id = fields.Many2one("mailing.mailing", "Mass Email", required=True, readonly=True)
    contact_id = fields.Many2one("mailing.contact", "As Read By")
    error = fields.Char(compute="_compute_letter")
    objection = fields.Char(compute="_compute_objection")
    subject = fields.Char(compute="_compute_letter")
    preheader = fields.Char("Preview Text", compute="_compute_letter")
    sender = fields.Char("From", compute="_compute_letter")
    page = fields.Text("Letter", compute="_compute_letter")
    text = fields.Text("Text Part", compute="_compute_letter")
    headers = fields.Text(compute="_compute_letter")
    links = fields.Html(compute="_compute_letter", sanitize=False)

    # ------------------------------------------------------------
    # As whom
    # ------------------------------------------------------------

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        mailing = self.env["mailing.mailing"].browse(values.get("mailing_id"))
        if "contact_id" in fields and mailing:
            values.setdefault("contact_id", self._sample(mailing).id)
        return values

    @api.model
    def _members(self, mailing):
        return Domain("list_ids", "in", mailing.contact_list_ids.ids)

    @api.model
    def _sample(self, mailing):
        """Return a member who may be mailed, if one is found; else anybody."""
        contacts = self.env["mailing.contact"]
        members = contacts.search(self._members(mailing), limit=SAMPLE, order="id")
        objections = mailing._objections(members)
        mailable = members.filtered(lambda contact: contact not in objections)
        return mailable[:1] or members[:1] or contacts.search([], limit=1, order="id")

    @api.model
    def get_neighbour(self, mailing_id, contact_id, step):
        """Return the member before another (step -1) or behind (1), as a form has it; or False."""
        mailing = self.env["mailing.mailing"].browse(mailing_id)
        operator, order = (">", "id") if step > 0 else ("<", "id desc")
        domain = self._members(mailing) & Domain("id", operator, contact_id)
        member = self.env["mailing.contact"].search(domain, limit=1, order=order)
        return bool(member) and {"id": member.id, "display_name": member.display_name}

    @api.depends("mailing_id", "contact_id")
    def _compute_objection(self):
        for preview in self:
            mailing, contact = preview.mailing_id, preview.contact_id
            reason = mailing._objections(contact).get(contact)
            preview.objection = reason and mailing._outcome_label(reason)

    # ------------------------------------------------------------
    # The letter
    # ------------------------------------------------------------

    @api.depends("mailing_id", "contact_id")
    def _compute_letter(self):
        for preview in self:
            values = dict.fromkeys(
                ("subject", "preheader", "sender", "page", "text", "headers"), ""
            )
            values |= {"links": "", "error": ""}
            try:
                values |= preview._compose()
            except psycopg2.Error:
                raise  # Odoo begins anew
            except Exception as error:
                # a template may fail in any way
                _logger.info("Preview of mass email %s", preview.mailing_id.id, exc_info=True)
                values["error"] = describe(error)
            preview.update(values)

    def _compose(self):
        """Return what the letter to the chosen recipient is made of."""
        if not self.contact_id:
            return {"error": self.env._("Choose somebody to see what she would get.")}
        letter, token = self.mailing_id._letter(), new_token()
        contact = self.contact_id
        row = Claimed(0, contact.id, contact.address or NO_ADDRESS, token, 0)
        [envelope] = letter.compose([row], self._session())
        if isinstance(envelope, Result):
            return {"error": envelope.reply}
        content = as_received(envelope.content)
        message = email.message_from_bytes(content, policy=policy.default)
        page = message.get_body(("html",)).get_content()
        urls = letter._urls(token)
        raw_headers = content.partition(b"\r\n\r\n")[0]
        return {
            "subject": message["Subject"],
            "sender": message["From"],
            "preheader": self.mailing_id._render_field("preview", contact.ids)[contact.id],
            # whoever looks has not opened it
            "page": page.replace(urls["open"], INERT_PIXEL),
            "text": message.get_body(("plain",)).get_content(),
            "headers": raw_headers.decode("ascii", "replace").replace("\r\n", "\n"),
            "links": self._table_of_links(page, self._names(urls, letter.links)),
        }

    def _session(self):
        """What the letter asks of an SMTP session, without opening one."""
        mail_server, address = self.env["ir.mail_server"]._for_mass_email(self.mailing_id)
        from_filter = mail_server.from_filter or mail_server._get_default_from_filter()
        return SimpleNamespace(from_filter=from_filter, smtp_from=address)

    def _names(self, urls, links):
        """Return in words what her own URLs lead to."""
        names = {
            urls["opt-out"]: self.env._("Opt-out page"),
            urls["view"]: self.env._("The letter as a page"),
        }
        for link in links:
            target = self.env._("a message") if link.click_action == "message" else link.url
            names[unescape(urls[f"link/{link.id}"])] = self.env._(
                "Tracking URL “%(name)s”: %(target)s", name=link.title, target=target
            )
        return names

    def _table_of_links(self, page, names):
        rows = Markup().join(
            Markup('<tr><td class="pe-3">%s</td><td class="text-break">%s</td></tr>')
            % (text or self.env._("(image)"), names.get(address, address))
            for text, address in links_of(page)
        )
        if not rows:
            return Markup("<p>%s</p>") % self.env._("The letter has no links.")
        return Markup('<table class="table table-sm">%s</table>') % rows


def links_of(page):
    """Return text and address of each link of a page."""
    try:
        tree = html.fromstring(page)
    except etree.ParserError:
        return []
    return [
        (" ".join(link.text_content().split()), link.get("href"))
        for link in tree.iter("a")
        if link.get("href")
    ]
