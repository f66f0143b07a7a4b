# Sending commits on purpose: no transaction is open while SMTP waits.
# pylint: disable=invalid-commit
import itertools
import logging
import time

from ..delivery.pool import Pool
from ..delivery.token import new_token
from ..delivery.transport import Outcome, Result
from . import shutdown
from .limits import Limits

_logger = logging.getLogger(__name__)

# Messages claimed and composed together: large enough that a claim weighs little per message,
# small enough that who opts out is looked at again shortly before she would be mailed.
CHUNK = 500
# Seconds after which results are settled though they are fewer: for whoever watches the progress,
# and for Odoo, that gives up a job that died three times without any.
SETTLE_SECONDS = 1.0
# Seconds between two looks at what may have stopped the sending meanwhile.
LOOK_SECONDS = 0.5
# Seconds that what is on the wire has when a run ends.
WIRE_SECONDS = 30.0
# How often, a second apart, a run tries to reach PostgreSQL again for its last settle.
LAST_TRIES = 20


class Results:
    """What a run knows of its messages: on the wire, known, written down, settled.

    :ivar on_wire: keys of the messages handed to a session whose result is not written down
    """

    def __init__(self, run_key):
        self.on_wire = set()
        self._run_key = run_key
        self._unwritten = []
        self._unsettled = []
        self._settled_ack = 0
        self._settled_at = 0.0  # the first result is settled at once

    def add(self, results):
        self._unwritten += results

    def write_down(self, runs, cr):
        """Write what is known to the journal; committed on return.

        :param runs: ``mailing.journal.run`` in the environment of the run
        :param cr: cursor to write with
        """
        runs._acknowledge(cr, self._run_key, self._unwritten)
        self.on_wire.difference_update(result.key for result in self._unwritten)
        self._unsettled += self._unwritten
        self._unwritten.clear()

    def wait_to_be_settled(self):
        seconds = time.monotonic() - self._settled_at
        return len(self._unsettled) >= CHUNK or seconds > SETTLE_SECONDS

    def settle(self, runs):
        """Carry what was written down over to the messages; committed on return."""
        self._settled_ack = runs._settle(self._run_key, self._settled_ack)
        runs.env["ir.cron"]._commit_progress(len(self._unsettled))
        self._unsettled.clear()
        self._settled_at = time.monotonic()

    def end(self, runs):
        """Settle what is left, and end the run in the journal; committed on return."""
        runs.env.cr.rollback()
        if self._unwritten:
            self.write_down(runs, runs.env.cr)
        runs._end(self._run_key, on_wire=self.on_wire)
        runs.env["ir.cron"]._commit_progress(len(self._unsettled))

    def write_down_again(self):
        """What is not settled is to be written down once more: the journal may have been lost."""
        self._unwritten = self._unsettled + self._unwritten
        self._unsettled = []


class Run:
    """One run of sending a mass email: claim, compose, transmit, acknowledge, settle.

    Rows come claimed chunk by chunk, are composed in this thread (``engine.letter``) and sent by
    SMTP sessions in others (``delivery.pool``); each result is acknowledged in the journal before
    its session gets the next message, and settled with many others (``mailing.journal.run``).

    :param mailing: the mass email
    :param mail_server: the ``ir.mail_server`` to send through, with ``address`` as sender
    :ivar key: names the run in the journal and on its rows
    :ivar claimed_count: messages taken out of the queue
    :ivar sent_count: messages the server has taken
    """

    def __init__(self, mailing, mail_server, address):
        self.mailing = mailing
        self.env = mailing.env
        self.mail_server = mail_server
        self.address = address
        self.key = new_token()
        self.claimed_count = 0
        self.sent_count = 0
        self._runs = self.env["mailing.journal.run"]
        self._results = Results(self.key)
        self._claim_numbers = itertools.count(1)
        self._issue = None
        self._broken = None
        self._journal = None
        self._may_go_on = None
        self._looked_at = time.monotonic()
        self._wire_seconds = None

    @property
    def limits(self):
        """How much may leave through this run's mail server, by the settings of now."""
        return Limits(self.env, self.mail_server)

    def next_claim_number(self):
        return next(self._claim_numbers)

    def send(self, letter, claims, session_count, may_go_on=lambda: True):
        """Send until nothing is left or something speaks against going on.

        :param Letter letter: what to send
        :param claims: iterable of claimed rows, chunk by chunk; each chunk is claimed when the
            one before was handed to the sessions
        :param session_count: SMTP sessions at most
        :param may_go_on: asked about twice a second; when it says no, nothing more is sent
        :return: what stopped the sending, in the server's words; None when nothing did
        """
        self._may_go_on = may_go_on
        self._runs._begin(self.key, session_count)
        probe = bool(self.mailing.delivery_issue)
        pool = Pool(self._open_session, session_count, self._patience, probe)
        with shutdown.waits_for(self):
            try:
                with self._runs._journal() as self._journal:
                    for results in pool.deliver(self._messages(letter, claims)):
                        self._acknowledge(results)
            finally:
                self._results.add(pool.close())
                self._end()
        return self._issue or (self._broken if pool.is_outage or not self.sent_count else None)

    def _open_session(self):
        self._session = self.mail_server._open_session(self.address)
        self._let_go_of_the_database()
        return self._session

    def _let_go_of_the_database(self):
        self.env.cr.commit()  # no transaction is open while SMTP waits

    def _patience(self):
        """Return how long what is on the wire may take, or None while the sending goes on."""
        if time.monotonic() - self._looked_at > LOOK_SECONDS:
            self._look()
        return self._wire_seconds

    def _look(self):
        if shutdown.is_stopping():
            self._wire_seconds = shutdown.STOP_WIRE_SECONDS
        elif not self._may_go_on():
            self._wire_seconds = WIRE_SECONDS
        self._let_go_of_the_database()
        self._looked_at = time.monotonic()

    def _stop(self, issue):
        self._issue = issue
        self._wire_seconds = self._wire_seconds or WIRE_SECONDS

    def _messages(self, letter, claims):
        """Compose what is claimed, chunk after chunk; the pool takes the messages one by one."""
        for rows in claims:
            self.claimed_count += len(rows)
            for message in self._compose(letter, rows):
                if isinstance(message, Result):
                    self._acknowledge([message])
                else:
                    self._results.on_wire.add(message.key)
                    yield message
            if self._issue:
                return

    def _compose(self, letter, rows):
        try:
            messages = letter.compose(rows, self._session)
        except Exception as error:
            # a template may fail in any way
            self.env.cr.rollback()
            _logger.info("Mass email %s cannot be composed", self.mailing.id, exc_info=True)
            self._stop(str(error))
            return []
        self._let_go_of_the_database()
        return messages

    def _acknowledge(self, results):
        """Write down results and see whether the sending can go on."""
        self._results.add(results)
        self._results.write_down(self._runs, self._journal)
        for result in results:
            if result.outcome is Outcome.SENT:
                self.sent_count += 1
            elif result.outcome is Outcome.REFUSED:
                self._stop(result.reply)
            elif result.outcome in (Outcome.BUSY, Outcome.NOT_SENT, Outcome.UNKNOWN):
                self._broken = result.reply
        if self._results.wait_to_be_settled():
            self._results.settle(self._runs)

    def _end(self):
        """Settle the last results, and return to the queue what was claimed and not handed over.

        When an error ended the run, what is still on the wire is in doubt. When PostgreSQL went
        away, results are kept until it is back.
        """
        try:
            self._results.end(self._runs)
        except Exception:
            _logger.exception("The results of mass email %s cannot be settled yet", self.mailing.id)
            self._end_on_new_connection()
            raise

    def _end_on_new_connection(self):
        for _try in range(LAST_TRIES):
            time.sleep(1)
            self._results.write_down_again()
            try:
                with self.env.registry.cursor() as cr:
                    return self._results.end(self._runs.with_env(self.env(cr=cr)))
            except Exception:
                _logger.warning("It is tried again", exc_info=True)
        # the next run settles what it finds, for this one is dead by its connection
        self.env.cr._cnx.close()
