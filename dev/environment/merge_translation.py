"""Give a translation the terms of a template, and fail while it misses some."""

import sys
from datetime import UTC, datetime

import polib

# What is no demo data: code, and what Odoo itself shows.
OURS = ("addons", "code:", "model:ir.", "model_terms:ir.", "model:res.groups", "odoo-javascript")


def merge(template, translation):
    terms = polib.pofile(template)
    known = {entry.msgid: entry.msgstr for entry in polib.pofile(translation)}
    for entry in terms:
        entry.msgstr = known.get(entry.msgid, "")
    terms.metadata = polib.pofile(translation).metadata
    terms.header = polib.pofile(translation).header
    terms.save(translation)
    return [entry.msgid for entry in terms if not entry.msgstr]


def tidy(template):
    """Leave out demo data, and the times that would make every export a change."""
    terms = polib.pofile(template)
    for entry in [*terms]:
        places = [place for place, _line in entry.occurrences]
        if not any(place.startswith(OURS) for place in places):
            terms.remove(entry)
    for name in ("POT-Creation-Date", "PO-Revision-Date"):
        terms.metadata[name] = f"{datetime.now(UTC):%Y-%m-%d} 00:00+0000"
    terms.save(template)


if __name__ == "__main__":
    tidy(sys.argv[1])
    missing = merge(*sys.argv[1:])
    print(*missing, sep="\n")
    sys.exit(bool(missing))
