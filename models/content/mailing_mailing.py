import re

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tools import SQL
from odoo.tools.rendering_tools import parse_inline_template

from ...engine.letter import Letter

# As Odoo's themes wrap a letter: blocks can be dropped into this only, beside one that is there.
DESIGN = Markup("""
<div data-name="Mailing" class="o_layout oe_unremovable oe_unmovable o_empty_theme">
    <div class="container o_mail_wrapper o_mail_regular oe_unremovable">
        <div class="row mw-100 mx-0">
            <div class="col o_mail_no_options o_mail_wrapper_td bg-white oe_structure">
                <section class="s_text_block o_mail_snippet_general pt24 pb24"
                         style="padding-left: 15px; padding-right: 15px;"
                         data-snippet="s_text_block" data-name="Text">
                    <div class="container s_allow_columns">%s</div>
                </section>
            </div>
        </div>
    </div>
</div>
""")


# What Odoo's renderer fills in: not everybody may write every expression there.
FILLED_IN = {"subject", "preview", "body_arch", "body_html", "lang", "email_from", "reply_to"}
SHOWN = re.compile(r'\bt-out="([^"]*)"')


class Untouched(frozenset):
    """Ids of mass emails of which something else is written; in a context no request can say so."""


class MailingMailing(models.Model):
    """What a mass email says: its template, its files, its letter."""

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
    body_editor = fields.Selection(
        [("simple", "Simple Editor"), ("designer", "Designer")],
        "Editor",
        default="simple",
        required=True,
        help="The designer builds a letter of blocks by drag and drop; the simple editor writes it "
        "as an email.",
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
            editors = {vals.get("body_editor")} - {None} or set(self.mapped("body_editor"))
            if "designer" not in editors:
                self._use_simple_body(vals)
            untouched = Untouched(self.ids if FILLED_IN.isdisjoint(vals) else ())
            self = self.with_context(untouched_letters=untouched)
        template_id = vals.get("mail_template_id")
        changed = self.filtered(lambda mailing: mailing.mail_template_id.id != template_id)
        result = super().write(vals)
        if template_id:
            for mailing in changed:
                mailing._take_template_attachments()
        return result

    def _check_access_right_dynamic_template(self):
        """Whoever may not write an expression may pause, plan and archive a letter that has it."""
        untouched = self.env.context.get("untouched_letters")
        if isinstance(untouched, Untouched):
            self = self.filtered(lambda mailing: mailing.id not in untouched)
        try:
            return super()._check_access_right_dynamic_template()
        except AccessError as error:
            for mailing in self._mass_emails():
                if expression := mailing._forbidden_expression():
                    raise AccessError(mailing._why_forbidden(expression)) from error
            raise

    def _forbidden_expression(self):
        """Return a field, as a slip of the pen, that not everybody may write; None of another."""
        lines = [self.subject or "", self.preview or ""]
        written = [each for line in lines for _text, each, _default in parse_inline_template(line)]
        written += SHOWN.findall(self.body_arch or "")
        is_allowed = self.env["ir.qweb"]._is_expression_allowed
        forbidden = (each for each in written if each and not is_allowed(each, "mailing.contact"))
        return next(forbidden, None)

    def _why_forbidden(self, expression):
        return self.env._(
            "“%(expression)s” is not a field that you may write in a letter. Type “/” to choose "
            "one; others are for members of the group “%(group)s”.",
            expression=expression,
            group=self.env.ref("mail.group_mail_template_editor").sudo().name,
        )

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
        """A body written in the simple editor is sent as it was written.

        The designer has its own: what is edited, and what is sent, with all styles inlined.
        """
        if "body_arch" in vals:
            is_designed = vals.get("body_editor") == "designer"
            vals["body_html"] = (is_designed and vals.get("body_html")) or vals["body_arch"]

    @api.model
    def _template_content(self, template):
        if not template:
            return {}
        return {"subject": template.subject, "body_arch": template.body_html}

    @api.onchange("mail_template_id")
    def _onchange_mail_template_id(self):
        content = self._template_content(self.mail_template_id)
        self.update(content)
        if content and self.body_editor == "designer":
            self.body_html = self.body_arch
            self._make_design()

    @api.onchange("body_editor")
    def _onchange_body_editor(self):
        """The simple editor goes on with what the designer made for sending."""
        if self.body_editor == "simple" and self.body_html:
            self.body_arch = self.body_html
        elif self.body_editor == "designer":
            self._make_design()

    def _make_design(self):
        """Let blocks be dropped beside what the simple editor wrote."""
        if self.body_arch and "o_layout" not in self.body_arch:
            self.body_arch = DESIGN % self.body_arch

    def action_save_as_template(self):
        """Open the wizard that keeps this letter as an email template."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Save as Template"),
            "res_model": "mailing.save.template",
            "view_mode": "form",
            "target": "new",
            "context": {"default_mailing_id": self.id},
        }

    def action_preview(self):
        """Show this letter as a recipient would get it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview"),
            "res_model": "mailing.preview",
            "view_mode": "form",
            "target": "new",
            "context": {"default_mailing_id": self.id, "dialog_size": "extra-large"},
        }

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

    def _tells_openings(self):
        """Tell whether the open pixel is in its letter; then a click is an opening, too."""
        return self.open_tracking and not self._is_informational()

    @api.model
    def _tells_openings_sql(self, mailing):
        """SQL condition: ``_tells_openings`` of a mass email.

        :param SQL mailing: name of its row
        """
        return SQL(
            """(%(mailing)s.open_tracking IS TRUE AND NOT EXISTS (
                SELECT FROM utm_campaign
                 WHERE id = %(mailing)s.campaign_id AND campaign_type = 'informational'))""",
            mailing=mailing,
        )

    def _is_opt_out_mandatory(self):
        is_optional = self.env["ir.config_parameter"]._mass_email_setting("opt_out_optional")
        return not is_optional and not self._is_informational()

    def _letter(self):
        """Prepare the letter as the responsible user would read it.

        :raise UserError: a placeholder does not fit the campaign, or an attachment is no file
        """
        letter = self._unchecked_letter()
        self._refuse(
            [*self._placeholder_findings(letter, letter.links), *self._attachment_findings()]
        )
        return letter

    def _unchecked_letter(self):
        self.ensure_one()
        user = self.user_id or self.env.user
        mailing = self
        if self.env.su:
            # by the cron or for a page, it is hers: fields of ``user`` are not of who looks
            mailing = self.with_user(user).with_company(user.company_id).sudo()
        return Letter(mailing.with_context(**user.with_user(user).context_get()))
