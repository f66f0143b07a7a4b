import logging
from functools import partial

import psycopg2
from markupsafe import Markup

from odoo import SUPERUSER_ID, http
from odoo.exceptions import UserError
from odoo.http import request

from ..delivery import robots
from ..delivery.token import is_token, token_in
from ..engine.pixel import PIXEL
from ..engine.turns import again_at_once
from .public_page import HEADERS, HTML, look, neutral_page, public_answer, public_page

_logger = logging.getLogger(__name__)


class TrackingController(http.Controller):
    """What a recipient's mail program fetches: open pixel, tracking URLs, the letter as a page.

    Every URL holds the recipient's token. An unknown, forged or truncated one gets the same
    answer as a good one, and nothing is logged; a HEAD logs nothing either.

    Pixel and tracking URLs are fetched by everybody at the same time. They need no user, so none
    is loaded (``auth="none"``), and no session is saved.
    """

    @http.route(
        "/mailing/open/<string:token>.gif",
        type="http",
        auth="none",
        readonly=False,
        methods=["GET"],
        save_session=False,
    )
    def open(self, token):
        request.update_env(user=SUPERUSER_ID)
        self._receive(token)
        return public_answer(PIXEL, "image/gif")

    @http.route(
        "/mailing/click/<string:code>/<string:token>",
        type="http",
        auth="none",
        readonly=False,
        methods=["GET"],
        save_session=False,
    )
    def click(self, code, token):
        request.update_env(user=SUPERUSER_ID)
        try:
            link_id, url = request.env["link.tracker.code"]._destination(code)
        except LookupError:
            return neutral_page()
        trace_id = self._receive(token, link_id)
        if url is None:
            return self._message_page(link_id, trace_id)
        response = request.redirect(url, code=302, local=False)
        response.headers.extend(HEADERS)
        return response

    @http.route(
        "/mailing/view/<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
    )
    def view(self, token):
        trace = request.env["mailing.trace"].sudo()._from_token(token)
        again_at_once(request.env, trace._settle_as_sent)
        mailing = trace._mass_email()
        page = self._page(mailing, trace) if mailing and trace.contact_id else None
        if not page:
            return neutral_page()
        return public_answer(page, HTML)

    @staticmethod
    def _message_page(link_id, trace_id):
        """Show the message of a tracking URL, to the recipient of a message or to anybody."""
        lang, company = look(request.env["mailing.trace"].browse(trace_id))
        link = request.env["link.tracker"].browse(link_id).with_context(lang=lang)
        values = {"title": link.title, "message": link.message}
        return public_page("mass_mailing_campaign.message_page", values, company, lang)

    @staticmethod
    def _page(mailing, trace):
        try:
            letter = mailing._letter()
            [(subject, body)] = letter.render(trace.contact_id).values()
        except UserError:
            # why is no recipient's business
            _logger.warning("Message %s cannot be shown as a page", trace.id, exc_info=True)
            return None
        title = Markup("<head><title>%s</title>") % subject
        page = letter.page(body).replace(Markup("<head>"), title, 1)
        # other than a mail program, a browser does what this says
        page = page.replace("maximum-scale=1.0; user-scalable=no;", "")
        return letter.personalise(page, trace.token)

    @staticmethod
    def _receive(token, link_id=None):
        """Log what was fetched; return the id of the message.

        Whatever is wrong with the log, the recipient gets what she came for.
        """
        http_request, token = request.httprequest, token_in(token)
        if http_request.method != "GET" or not is_token(token):
            return None
        user_agent, ip = http_request.user_agent.string, http_request.remote_addr
        machine = robots.machine(user_agent, ip, http_request.headers, is_click=link_id is not None)
        traces = request.env["mailing.trace"]
        try:
            trace_id, lines = traces._receive_hit_now(
                token,
                link_id,
                made_by="machine" if machine else None,
                user_id=request.session.uid,
                ip=ip,
                user_agent=user_agent,
            )
        except psycopg2.Error:
            _logger.warning("An opening or a click could not be logged", exc_info=True)
            return None
        try:
            # what they write is written here, and once more when it met another's
            again_at_once(traces.env, partial(traces._tell_of_hit, lines))
        except Exception:
            # other modules hear of it there
            traces.env.cr.rollback()
            _logger.exception("An opening or a click was logged, but not told further")
        return trace_id
