import logging

from odoo import api, fields, models
from odoo.tools import SQL, format_date

_logger = logging.getLogger(__name__)


class MailingMailing(models.Model):
    """The name of a mass email, by which colleagues find it, and its subject as it is read.

    A standard mailing is called by its subject, as in Odoo.
    """

    _inherit = "mailing.mailing"
    _rec_names_search = ["subject", "name"]

    # ------------------------------------------------------------
    # Name
    # ------------------------------------------------------------

    @api.depends("delivery_mode", "name", "subject")
    def _compute_display_name(self):
        mass_emails = self._mass_emails()
        for mailing in mass_emails:
            mailing.display_name = mailing.name or mailing.subject
        return super(MailingMailing, self - mass_emails)._compute_display_name()

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if "name" in fields and values.get("delivery_mode") == "portions":
            campaign = self.env["utm.campaign"].browse(values.get("campaign_id"))
            values["name"] = self._default_name(campaign)
        return values

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("delivery_mode") == "portions" and not vals.get("name"):
                campaign = self.env["utm.campaign"].browse(vals.get("campaign_id"))
                vals["name"] = self._default_name(campaign)
        return super().create(vals_list)

    def write(self, vals):
        # Odoo makes the name of the subject
        if "subject" in vals and "name" not in vals and len(self) == 1 and self._mass_emails():
            vals = {**vals, "name": self.name}
        return super().write(vals)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for mailing, vals in zip(self, vals_list, strict=True):
            if mailing.delivery_mode == "portions" and "name" not in (default or {}):
                vals["name"] = mailing._default_name(mailing.campaign_id)
        return vals_list

    @api.onchange("campaign_id")
    def _onchange_campaign_id(self):
        is_new = self.delivery_mode == "portions" and not self._origin
        if is_new and self.name in (False, self._default_name(self.env["utm.campaign"])):
            self.name = self._default_name(self.campaign_id)

    @api.model
    def _default_name(self, campaign):
        """Campaign and day; where there is one of that name already, a number comes behind."""
        today = format_date(self.env, fields.Date.context_today(self))
        name = campaign.sudo().title or self.env._("Mass Email")
        return self.env["utm.mixin"]._get_unique_names("utm.source", [f"{name} {today}"])[0]

    # ------------------------------------------------------------
    # Subject and preview text
    # ------------------------------------------------------------

    def _sample(self, name):
        """Return subject or preview text as a member reads it; False when all read the same.

        No field: see ``get_progress``.

        :param name: ``subject`` or ``preview``
        """
        self.ensure_one()
        if "{{" not in (self[name] or "") or not (contact := self._sample_contact()):
            return False
        return self._text_for(contact, self[name])

    def _sample_contact(self):
        """Return a member of its target lists, or where there is none, somebody it went to.

        Raw SQL: one look at an index, as screens ask again and again. Nothing but that of the lists
        has their order; for any other, members of all lists would be read until one fits.
        """
        self.env["mailing.subscription"].flush_model(["list_id", "contact_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT member.contact_id FROM unnest(%s::int[]) each
                 CROSS JOIN LATERAL (
                    SELECT contact_id FROM mailing_subscription
                     WHERE list_id BETWEEN each AND each
                     ORDER BY list_id LIMIT 1
                 ) member
                 LIMIT 1
                """,
                self.contact_list_ids.ids,
            )
        )
        if rows:
            return self.env["mailing.contact"].sudo().browse(rows[0])
        of_this = [("mass_mailing_id", "=", self.id), ("contact_id", "!=", False)]
        return self.env["mailing.trace"].sudo().search(of_this, limit=1).contact_id

    def _text_for(self, contact, text):
        """Return a text with fields for a contact; as it is written where that does not work."""
        self.ensure_one()
        try:
            return self._render_template_inline_template(text, contact._name, contact.ids)[
                contact.id
            ]
        except Exception:
            # it may be anything while it is being typed
            _logger.debug("Subject or preview of mass email %s", self.id, exc_info=True)
            return text
