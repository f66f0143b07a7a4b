import time

from ..delivery.reply import Outcome
from .beside import Beside

# Results settled together: what comes within a second, unless that is very much.
SETTLE_COUNT = 2000
# With so many that are not settled the sending waits: PostgreSQL is behind.
MOST_UNSETTLED = 5 * SETTLE_COUNT
# Seconds after which results are settled though they are fewer: for whoever watches the progress,
# and for Odoo, that gives up a job that died three times without any.
SETTLE_SECONDS = 1.0


class Results:
    """What a run knows of its messages: begun, known, written down, settled.

    :param run_key: the run in the journal
    """

    def __init__(self, run_key):
        self._run_key = run_key
        self._claim_numbers = {}
        self._unwritten = []
        self._unsettled = []
        self._settling = None
        self._settling_count = 0
        self._settled_ack = 0
        # the first that was taken is settled at once; what was not may be the server's affair
        self._settled_at = None
        self._begun_at = self._told_at = time.monotonic()  # they have seen that it began

    def expect(self, rows):
        """Results of these claimed rows will come."""
        self._claim_numbers |= {row.id: row.claim_number for row in rows}

    def add(self, results):
        """These results are known."""
        self._unwritten += [(self._claim_numbers.pop(result.key), result) for result in results]

    def write_down(self, runs, cr, begun=(), is_over=False):
        """Write what is known to the journal; committed on return.

        :param runs: ``mailing.journal.run`` in the environment of the run
        :param cr: cursor to write with
        :param begun: ids of the messages that go out next
        :param is_over: whether the run has ended
        :return: False when others took the run for dead: nothing more may be sent
        """
        if not (self._unwritten or begun):
            return True
        if not runs.env["mailing.journal.ack"]._acknowledge(
            cr,
            self._run_key,
            self._unwritten,
            is_over,
            [(self._claim_numbers[trace_id], trace_id) for trace_id in begun],
        ):
            return False
        self._unsettled += self._unwritten
        self._unwritten = []
        return True

    def settle(self, runs, mailing):
        """Have what was written down carried over to the messages, when enough came together.

        It goes on beside the sending; what the last one brought is told of here.

        :return: False when the journal has lost the run: nothing more may be sent
        """
        is_known = True
        if self._settling and (
            not self._settling.is_under_way or len(self._unsettled) >= MOST_UNSETTLED
        ):
            is_known = self._take_note(runs, mailing)
        if is_known and not self._settling and self._are_to_be_settled():
            self._settling = Beside(runs.env, self._settle)
            self._settling_count = len(self._unsettled)
            self._settled_at = time.monotonic()
            self._settling.begin()
            if not self._settling.is_under_way:
                is_known = self._take_note(runs, mailing)
        return is_known

    def _are_to_be_settled(self):
        """Tell whether enough results or enough time came together."""
        if not self._unsettled:
            return False
        if self._settled_at is None and self._is_any_sent():
            return True
        seconds = time.monotonic() - (self._settled_at or self._begun_at)
        return len(self._unsettled) >= SETTLE_COUNT or seconds > SETTLE_SECONDS

    def _is_any_sent(self):
        return any(result.outcome is Outcome.SENT for _number, result in self._unsettled)

    def _settle(self, env):
        return env["mailing.journal.ack"]._settle(self._run_key, self._settled_ack)

    def _take_note(self, runs, mailing):
        """Something is settled; committed on return.

        :return: False when the journal has lost the run, and maybe what was to be settled
        """
        settling, self._settling = self._settling, None
        settled_ack = settling.result()
        if settled_ack is None:
            self.write_down_again()
            return False
        self._settled_ack = settled_ack
        del self._unsettled[: self._settling_count]
        if time.monotonic() - self._told_at > SETTLE_SECONDS:
            mailing._tell_progress()  # committed with the progress of the job
            self._told_at = time.monotonic()
        runs.env["ir.cron"]._commit_progress(self._settling_count)
        return True

    def end(self, runs, mailing):
        """Settle what is left, and end the run in the journal; committed on return."""
        self.write_down(runs, runs.env.cr, is_over=True)
        if self._settling:
            self._settling.wait()  # whatever became of it, all is settled once more
            self._settling = None
        runs._end(self._run_key, self._settled_ack)
        mailing._tell_progress()
        runs.env["ir.cron"]._commit_progress(len(self._unsettled))

    def write_down_again(self):
        """What is not settled is to be written down once more: the journal may have been lost."""
        self._unwritten = self._unsettled + self._unwritten
        self._unsettled = []
