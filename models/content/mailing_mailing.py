import re
from urllib.parse import unquote

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import is_html_empty

from ...delivery.placeholders import misspelt
from ...engine.letter import Letter

# Expressions that stay as they are written: a body fills in t-out, and t-attf attributes only.
FILLED_ATTRIBUTE = re.compile(r"""\st-attf-[\w-]+\s*=\s*(?:"[^"]*"|'[^']*')""")
UNFILLED = re.compile(r"\{\{\s*(?:object|user|ctx)\b[^{}]*\}\}")


class MailingMailing(models.Model):
    """What a mass email says: its template, its files, its letter, and what is wrong in it."""

    _inherit = "mailing.mailing"

    mail_template_id = fields.Many2one(
        "mail.template",
        "Email Template",
        domain=[("model", "=", "mailing.contact")],
        help="Its subject, body and attachments are copied into the mass email.",
    )
    open_tracking = fields.Boolean(
        default=lambda self: self.env["ir.config_parameter"]._mass_email_setting("open_tracking"),
        help="An invisible image tells when it is opened. Without it nothing is recorded of "
        "openings, and a click is none.",
    )
    template_attachment_ids = fields.Many2many(
        "ir.attachment",
        "mailing_mailing_template_attachment_rel",
        string="Attachments from the Template",
        readonly=True,
        bypass_search_access=True,
        help="Those of the attachments that were copied from the template, and go with it.",
    )

    # ------------------------------------------------------------
    # Template and attachments
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("delivery_mode") == "portions":
                template = self.env["mail.template"].browse(vals.get("mail_template_id"))
                for name, value in self._template_content(template).items():
                    vals.setdefault(name, value)
                self._use_simple_body(vals)
        mailings = super().create(vals_list)
        for mailing, vals in zip(mailings, vals_list, strict=True):
            # a duplicate has them already
            if "template_attachment_ids" not in vals:
                mailing._take_template_attachments()
        return mailings

    def write(self, vals):
        if set(self.mapped("delivery_mode")) == {"portions"}:
            self._use_simple_body(vals)
        template_id = vals.get("mail_template_id")
        changed = self.filtered(lambda mailing: mailing.mail_template_id.id != template_id)
        result = super().write(vals)
        if template_id:
            for mailing in changed:
                mailing._take_template_attachments()
        return result

    def copy_data(self, default=None):
        """A duplicate has files of its own: they go with the record they belong to."""
        vals_list = super().copy_data(default)
        for mailing, vals in zip(self, vals_list, strict=True):
            if mailing.delivery_mode == "portions" and "attachment_ids" not in (default or {}):
                files = mailing.attachment_ids
                copies = dict(zip(files, files.copy(), strict=True))
                from_template = files & mailing.template_attachment_ids
                vals["attachment_ids"] = [Command.set([each.id for each in copies.values()])]
                vals["template_attachment_ids"] = [
                    Command.set([copies[each].id for each in from_template])
                ]
        return vals_list

    @api.model
    def _use_simple_body(self, vals):
        """A body written without the drag-and-drop editor is sent as it was written."""
        if "body_arch" in vals:
            vals.setdefault("body_html", vals["body_arch"])

    @api.model
    def _template_content(self, template):
        if not template:
            return {}
        return {"subject": template.subject, "body_arch": template.body_html}

    @api.onchange("mail_template_id")
    def _onchange_mail_template_id(self):
        self.update(self._template_content(self.mail_template_id))

    def _take_template_attachments(self):
        """Replace the former template's attachments by those of the present one."""
        self.ensure_one()
        self.template_attachment_ids.unlink()
        copies = self.mail_template_id.attachment_ids.copy(
            {"res_model": self._name, "res_id": self.id}
        )
        self.template_attachment_ids = copies
        self.attachment_ids += copies

    # ------------------------------------------------------------
    # Letter
    # ------------------------------------------------------------

    def _is_informational(self):
        return self.campaign_id.campaign_type == "informational"

    def _is_opt_out_mandatory(self):
        is_optional = self.env["ir.config_parameter"]._mass_email_setting("opt_out_optional")
        return not is_optional and not self._is_informational()

    def _letter(self):
        """Prepare the letter as the responsible user would read it.

        :raise UserError: a placeholder does not fit the campaign
        """
        self.ensure_one()
        user = self.user_id or self.env.user
        letter = Letter(self.with_context(**user.with_user(user).context_get()))
        self._check_placeholders(letter, letter.links)
        return letter

    # ------------------------------------------------------------
    # What is wrong in it
    # ------------------------------------------------------------

    def _check_letter(self):
        """Raise in the user's words what is wrong in the content of this mass email."""
        self.ensure_one()
        if is_html_empty(self.body_html):
            raise UserError(self.env._("Choose an email template or write a body first."))
        letter = self.sudo()._letter()  # it is sent by the cron, whatever this user may read
        self._check_placeholders(letter, self.campaign_id.tracking_url_ids)
        self._check_spelling(letter)
        self._check_filled_in(letter)

    def _check_placeholders(self, letter, links):
        """Raise when body or preview name what the campaign does not have.

        :param links: the tracking URLs that may be used
        """
        unknown = letter.placeholders.link_ids - set(links.ids)
        if unknown:
            raise UserError(
                self.env._(
                    "The body or the preview uses %s, but the campaign has no such tracking URL.",
                    ", ".join(f"{{trackingUrl:{link_id}}}" for link_id in sorted(unknown)),
                )
            )
        if letter.placeholders.has_opt_out and self._is_informational():
            raise UserError(
                self.env._(
                    "An informational email has no opt-out link. Remove it from the body: "
                    "the placeholder, or the link “Unsubscribe” in the footer."
                )
            )

    def _check_spelling(self, letter):
        """Raise when something looks like a placeholder, and would be read by the recipients."""
        if wrong := misspelt(letter.subject):
            raise UserError(
                self.env._("The subject uses %s, but links have their place in the body.", wrong)
            )
        if wrong := misspelt(letter.html):
            raise UserError(
                self.env._(
                    "%s is not understood. Write {trackingUrl:ID} with the number of a tracking "
                    "URL, {optOutUrl} or {optOutLink}, without blanks.",
                    wrong,
                )
            )
        # the editor encodes braces in the address of a link
        if unfilled := UNFILLED.search(unquote(FILLED_ATTRIBUTE.sub("", letter.html))):
            raise UserError(
                self.env._(
                    "%s would be sent as it is written: it is filled in in the subject and the "
                    "preview only. Insert the field into the body by typing “/”.",
                    unfilled[0],
                )
            )

    def _check_filled_in(self, letter):
        """Raise when the letter cannot be filled in for one of those who shall get it."""
        contact = self.env["mailing.contact"].search(
            [("list_ids", "in", self.contact_list_ids.ids)], limit=1
        )
        letter.render(contact)
