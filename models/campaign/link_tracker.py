import contextlib
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.mail import is_html_empty, validate_url

# Those that Odoo leaves as they are; it writes http:// before anything else.
SCHEMES = ("http", "https", "ftp", "ftps")


class LinkTracker(models.Model):
    """A tracking URL is a link tracker with a name, owned by a campaign.

    It is written into a body as ``{trackingUrl:ID}``; the clicks of every recipient are logged.
    It leads on to its URL, or shows a message on a page of ours; its URL is our own server then.
    Once deleted it is off its campaign, and no new letter can have it; those that are delivered
    have it, so it is kept and leads on.
    """

    _inherit = "link.tracker"
    # Odoo's own name of it, the short URL, cannot be searched
    _rec_names_search = ["title", "url"]

    is_tracking_url = fields.Boolean("Tracking URL")
    active = fields.Boolean(default=True, readonly=True)
    click_action = fields.Selection(
        [("redirect", "Redirect"), ("message", "Show Message")],
        "Action",
        default="redirect",
        required=True,
        help="What who clicks comes to: the page at the URL, or a page with your message.",
    )
    message = fields.Html(
        translate=True, sanitize_overridable=False, help="Shown in the recipient's language."
    )
    placeholder = fields.Char("Code to Insert Instead of the URL", compute="_compute_placeholder")

    @api.depends("is_tracking_url")
    def _compute_placeholder(self):
        for link in self:
            tracking_url = link.is_tracking_url and link._origin.id
            link.placeholder = f"{{trackingUrl:{link._origin.id}}}" if tracking_url else False

    @api.depends("title", "is_tracking_url")
    def _compute_display_name(self):
        named = self.filtered(lambda link: link.is_tracking_url and link.title)
        for link in named:
            link.display_name = link.title
        return super(LinkTracker, self - named)._compute_display_name()

    @api.model_create_multi
    def create(self, vals_list):
        default = self.env.context.get("default_is_tracking_url", False)
        for vals in vals_list:
            if vals.get("is_tracking_url", default):
                if not vals.get("title"):
                    # Odoo would fetch the page to find a title
                    raise ValidationError(self.env._("A tracking URL needs a name."))
                # two names may lead to one URL: the label is part of what must be unique
                vals["label"] = vals["title"]
                if vals.get("click_action") == "message" and not vals.get("url"):
                    vals["url"] = self.env["ir.config_parameter"]._public_url()
                if vals.get("url"):
                    vals["url"] = self._completed_url(vals["url"])
        return super().create(vals_list)

    def copy_data(self, default=None):
        """A campaign has each name once for an URL."""
        copies = super().copy_data(default)
        if "title" not in (default or {}):
            for link, vals in zip(self, copies, strict=True):
                if link.is_tracking_url:
                    vals["title"] = self.env._("%s (copy)", link.title)
        return copies

    def write(self, vals):
        tracking_urls = self.filtered("is_tracking_url")
        own_vals = dict(vals)
        if vals.get("title"):
            own_vals["label"] = vals["title"]
        if vals.get("url"):
            own_vals["url"] = self._completed_url(vals["url"])
        super(LinkTracker, tracking_urls).write(own_vals)
        return super(LinkTracker, self - tracking_urls).write(vals)

    def unlink(self):
        tracking_urls = self.filtered("is_tracking_url")
        tracking_urls.check_access("unlink")
        tracking_urls.sudo().active = False
        return super(LinkTracker, self - tracking_urls).unlink()

    @api.constrains("is_tracking_url", "url")
    def _check_tracking_url(self):
        for link in self.filtered("is_tracking_url"):
            if not link._leads_to_page():
                raise self._no_page(link.url)

    def _leads_to_page(self):
        """Whether its URL can be one: mailto:, tel: and the like are a user or a port behind the
        http:// that Odoo writes before them.
        """
        url = urlsplit(self.url)
        host = (url.hostname or "").rstrip(".")
        with contextlib.suppress(ValueError):  # a port that is no number
            return (
                url.scheme in SCHEMES
                and url.username is None
                and url.port != 0
                and all(host.split("."))
                and len(host.split()) == 1
                and self.url.isprintable()
                and not {*"{}"} & {*self.url}
            )
        return False

    def _completed_url(self, url):
        """Return it with a scheme, as Odoo writes it; what it stumbles over is no address."""
        try:
            return validate_url(url)
        except ValueError:
            raise self._no_page(url) from None

    def _no_page(self, url):
        return ValidationError(
            self.env._(
                "“%s” is not the address of a page. Write it like https://www.example.com/offer.",
                url,
            )
        )

    @api.constrains("is_tracking_url", "click_action", "message")
    def _check_message(self):
        for link in self.filtered("is_tracking_url"):
            if link.click_action == "message" and is_html_empty(link.message):
                raise ValidationError(
                    self.env._("Write the message that “%s” shall show.", link.title)
                )

    @api.constrains("is_tracking_url", "campaign_id")
    def _check_tracking_url_campaign(self):
        for link in self.filtered("is_tracking_url"):
            if link.campaign_id and not link.campaign_id.sends_mass_emails:
                raise ValidationError(
                    self.env._("Only campaigns that send e-mail have tracking URLs.")
                )
