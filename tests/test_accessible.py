from pathlib import Path

from lxml import etree

from odoo.modules import get_module_path
from odoo.tests import BaseCase

# What says what a thing is to whoever does not see it.
NAMES = ("aria-label", "t-att-aria-label", "t-attf-aria-label", "title", "t-att-title")
LABELLED = "ancestor::label or @id=//label/@for"


class TestAccessible(BaseCase):
    """Our own screens by keyboard and screen reader, as far as their source tells."""

    def elements(self, xpath):
        folder = f"{get_module_path('mass_mailing_campaign')}/static/src"
        for file in sorted(Path(folder).rglob("*.xml")):
            for element in etree.parse(file).xpath(xpath):
                yield f"{file.name}:{element.sourceline}", element

    def test_whatever_can_be_used_has_a_name(self):
        for place, element in self.elements("//button | //input | //select | //iframe | //canvas"):
            is_named = any(name in element.attrib for name in NAMES)
            if not is_named and element.tag == "button":
                # a number alone is no name
                shown = {*element.xpath("descendant-or-self::*/@t-out")}
                words = "".join(element.itertext()).strip()
                is_named = bool(words or {each for each in shown if not each.endswith(".count")})
            elif not is_named:
                is_named = element.xpath(LABELLED)
            self.assertTrue(is_named, place)

    def test_what_is_chosen_is_not_told_by_its_looks_alone(self):
        chosen = "//button[contains(@t-att-class, 'active') or contains(@t-att-class, '===')]"
        for place, element in self.elements(chosen):
            told = {"t-att-aria-selected", "t-att-aria-pressed"} & {*element.attrib}
            self.assertTrue(told, place)

    def test_a_click_is_for_what_the_keyboard_gets_to(self):
        for place, element in self.elements("//*[@t-on-click]"):
            self.assertIn(element.tag, ("button", "a", "input"), place)
