from functools import partial

from odoo import http
from odoo.http import request

from ..engine.turns import again_at_once
from .checkup import checkup_page, is_checkup
from .opt_out_page import OptOutPage
from .public_page import TEXT, neutral_page, public_answer, public_page

# Bytes of a form that are read at most, and letters of an answer in her own words.
LONGEST_FORM, LONGEST_FEEDBACK = 64 * 1024, 1000


class OptOutController(http.Controller):
    """The page behind a recipient's opt-out link.

    Mail scanners follow every link, so a GET only shows the page. One POST opts out: from the
    page's buttons, or by a mail program's one click (RFC 8058), which knows no cookie and no
    CSRF token; the token in the URL is the permission. An unknown, forged or truncated one gets
    the same answer as that of a letter without an opt-out.
    """

    @http.route(
        "/mailing/opt-out/<string:token>",
        type="http",
        auth="public",
        sitemap=False,
        methods=["GET", "POST"],
        csrf=False,
        save_session=False,
        max_content_length=LONGEST_FORM,
    )
    def opt_out(self, token, **_params):
        # nothing in the URL but the token says what to do
        form = request.httprequest.form if request.httprequest.method == "POST" else None
        return again_at_once(request.env, partial(self._answer, token, form))

    def _answer(self, token, form):
        trace = request.env["mailing.trace"].sudo()._from_token(token)
        if not trace and is_checkup(token):
            return checkup_page(is_one_click=form is not None)
        trace._settle_as_sent()
        if form and form.get("List-Unsubscribe") == "One-Click":
            return self._one_click(trace)
        page = OptOutPage(trace) if trace else None
        if not page or page.scope.is_refused:
            return neutral_page()
        if form is not None:
            self._decide(page, form)
        return public_page(
            "mass_mailing_campaign.opt_out_page", page.values(), page.company, page.lang
        )

    def _one_click(self, trace):
        """Opt out at once; who reads the answer is a program."""
        if not trace or trace._receive_opt_out() is None:
            return neutral_page()
        return public_answer(request.env._("You have been unsubscribed."), TEXT)

    def _decide(self, page, form):
        """Do what a form of the page asks for."""
        action = form.get("action", "opt_out")
        if action == "opt_out":
            page.opt_out()
        elif action == "opt_out_of_all":
            page.opt_out_of_all()
        elif action == "opt_in":
            page.opt_in()
        elif action == "choose":
            page.choose({key: form.get(f"list-{key}") for key in page.choices})
        elif action == "tell_why":
            # PostgreSQL knows no NUL
            feedback = form.get("feedback", "").replace("\0", "").strip()[:LONGEST_FEEDBACK]
            page.tell_why(form.get("reason"), feedback)
