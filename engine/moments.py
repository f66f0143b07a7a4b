from datetime import timedelta

import pytz

from odoo import fields
from odoo.tools import format_date, format_time


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


def _day_and_clock(env, moment):
    """Return the day in words, empty for today, and the time."""
    local = pytz.utc.localize(moment).astimezone(env.tz)
    today = pytz.utc.localize(fields.Datetime.now()).astimezone(env.tz).date()
    clock = format_time(env, local.time(), time_format="short")
    if local.date() == today:
        return "", clock
    if local.date() == today + timedelta(days=1):
        return env._("tomorrow"), clock
    pattern = "EEEE, d MMMM" if local.year == today.year else "d MMMM y"
    return format_date(env, local.date(), date_format=pattern), clock
