import re
from pathlib import Path

import polib
from lxml import etree

from odoo.addons.mass_mailing_campaign.models.settings.ir_config_parameter import PREFIX, SETTINGS
from odoo.tests import BaseCase, TransactionCase

ADDON = Path(__file__).resolve().parents[1]
# What the guides name by Odoo's words: in English, and in Odoo's Russian.
ODOOS = {
    "Campaigns": "Кампании",
    "Configuration": "Конфигурация",
    "Edit": "Редактировать",
    "Email Marketing": "Рекламная рассылка",
    "New": "Новое",
    "Select all": "",
    "Send now": "Отправить сейчас",
    "Settings": "Настройки",
    "Users": "Пользователи",
    "Users & Companies": "Пользователи и компании",
}
TITLES = {"For the administrator", "Для администратора"}
NAMED = re.compile(r"(?<![*\w])\*([^*]+)\*(?!\*)")


def read(name):
    """Return a file of the documentation, without what its readers do not see."""
    return re.sub(r"<!--.*?-->", "", (ADDON / name).read_text(), flags=re.DOTALL)


def named(guide):
    """What a guide names as it stands on the screens: the parts of every way, in small letters."""
    for words in NAMED.findall(read(guide)):
        for part in words.split(">"):
            yield " ".join(part.split()).strip(".:").lower()


class TestGuide(BaseCase):
    def setUp(self):
        super().setUp()
        if not (ADDON / "doc/guide.md").exists():
            self.skipTest("a wheel has no guide")

    def test_no_step_takes_more_clicks_than_in_espocrm(self):
        counted = (ADDON / "static/tests/tours/guide_clicks.js").read_text()
        ours = {
            name: int(count)
            for name, count in re.findall(r'^ {4}"?([a-z ]+)"?: (\d+),', counted, re.M)
        }
        guide = ADDON / "doc/guide.md"
        rows = re.findall(r"^\| ([a-z ]+) \| (\d+) \| (\d+) \|", guide.read_text(), re.M)
        self.assertEqual({name: int(count) for name, count, _theirs in rows}, ours)
        for name, count, theirs in rows:
            with self.subTest(name):
                self.assertLessEqual(int(count), int(theirs))

    def test_it_calls_everything_by_the_name_it_has_on_the_screen(self):
        entries = [
            entry
            for folder in ("i18n", "i18n_extra")
            for entry in polib.pofile(str(ADDON / folder / "ru.po"))
        ]
        shown = {
            "doc/guide.md": {entry.msgid for entry in entries} | {*ODOOS},
            "doc/guide.ru.md": {entry.msgstr for entry in entries} | {*ODOOS.values()},
        }
        for guide, words in shown.items():
            known = {word.rstrip(".…").lower() for word in words | TITLES}
            self.assertFalse({*named(guide)} - known, guide)

    def test_every_link_leads_somewhere(self):
        files = ["README.md", "doc/guide.md", "doc/guide.ru.md", "doc/administration.md"]
        for name in [file for file in files if (ADDON / file).exists()]:
            for link in re.findall(r"\]\(([^)#]+)", read(name)):
                self.assertTrue((ADDON / name).parent.joinpath(link).exists(), f"{name}: {link}")


class TestAdministration(TransactionCase):
    def test_every_setting_is_told_by_its_name_with_its_default(self):
        if not (ADDON / "doc/administration.md").exists():
            self.skipTest("a wheel has no documentation")
        rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", read("doc/administration.md"), re.M)
        told = {name: default for name, default in rows if name not in ("setting", "---")}
        settings = {
            name: " in ".join(map(self._default, fields)) for name, fields in self._settings()
        }
        self.assertEqual(told, settings)

    def test_every_setting_is_refused_by_the_name_it_has_on_the_screen(self):
        labels = self.env["res.config.settings"]._fields
        for name, fields in self._settings():
            for field in fields:
                self.assertTrue(labels[field].string.startswith(name), labels[field].string)

    def _settings(self):
        """Each by its name on the screen, with its fields."""
        labels = self.env["res.config.settings"]._fields
        view = etree.parse(ADDON / "views/res_config_settings_views.xml")
        for setting in view.iter("setting"):
            if fields := setting.xpath(".//field/@name"):
                yield setting.get("string") or labels[fields[0]].string, fields

    def _default(self, field):
        name = field.removeprefix("mass_email_")
        if name == "opt_out_mandatory":
            return "off" if SETTINGS["opt_out_optional"] else "on"
        self.assertEqual(
            self.env["res.config.settings"]._fields[field].config_parameter, PREFIX + name
        )
        default = SETTINGS[name]
        if isinstance(default, bool):
            return "on" if default else "off"
        return "none" if name in ("calendar_id", "public_url") else str(default)
