from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import formatLang

# Messages that may lose their mass email or campaign in one request: a million take minutes, and
# Odoo ends a request after two.
MOST_DETACHED = 200_000


class MailingTrace(models.Model):
    """Messages of mass emails and campaigns that are deleted."""

    _inherit = "mailing.trace"

    @api.model
    def _check_may_be_detached(self, domain):
        """Have users archive what has more messages than can be detached."""
        if self.env.su:
            return
        messages = Domain("token", "!=", False) & Domain(domain)
        count = self.sudo().search_count(messages, limit=MOST_DETACHED + 1)
        if count > MOST_DETACHED:
            raise UserError(
                self.env._(
                    "More than %(count)s messages hang on it, too many to be deleted at once. "
                    "Archive it instead (Actions > Archive).",
                    count=formatLang(self.env, MOST_DETACHED, digits=0),
                )
            )
