from odoo import api, models
from odoo.tools.misc import hmac


class IrConfigParameter(models.Model):
    """What only this database can answer, so that it knows itself at its public address."""

    _inherit = "ir.config_parameter"

    @api.model
    def _checkup_answer(self, nonce):
        """Return the answer that proves that it is given by this database."""
        return hmac(self.sudo().env, "mass_mailing_campaign.checkup", nonce)

    @api.model
    def _checkup_token(self):
        """Return the token of an opt-out link that opts out nobody."""
        return hmac(self.sudo().env, "mass_mailing_campaign.checkup.opt_out", "token")[:32]
