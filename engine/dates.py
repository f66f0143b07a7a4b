import datetime
from functools import lru_cache

_HELPERS = ("format_date", "format_datetime")
# Values that are written in one way only: dates with a time zone are equal in different ones.
_PLAIN = (str, bool, type(None), datetime.date)
# How many are kept.
_MOST = 1000


def written_once(variables):
    """Return an evaluation context that writes equal dates once, whoever reads them.

    :param variables: Odoo's, for one language; to be used for some contacts, then forgotten
    """
    once = {name: _once(variables[name]) for name in _HELPERS if name in variables}
    return {**variables, **once}


def _once(helper):
    known = lru_cache(_MOST, typed=True)(helper)

    def write(*values, **options):
        is_plain = all(map(_is_plain, (*values, *options.values())))
        return (known if is_plain else helper)(*values, **options)

    return write


def _is_plain(value):
    is_naive = type(value) is datetime.datetime and value.tzinfo is None
    return is_naive or type(value) in _PLAIN
