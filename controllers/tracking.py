import base64
import logging

from werkzeug.exceptions import NotFound

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

_logger = logging.getLogger(__name__)

# A transparent GIF of one pixel.
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


class TrackingController(http.Controller):
    """What a recipient's mail program fetches: open pixel, tracking URLs, the letter as a page.

    Every URL holds the recipient's token. An unknown, forged or truncated one gets the same
    answer as a good one, and nothing is logged.
    """

    @http.route("/mailing/open/<string:token>.gif", type="http", auth="public", save_session=False)
    def open(self, token):
        self._trace_to_log(token)._receive_open()
        headers = [("Content-Type", "image/gif"), ("Cache-Control", "no-store")]
        return request.make_response(PIXEL, headers)

    @http.route(
        "/mailing/click/<string:code>/<string:token>",
        type="http",
        auth="public",
        save_session=False,
    )
    def click(self, code, token):
        url = request.env["link.tracker"].sudo().get_url_from_code(code)
        if not url:
            raise NotFound
        trace = self._trace_to_log(token)
        if trace:
            trace._receive_click(
                code,
                ip=request.httprequest.remote_addr,
                country_code=request.geoip.country_code,
            )
        return request.redirect(url, code=302, local=False)

    @http.route("/mailing/view/<string:token>", type="http", auth="public", save_session=False)
    def view(self, token):
        trace = request.env["mailing.trace"].sudo()._from_token(token)
        mailing = trace.mass_mailing_id or trace.test_mailing_id
        if not mailing or not trace.contact_id:
            raise NotFound
        headers = [("Content-Type", "text/html; charset=utf-8"), ("X-Robots-Tag", "noindex")]
        return request.make_response(self._page(mailing, trace), headers)

    @staticmethod
    def _page(mailing, trace):
        try:
            letter = mailing._letter()
            body = letter.render_body(letter.html, trace.contact_id.ids)[trace.contact_id.id]
        except UserError:
            # why is no recipient's business
            _logger.warning("Message %s cannot be shown as a page", trace.id, exc_info=True)
            raise NotFound from None
        return letter.personalise(letter.page(body), trace.token)

    @staticmethod
    def _trace_to_log(token):
        """The message to log for; none for a robot, or when only the header is asked for."""
        traces = request.env["mailing.trace"].sudo()
        if request.httprequest.method != "GET" or request.env["ir.http"].is_a_bot():
            return traces
        return traces._from_token(token)
