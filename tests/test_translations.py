from pathlib import Path
from unittest import TestCase

import polib

I18N = Path(__file__).parents[1] / "i18n"


class TestTranslations(TestCase):
    def test_russian_is_complete(self):
        template = polib.pofile(str(I18N / "mass_mailing_campaign.pot"))
        russian = {entry.msgid: entry.msgstr for entry in polib.pofile(str(I18N / "ru.po"))}
        missing = [entry.msgid for entry in template if not russian.get(entry.msgid)]
        self.assertFalse(missing)
