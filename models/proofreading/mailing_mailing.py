import re
from urllib.parse import unquote

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty
from odoo.tools.mail import html_to_inner_content

from ...delivery.placeholders import misspelt
from ...engine.finding import ERROR, HINT, WARNING, Finding, some
from ...engine.inspection import Inspection

# Mail programs show about as much of a subject, and of a preview.
LONGEST_SUBJECT = 70
LONGEST_PREVIEW = 140
# Gmail shows as many KB of a letter's HTML, and behind them a link to the rest.
LONGEST_PAGE = 102
# Expressions that stay as they are written: a body fills in t-out, and t-attf attributes only.
FILLED_ATTRIBUTE = re.compile(r"""\st-attf-[\w-]+\s*=\s*(?:"[^"]*"|'[^']*')""")
# a link to a tracking URL, and its text
TRACKED_LINK = re.compile(r"<a\b[^>]*\{\s*trackingUrl:\s*(\d+)[^>]*>(.*?)</a>", re.I | re.S)
UNFILLED = re.compile(r"\{\{\s*(?:object|user|ctx)\b[^{}]*\}\}")


class MailingMailing(models.Model):
    """What speaks against a letter, in its subject, its preview text and its body."""

    _inherit = "mailing.mailing"

    def _letter_findings(self):
        """Yield what is wrong in the content, as one of those who get it would read it."""
        yield from self._subject_findings(self.subject)
        if is_html_empty(self.body_html):
            yield self._body_finding(
                "body_empty",
                self.env._("Choose an email template or write a body first."),
                self.env._("Write it below, or choose an email template."),
            )
            return
        # it is sent by the cron, whatever this user may read
        letter = self.sudo()._unchecked_letter()
        yield from self._placeholder_findings(letter, self.campaign_id.tracking_url_ids)
        yield from self._spelling_findings(letter)
        try:
            subject, body = self._filled_in(letter)
        except UserError as error:
            yield self._body_finding(
                "not_filled_in",
                str(error),
                self.env._("Correct the field. By typing “/” you insert one that exists."),
            )
            return
        yield from self._length_findings(subject)
        yield from self._size_findings(letter, body)
        yield from self._page_findings(letter, body)

    def _body_finding(self, kind, words, remedy, severity=ERROR):
        return Finding(severity, kind, self.env._("Letter"), words, remedy)

    def _filled_in(self, letter):
        """Return subject and body for one of those who get it; as they stand without anybody."""
        contact = self._sample_contact()
        return letter.render(contact).get(contact.id, ("", letter.html))

    # ------------------------------------------------------------
    # Subject and preview text
    # ------------------------------------------------------------

    def _subject_findings(self, subject):
        if not (subject or "").strip():
            yield Finding(
                ERROR,
                "subject_empty",
                self.env._("Subject"),
                self.env._("The letter has no subject."),
                self.env._("Write what it is about."),
            )

    def _length_findings(self, subject):
        if len(subject) > LONGEST_SUBJECT:
            yield Finding(
                WARNING,
                "subject_long",
                self.env._("Subject"),
                self.env._(
                    "The subject has %(count)s characters; mail programs show about %(most)s.",
                    count=len(subject),
                    most=LONGEST_SUBJECT,
                ),
                self.env._("Shorten it, or begin with what matters."),
            )
        preview = (self.preview or "").strip()
        place = self.env._("Preview Text")
        if len(preview) > LONGEST_PREVIEW:
            yield Finding(
                WARNING,
                "preview_long",
                place,
                self.env._(
                    "The preview text has %s characters; few of them are shown.", len(preview)
                ),
                self.env._("Shorten it."),
            )
        elif not preview:
            yield Finding(
                HINT,
                "preview_empty",
                place,
                self.env._(
                    "Without a preview text, mail programs show the first words of the body."
                ),
                self.env._("Write what makes one open the letter."),
            )

    def _size_findings(self, letter, body):
        size = len(letter.page(body).encode()) // 1024
        if size >= LONGEST_PAGE:
            yield self._body_finding(
                "letter_long",
                self.env._(
                    "The letter has %(size)s KB without its files. Gmail shows %(most)s of them: "
                    "the end is cut off, and the opt-out link with it.",
                    size=size,
                    most=LONGEST_PAGE,
                ),
                self.env._("Shorten it, or link to a page for the rest."),
                WARNING,
            )

    # ------------------------------------------------------------
    # Codes and fields
    # ------------------------------------------------------------

    def _placeholder_findings(self, letter, links):
        """Yield what body or preview name that the campaign does not have.

        :param links: the tracking URLs that may be used
        """
        unknown = letter.placeholders.link_ids - set(links.ids)
        if unknown:
            yield self._body_finding(
                "tracking_url_unknown",
                self.env._(
                    "The body or the preview uses %s, but the campaign has no such tracking URL.",
                    ", ".join(self._named_codes(sorted(unknown))),
                ),
                self.env._("Click the link and choose another tracking URL."),
            )
        if letter.placeholders.has_opt_out and self._is_informational():
            yield self._body_finding(
                "opt_out_unwanted",
                self.env._(
                    "An informational email has no opt-out link. Remove it from the body: "
                    "the placeholder, or the link “Unsubscribe” in the footer."
                ),
                self.env._("Remove the link, or give the campaign another type."),
            )
        if not letter.source.shows_opt_out(letter.html) and not self._is_informational():
            yield self._body_finding(
                "opt_out_missing",
                self.env._("Recipients cannot opt out: the body has no opt-out link."),
                self.env._("Type “/” in the body and insert the opt-out link."),
                WARNING,
            )

    def _named_codes(self, link_ids):
        """Yield the codes of tracking URLs, each with the text of the first link that has it."""
        texts = {}
        for link_id, content in TRACKED_LINK.findall(unquote(self.body_html or "")):
            texts.setdefault(int(link_id), html_to_inner_content(content))
        for link_id in link_ids:
            code = f"{{trackingUrl:{link_id}}}"
            text = texts.get(link_id)
            yield self.env._("%(code)s (“%(text)s”)", code=code, text=text) if text else code

    def _spelling_findings(self, letter):
        """Yield what looks like a placeholder, and would be read by the recipients."""
        if wrong := misspelt(letter.subject or ""):
            yield Finding(
                ERROR,
                "code_in_subject",
                self.env._("Subject"),
                self.env._("The subject uses %s, but links have their place in the body.", wrong),
                self.env._("Remove it from the subject."),
            )
        if wrong := misspelt(letter.html):
            yield self._body_finding(
                "code_misspelt",
                self.env._(
                    "%s is not understood. Write {trackingUrl:ID} with the number of a tracking "
                    "URL, {optOutUrl} or {optOutLink}, without blanks.",
                    wrong,
                ),
                self.env._("Insert links by typing “/” in the body."),
            )
        # the editor encodes braces in the address of a link
        if unfilled := UNFILLED.search(unquote(FILLED_ATTRIBUTE.sub("", letter.html))):
            yield self._body_finding(
                "field_unfilled",
                self.env._(
                    "%s would be sent as it is written: it is filled in in the subject and the "
                    "preview only. Insert the field into the body by typing “/”.",
                    unfilled[0],
                ),
                self.env._("Insert the field by typing “/” in the body."),
            )

    # ------------------------------------------------------------
    # Text, links and images
    # ------------------------------------------------------------

    def _page_findings(self, letter, body):
        own_url = self.env["ir.config_parameter"]._public_url()
        page = Inspection(str(body), letter.placeholders.marks, own_url)
        if not page.has_text:
            yield self._body_finding(
                "no_text",
                self.env._("The letter has no text, only images or links."),
                self.env._("Write at least a sentence: not everybody sees images."),
                WARNING,
            )
        broken = [link for link in page.broken_links if not misspelt(link)]
        to_page = self.env._("Click the link and write the address of a page, with https://.")
        to_image = self.env._("Upload the image into the body, or write its whole address.")
        for severity, kind, found, words, remedy in (
            (ERROR, "link_broken", broken, self.env._("Links lead nowhere: %s"), to_page),
            (
                ERROR,
                "link_relative",
                page.relative_links,
                self.env._("Links have no host: %s"),
                to_page,
            ),
            (WARNING, "link_empty", page.empty_links, self.env._("Links are empty: %s"), to_page),
            (
                WARNING,
                "link_local",
                page.local_links,
                self.env._("Links lead to a machine that recipients cannot reach: %s"),
                to_page,
            ),
            (
                WARNING,
                "link_untracked",
                [] if self._is_informational() else page.untracked_links,
                self.env._("Clicks will not be counted of: %s"),
                self.env._("Make a tracking URL of it: click the link, then New Tracking URL."),
            ),
            (
                ERROR,
                "image_relative",
                page.relative_images,
                self.env._("Images have no address that recipients can reach: %s"),
                to_image,
            ),
            (
                WARNING,
                "image_local",
                page.local_images,
                self.env._("Images are on a machine that recipients cannot reach: %s"),
                to_image,
            ),
            (
                WARNING,
                "image_without_alt",
                page.images_without_alt,
                self.env._("Images have no description: %s"),
                self.env._("Click the image and describe it, for who does not see it."),
            ),
        ):
            if found:
                yield self._body_finding(kind, words % some(found), remedy, severity)
