# Sending commits on purpose: no transaction is open while SMTP waits.
# pylint: disable=invalid-commit
import itertools
import logging
import time

from odoo.tools import SQL

from .. import shutdown
from ..delivery.pool import Pool
from ..delivery.token import new_token
from ..delivery.transport import Outcome, Result

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


class Sender:
    """One run of sending a mass email: claim, compose, transmit, acknowledge, settle.

    Rows are claimed chunk by chunk (``mailing_claim``), composed in this thread
    (``mailing_letter``) and sent by SMTP sessions in others (``delivery.pool``); each result is
    acknowledged before its session gets the next message, and settled with many others
    (``mailing_settle``).

    :param mailing: the mass email
    :param letter: the ``Letter`` to compose from
    :param claim: called with the run for its next rows; the run ends when there are none
    :param session_count: SMTP sessions at most
    :param may_go_on: asked about twice a second; when it says no, nothing more is sent
    :ivar key: names the run in the journal and on its rows
    :ivar mail_server: the one Odoo will send through, looked for once
    :ivar sent_count: messages the server has taken
    :ivar issue: what speaks against sending this mass email on
    """

    def __init__(self, mailing, letter, claim, session_count, may_go_on=lambda: True):
        self.mailing = mailing
        self.env = mailing.env
        self.letter = letter
        self.claim = claim
        self.session_count = session_count
        self.may_go_on = may_go_on
        self.key = new_token()
        self.mail_server = mailing._mail_server()
        self.sent_count = 0
        self.issue = None
        self._broken = None
        self._session = None
        self._journal = None
        self._claim_numbers = itertools.count(1)
        self._on_wire = set()
        self._unwritten = []
        self._unsettled = []
        self._settled_ack = 0
        self._settled_at = 0.0  # the first result is settled at once
        self._looked_at = time.monotonic()
        self._wire_seconds = None

    def next_claim_number(self):
        return next(self._claim_numbers)

    def run(self):
        """Send until nothing is left or something speaks against going on.

        :return: what stopped the sending, in the server's words; None when nothing did
        """
        self.mailing._begin_run(self.key, self.session_count)
        probe = bool(self.mailing.delivery_issue)
        pool = Pool(self._open_session, self.session_count, probe)
        with shutdown.waits_for(self):
            try:
                with self.mailing._journal() as self._journal:
                    self._stop_in_time(pool)
                    for results in pool.deliver(self._messages()):
                        if results:
                            self._acknowledge(results)
                        self._stop_in_time(pool)
            finally:
                self._unwritten += pool.close()
                self._end()
        return self.issue or (self._broken if pool.is_outage or not self.sent_count else None)

    def _open_session(self):
        self._session = self.mailing._open_session()
        self.env.cr.commit()  # no transaction is open while SMTP waits
        return self._session

    def _stop_in_time(self, pool):
        """Stop the pool when it is time; what is on the wire still has some seconds."""
        if time.monotonic() - self._looked_at > LOOK_SECONDS:
            self._look()
        if self._wire_seconds is not None:
            pool.stop_within(self._wire_seconds)

    def _look(self):
        if shutdown.is_stopping():
            self._wire_seconds = shutdown.WIRE_SECONDS
        elif not self.may_go_on():
            self._wire_seconds = WIRE_SECONDS
        self.env.cr.commit()  # no transaction is open while SMTP waits
        self._looked_at = time.monotonic()

    def _stop(self, issue):
        self.issue = issue
        self._wire_seconds = self._wire_seconds or WIRE_SECONDS

    def _messages(self):
        """Claim and compose, chunk after chunk; the pool takes the messages one by one."""
        while not self.issue and (rows := self.claim(self)):
            for message in self._compose(rows):
                if isinstance(message, Result):
                    self._acknowledge([message])
                else:
                    self._on_wire.add(message.key)
                    yield message

    def _compose(self, rows):
        try:
            messages = self.letter.compose(rows, self._session)
        except Exception as error:
            # a template may fail in any way
            self.env.cr.rollback()
            _logger.info("Mass email %s cannot be composed", self.mailing.id, exc_info=True)
            self._stop(str(error))
            return []
        self.env.cr.commit()  # no transaction is open while SMTP waits
        return messages

    def _acknowledge(self, results):
        """Write down results and see whether the sending can go on."""
        self._unwritten += results
        self._write_down(self.mailing, self._journal)
        for result in results:
            if result.outcome is Outcome.SENT:
                self.sent_count += 1
            elif result.outcome is Outcome.REFUSED:
                self._stop(result.reply)
            elif result.outcome in (Outcome.BUSY, Outcome.NOT_SENT, Outcome.UNKNOWN):
                self._broken = result.reply
        if len(self._unsettled) >= CHUNK or time.monotonic() - self._settled_at > SETTLE_SECONDS:
            self._settle()

    def _write_down(self, mailing, cr):
        mailing._acknowledge(cr, self.key, self._unwritten)
        self._on_wire.difference_update(result.key for result in self._unwritten)
        self._unsettled += self._unwritten
        self._unwritten.clear()

    def _settle(self):
        self._settled_ack = self.mailing._settle_now(self.key, self._settled_ack)
        self.env["ir.cron"]._commit_progress(len(self._unsettled))
        self._unsettled.clear()
        self._settled_at = time.monotonic()

    def _end(self):
        """Settle the last results, and return to the queue what was claimed and not handed over.

        When an error ended the run, what is still on the wire is in doubt. When PostgreSQL went
        away, results are kept until it is back.
        """
        try:
            self._end_on(self.mailing)
        except Exception:
            _logger.exception("The results of mass email %s cannot be settled yet", self.mailing.id)
            self._end_on_new_connection()
            raise

    def _end_on(self, mailing):
        mailing.env.cr.rollback()
        if self._unwritten:
            self._write_down(mailing, mailing.env.cr)
        mailing._end_run_now(self.key, SQL("id = ANY(%s)", list(self._on_wire)))
        mailing.env["ir.cron"]._commit_progress(len(self._unsettled))

    def _end_on_new_connection(self):
        for _try in range(LAST_TRIES):
            time.sleep(1)
            # if PostgreSQL crashed, its journal is empty
            self._unwritten = self._unsettled + self._unwritten
            self._unsettled = []
            try:
                with self.env.registry.cursor() as cr:
                    return self._end_on(self.mailing.with_env(self.env(cr=cr)))
            except Exception:
                _logger.warning("It is tried again", exc_info=True)
        # the next run settles what it finds, for this one is dead by its connection
        self.env.cr._cnx.close()
