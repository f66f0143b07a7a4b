from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request


class OptOutController(http.Controller):
    """The page behind a recipient's opt-out link.

    Mail scanners follow every link, so a GET only shows the page. One POST opts out: from the
    page's button, or by a mail program's one click (RFC 8058), which knows no cookie and no
    CSRF token; the token in the URL is the permission.
    """

    @http.route(
        "/mailing/opt-out/<string:token>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["GET", "POST"],
        csrf=False,
        save_session=False,
    )
    def opt_out(self, token, action="opt_out", **_post):
        trace = request.env["mailing.trace"].sudo()._from_token(token)
        if not trace:
            raise NotFound
        if request.httprequest.method == "POST":
            if action == "opt_in":
                trace._receive_opt_in()
            else:
                trace._receive_opt_out()
        return request.render(
            "mass_mailing_campaign.opt_out_page",
            {
                "url": trace._opt_out_url(token),
                "opted_out": trace._is_opted_out(),
                "can_opt_in": trace._can_opt_in(),
            },
        )
