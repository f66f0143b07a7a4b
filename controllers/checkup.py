from odoo import http
from odoo.http import request
from odoo.tools import config, consteq

from ..delivery.token import is_token
from ..models.checkup.public_address import PROXY_IGNORED_HEADER
from .public_page import TEXT, public_answer, public_page, reader_lang


class CheckupController(http.Controller):
    """By this a server finds out whether it is itself that answers at its public address."""

    @http.route(
        "/mailing/check-up/<string:nonce>",
        type="http",
        auth="public",
        sitemap=False,
        methods=["GET"],
        save_session=False,
    )
    def check_up(self, nonce):
        answer = ""
        if is_token(nonce):
            answer = request.env["ir.config_parameter"].sudo()._checkup_answer(nonce)
        is_ignored = is_proxy_ignored(request.httprequest.headers)
        return public_answer(answer, TEXT, [(PROXY_IGNORED_HEADER, "1")] if is_ignored else ())


def is_proxy_ignored(headers):
    """Tell whether a proxy says who asks, and Odoo goes by the proxy itself all the same."""
    is_believed = config["proxy_mode"] and headers.get("X-Forwarded-Host")
    return bool(headers.get("X-Forwarded-For")) and not is_believed


def is_checkup(token):
    """Tell whether a token is the one of the check-up, which is nobody's."""
    expected = request.env["ir.config_parameter"].sudo()._checkup_token()
    return token.isascii() and consteq(token, expected)


def checkup_page(is_one_click):
    """Answer the check-up of opt-out links: as a page, or as a mail program is answered."""
    words = request.env._("Opt-out links work here. This one is nobody's.")
    if is_one_click:
        return public_answer(words, TEXT)
    company = request.env.company.sudo()
    values = {"title": request.env._("Delivery Check-Up"), "message": words}
    return public_page("mass_mailing_campaign.message_page", values, company, reader_lang())
