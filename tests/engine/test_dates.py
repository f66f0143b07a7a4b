import datetime
from unittest import TestCase

import pytz

from odoo.addons.mass_mailing_campaign.engine.dates import written_once


class TestDates(TestCase):
    def setUp(self):
        super().setUp()
        self.written = []
        self.variables = {"format_date": self.tell, "user": 1}

    def tell(self, value, pattern=False):
        self.written.append(value)
        return f"{value!r} {pattern}"

    def test_what_is_equal_is_written_once(self):
        variables = written_once(self.variables)
        for _contact in range(3):
            for value in ("2030-02-01", False, datetime.date(2030, 2, 1)):
                self.assertEqual(variables["format_date"](value, "d"), f"{value!r} d")
        self.assertEqual(len(self.written), 3)
        self.assertEqual((variables["user"], self.variables["format_date"]), (1, self.tell))

    def test_what_is_equal_and_written_in_another_way_is_written_so(self):
        moment = pytz.utc.localize(datetime.datetime(2030, 2, 1))
        values = [moment, moment.astimezone(pytz.timezone("Asia/Tokyo")), False, 0, 0.0, -0.0, [1]]
        write = written_once(self.variables)["format_date"]
        for _contact in range(2):
            for value in values:
                self.assertEqual(write(value), f"{value!r} False")
                self.assertEqual(write(value, pattern="d"), f"{value!r} d")
