import re
from pathlib import Path
from unittest import TestCase

import polib

I18N = Path(__file__).parents[1] / "i18n"
PLACEHOLDER = re.compile(r"%\(\w+\)s|%s|%%|%\.\df|\{\w+(?::ID)?\}|</?\w+")


class TestTranslations(TestCase):
    def test_russian_is_complete(self):
        template = polib.pofile(str(I18N / "mass_mailing_campaign.pot"))
        russian = {entry.msgid: entry.msgstr for entry in polib.pofile(str(I18N / "ru.po"))}
        missing = [entry.msgid for entry in template if not russian.get(entry.msgid)]
        self.assertFalse(missing)

    def test_russian_keeps_every_placeholder(self):
        def placeholders(text):
            return sorted(PLACEHOLDER.findall(text))

        broken = [
            entry.msgid
            for entry in polib.pofile(str(I18N / "ru.po"))
            if entry.msgstr and placeholders(entry.msgid) != placeholders(entry.msgstr)
        ]
        self.assertFalse(broken)
