import re
from pathlib import Path

from odoo.tests import BaseCase

ADDON = Path(__file__).resolve().parents[1]


class TestGuide(BaseCase):
    def test_no_step_takes_more_clicks_than_in_espocrm(self):
        counted = (ADDON / "static/tests/tours/guide_clicks.js").read_text()
        ours = {
            name: int(count)
            for name, count in re.findall(r'^ {4}"?([a-z ]+)"?: (\d+),', counted, re.M)
        }
        guide = ADDON / "doc/guide.md"
        if not guide.exists():
            self.skipTest("a wheel has no guide")
        rows = re.findall(r"^\| ([a-z ]+) \| (\d+) \| (\d+) \|", guide.read_text(), re.M)
        self.assertEqual({name: int(count) for name, count, _theirs in rows}, ours)
        for name, count, theirs in rows:
            with self.subTest(name):
                self.assertLessEqual(int(count), int(theirs))
