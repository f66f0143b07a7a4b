from collections import namedtuple

# What must be mended first, what is let pass after a look, and what could be better.
ERROR, WARNING, HINT = SEVERITIES = ("error", "warning", "hint")


class Finding(namedtuple("Finding", "severity kind place words remedy")):
    """Something that speaks against sending a mass email as it is.

    :ivar severity: one of ``SEVERITIES``
    :ivar kind: a name for programs and tests
    :ivar place: where it is on the form, in the user's words
    :ivar words: what it is, in the user's words
    :ivar remedy: what to do about it, in the user's words
    """


def some(items, most=3):
    """Name a few of some things, and tell that there are more."""
    items = list(dict.fromkeys(items))
    rest = len(items) - most
    return ", ".join(items[:most]) + (f" … (+{rest})" if rest > 0 else "")
