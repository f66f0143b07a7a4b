from odoo.http import request

# No page for recipients is kept, found by a search engine, or told to another site by a link; none
# needs a script, and none can be put into another site's frame. Images of a letter or of a message
# may be anywhere.
HEADERS = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; img-src * data:; style-src 'unsafe-inline';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}
HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
# Letters on a button are readable from this contrast on (WCAG 2.2, 1.4.3).
READABLE = 4.5


def public_answer(content, content_type, headers=(), status=200):
    """Answer with what is for recipients, or their programs, and for nobody else."""
    headers = [("Content-Type", content_type), *headers, *HEADERS.items()]
    return request.make_response(content, headers, status=status)


def public_page(template, values, company, lang, status=200):
    """Answer with a page for recipients, in a company's look and without a script.

    It stands by itself: nothing of it is made from the website's layout, whose menus and bundles
    a recipient waits for and does not need.

    :param template: a QWeb template that calls ``mass_mailing_campaign.public_layout``
    :param lang: code of an installed language
    """
    button, text = _button_colors(company)
    tag = lang.partition("@")[0].replace("_", "-")
    page = (
        request.env["ir.qweb"]
        .with_context(lang=lang)
        ._render(
            template,
            {
                "company": company,
                "lang": tag,
                "direction": _direction(template, lang),
                "button_color": button,
                "text_color": text,
                **values,
            },
            minimal_qcontext=True,
        )
    )
    headers = [("Content-Language", tag)]
    return public_answer(f"<!DOCTYPE html>\n{page}", HTML, headers, status)


def _direction(template, lang):
    """Return the direction of what a page says: in English, unless it is translated."""
    direction = request.env["res.lang"]._get_data(code=lang).direction
    if direction == "ltr":
        return direction
    view = request.env.ref(template).sudo()
    in_english = view.with_context(lang="en_US").arch_db
    return "ltr" if view.with_context(lang=lang).arch_db == in_english else direction


def neutral_page():
    """Answer a URL that is incomplete or forged, or leads to what is not for its reader."""
    company = request.env.company.sudo()
    return public_page("mass_mailing_campaign.neutral_page", {}, company, reader_lang(), status=404)


def look(trace):
    """Return the language of the recipient of a message, and the company that sent it."""
    contact, user = trace.contact_id, trace._mass_email().user_id or trace.campaign_id.user_id
    lang = contact.partner_id.lang or contact.user_id.lang or contact.lead_id.lang_id.code
    # a field of modules that may not be installed
    campaign = trace.campaign_id
    company = campaign["company_id"] if "company_id" in campaign._fields else user.company_id
    return reader_lang(lang, user.lang), (company or user.company_id or request.env.company).sudo()


def reader_lang(own=None, fallback=None):
    """Return the code of an installed language: her own, else one that her browser asks for."""
    installed = [code for code, _name in request.env["res.lang"].get_installed()]
    if own in installed:
        return own
    tags = {code: code.partition("@")[0].replace("_", "-") for code in reversed(installed)}
    by_tag = {tag.partition("-")[0]: code for code, tag in tags.items()}
    by_tag |= {tag: code for code, tag in tags.items()}
    asked_for = by_tag.get(request.httprequest.accept_languages.best_match(by_tag))
    return asked_for or fallback or request.env.lang or "en_US"


def _button_colors(company):
    """Return the colours of a company's buttons, and of letters on it that can be read."""
    button = _rgb(company.email_secondary_color) or (0x4A, 0x4A, 0x4A)
    letters = [_rgb(company.email_primary_color), (255, 255, 255), (0, 0, 0)]
    readable = (each for each in letters if each and _contrast(button, each) >= READABLE)
    return tuple("#{:02x}{:02x}{:02x}".format(*color) for color in (button, next(readable)))


def _rgb(color):
    """Return the three values of a colour written as ``#rrggbb``; None for anything else."""
    try:
        return tuple(bytes.fromhex((color or "").removeprefix("#"))) if len(color) == 7 else None
    except (TypeError, ValueError):
        return None


def _contrast(*colors):
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted(map(_luminance, colors))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color):
    channels = (value / 255 for value in color)
    linear = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return sum(
        weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )
