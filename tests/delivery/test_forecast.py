from datetime import datetime, timedelta
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.forecast import Gate, done_at
from odoo.addons.mass_mailing_campaign.delivery.portion import Portion

START = datetime(2026, 3, 2, 8)
MINUTE = timedelta(minutes=1)
DAYS = timedelta(days=3)

minutes = st.integers(1, 120).map(lambda count: count * MINUTE)
gates = st.lists(
    st.builds(
        Gate,
        st.builds(Portion, st.integers(1, 6), minutes),
        st.lists(
            st.tuples(st.integers(0, 119).map(lambda ago: START - ago * MINUTE), st.integers(1, 4)),
            max_size=4,
        ),
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def hours(draw):
    """Times of opening, in minutes, one after the other."""
    moment, spans = START, []
    for _span in range(draw(st.integers(0, 4))):
        start = moment + draw(st.integers(0, 200)) * MINUTE
        moment = start + draw(minutes)
        spans.append((start, moment))
    return spans


def simulated(count, gates, hours):
    """Minute by minute, as a clock would have it."""
    gone = [list(gate.gone) for gate in gates]
    for start, stop in hours:
        moment = start
        while moment < stop:
            left = [
                gate.portion.left(sum(n for when, n in sent if when > moment - gate.portion.window))
                for gate, sent in zip(gates, gone, strict=True)
            ]
            going = min([count, *left])
            count -= going
            if not count:
                return moment
            for sent in gone:
                sent.append((moment, going))
            moment += MINUTE
    return None


class TestForecast(TestCase):
    @given(st.integers(1, 40), gates, hours())
    def test_it_says_what_a_clock_would(self, count, gates, hours):
        self.assertEqual(done_at(count, gates, hours), simulated(count, gates, hours))

    @given(st.integers(1, 10**6), st.integers(1, 10**6))
    def test_it_comes_to_an_end_whatever_the_numbers(self, count, size):
        end = START + timedelta(days=28)
        done = done_at(count, [Gate(Portion(size))], [(START, end)])
        if done:
            self.assertEqual((done - START) // Portion(size).window, (count - 1) // size)
        else:
            self.assertGreaterEqual(START + (count - 1) // size * Portion(size).window, end)

    def test_what_fits_leaves_at_once(self):
        day = [(START, START + DAYS)]
        self.assertEqual(done_at(1000, [Gate(Portion(1000))], day), START)
        one_taken = Gate(Portion(1000), [(START - 10 * MINUTE, 1)])
        self.assertEqual(
            done_at(1000, [one_taken], day), one_taken.portion.frees_at(one_taken.gone[0][0])
        )

    def test_the_order_in_which_others_left_does_not_matter(self):
        gone = [(START - 10 * MINUTE, 1), (START - 50 * MINUTE, 1)]
        gate = Gate(Portion(2), gone)
        day = [(START, START + DAYS)]
        self.assertEqual(done_at(1, [gate], day), gate.portion.frees_at(gone[1][0]))

    def test_where_nothing_may_leave_it_is_never_done(self):
        self.assertIsNone(done_at(1, [Gate(Portion(5))], []))
