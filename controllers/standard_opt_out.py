from odoo import http
from odoo.addons.mass_mailing.controllers.main import MassMailController
from odoo.http import request


class StandardOptOutController(MassMailController):
    """Odoo's own opt-out page, which opts out who only looks at it."""

    @http.route()
    def mailing_unsubscribe(self, mailing_id, *args, **kwargs):
        """Ask first, where a mass email is meant."""
        mailing = request.env["mailing.mailing"].sudo().browse(mailing_id).exists()
        if mailing.delivery_mode == "portions" and request.httprequest.method != "POST":
            return self.mailing_confirm_unsubscribe(mailing_id, *args, **kwargs)
        return super().mailing_unsubscribe(mailing_id, *args, **kwargs)
