from datetime import timedelta

import pytz

from odoo import fields
from odoo.tools import babel_locale_parse, format_date, format_time, get_lang


def in_words(env, moment):
    """Return a moment as its reader says it, "tomorrow at 17:40", in her language and time zone.

    :param moment: naive datetime in UTC
    """
    day, clock = _day_and_clock(env, moment)
    return env._("%(day)s at %(time)s", day=day or env._("today"), time=clock)


def until(env, moment):
    """Return a moment as it stands behind "until" or "about": "17:40", "tomorrow 9:00"."""
    day, clock = _day_and_clock(env, moment)
    return env._("%(day)s %(time)s", day=day, time=clock) if day else clock


def _clock(env, time):
    """Return the time as the language has it, by the clock of 12 or 24 hours that is set for it."""
    lang = get_lang(env)
    has_12_hours = "%I" in lang.time_format
    usual = babel_locale_parse(lang.code).time_formats["short"].pattern
    if has_12_hours == ("H" not in usual):
        return format_time(env, time, time_format="short")
    return format_time(env, time, time_format="h:mm a" if has_12_hours else "HH:mm")


def _day_and_clock(env, moment):
    """Return the day in words, empty for today, and the time."""
    local = pytz.utc.localize(moment).astimezone(env.tz)
    today = pytz.utc.localize(fields.Datetime.now()).astimezone(env.tz).date()
    clock = _clock(env, local.time())
    if local.date() == today:
        return "", clock
    if local.date() == today + timedelta(days=1):
        return env._("tomorrow"), clock
    pattern = "EEEE, d MMMM" if local.year == today.year else "d MMMM y"
    return format_date(env, local.date(), date_format=pattern), clock
