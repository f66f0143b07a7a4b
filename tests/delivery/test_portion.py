from datetime import datetime, timedelta
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.portion import Portion

moments = st.datetimes(datetime(2020, 1, 1), datetime(2020, 1, 1, 6))


class TestPortion(TestCase):
    @given(st.integers(1, 1000), st.integers(0, 2000))
    def test_what_is_left_and_what_is_used_is_the_size(self, size, used):
        left = Portion(size).left(used)
        self.assertGreaterEqual(left, 0)
        self.assertEqual(left, size - used if used < size else 0)

    @given(moments)
    def test_a_slot_is_free_exactly_when_its_window_has_passed(self, taken):
        portion = Portion(1)
        free = portion.frees_at(taken)
        self.assertGreaterEqual(free - taken, timedelta(hours=1))
        self.assertGreaterEqual(portion.window_start(free), taken)
        self.assertLess(portion.window_start(free - timedelta(microseconds=1)), taken)

    @given(st.integers(1, 5), st.lists(moments, max_size=60))
    def test_never_more_than_the_size_in_any_hour(self, size, attempts):
        portion, sent = Portion(size), []
        for now in sorted(attempts):
            stored = [moment.replace(microsecond=0) for moment in sent]
            used = sum(moment > portion.window_start(now) for moment in stored)
            if portion.left(used):
                sent.append(now)
        for moment in sent:
            in_hour = [s for s in sent if moment <= s <= moment + timedelta(hours=1)]
            self.assertLessEqual(len(in_hour), size)
