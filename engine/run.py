# Sending commits on purpose: no transaction is open while SMTP waits.
# pylint: disable=invalid-commit
import itertools
import logging
import time
from contextlib import suppress

import psycopg2

from ..delivery.pool import Pool
from ..delivery.token import new_token
from ..delivery.transport import Outcome, Result, describe
from . import shutdown
from .limits import Limits
from .results import Results
from .turns import autocommitted, is_own_session, notice_broken_connections

_logger = logging.getLogger(__name__)

# Messages claimed and composed together: large enough that a claim weighs little per message,
# small enough that who opts out is looked at again shortly before she would be mailed.
CHUNK = 500
# Seconds that what is on the wire has when a run ends, if nobody says otherwise.
WIRE_SECONDS = 30.0
# Seconds between two looks at what may have stopped the sending meanwhile.
LOOK_SECONDS = 0.5
# So many recipients refused in a row, none taken in between: it is not about them.
REFUSALS_OF_A_STOP = 5
# So many of several domains unknown in a row, none taken in between: their server has lost its way.
UNKNOWN_OF_A_STOP = 50
# How often, a second apart, a run tries to reach PostgreSQL again for its last settle.
LAST_TRIES = 20


class Run:
    """One run of sending a mass email: claim, compose, transmit, acknowledge, settle.

    Rows come claimed chunk by chunk, are composed (``engine.letter``) and sent over several SMTP
    sessions (``delivery.pool``), all in this thread; each result is acknowledged in the journal,
    and what its session sends next noted there as begun, before that goes out; results are settled
    with many others (``mailing.journal.run``).

    :param mailing: the mass email
    :param mail_server: the ``ir.mail_server`` to send through, with ``address`` as sender
    :ivar key: names the run in the journal and on its rows
    :ivar queue_position: id of the last row it found in the queue
    :ivar claimed_count: messages taken out of the queue
    :ivar sent_count: messages the server has taken
    :ivar remedy: what a person must change before it can go on, see ``mailing.mailing``; None
        where trying again may do
    """

    def __init__(self, mailing, mail_server, address):
        self.mailing = mailing
        self.env = mailing.env
        self.mail_server = mail_server
        self.address = address
        self.key = new_token()
        self.queue_position = 0
        self.claimed_count = 0
        self.sent_count = 0
        self.remedy = None
        self._runs = self.env["mailing.journal.run"]
        self._results = Results(self.key)
        self._claim_numbers = itertools.count(1)
        self._refusals = self._unknown = 0
        self._issue = None  # stops the run
        # the last of it, and its remedy; stops the run when nothing else can be sent
        self._trouble = self._trouble_remedy = None
        self._journal = None
        self._session = None
        self._looked_at = 0.0  # the first look is before the first message

    @property
    def limits(self):
        """How much may leave through this run's mail server, by the settings of now."""
        return self.limits_in(self.env)

    def limits_in(self, env):
        return Limits(env, self.mail_server.with_env(env))

    def next_claim_number(self):
        return next(self._claim_numbers)

    def send(self, letter, claims, session_count, stops_in=lambda: None):
        """Send until nothing is left or something speaks against going on.

        :param Letter letter: what to send
        :param claims: generator of claimed rows, chunk by chunk; asked for the next when the one
            before was handed to the sessions
        :param session_count: SMTP sessions at most
        :param stops_in: asked about twice a second; None to go on, else nothing more is sent, and
            what is on the wire has so many seconds
        :return: what stopped the sending, in the server's words; None when nothing did
        """
        started_at = time.monotonic()
        is_in_trouble = bool(self.mailing.delivery_issue)
        notice_broken_connections(self.env.cr)
        self._let_go_of_the_database()
        with shutdown.waits_for(self), self._runs._alive(self.key) as self._journal:
            pool = None
            try:
                self._session = self._open_session(self._journal)
                pool = Pool(
                    self._open_further_session,
                    session_count,
                    probe=is_in_trouble,
                    first=self._session,
                    side_by_side=is_own_session(self._journal),
                )
                self._deliver(pool, self._messages(letter, claims), stops_in)
            except Exception:
                with suppress(psycopg2.Error):
                    self.env.cr.rollback()
                raise
            finally:
                if pool:
                    self._results.add(pool.close())
                claims.close()  # nothing is claimed for a run that has ended
                self._end()
        if not self._issue and (pool.is_outage or not self.sent_count):
            self._issue, self.remedy = self._trouble, self._trouble_remedy
        _logger.info(
            "Mass email %s: %s of %s messages sent in %.1f s%s",
            self.mailing.id,
            self.sent_count,
            self.claimed_count,
            time.monotonic() - started_at,
            f", stopped by: {self._issue}" if self._issue else "",
        )
        return self._issue

    def _open_session(self, cr):
        """Open a session.

        :param cr: autocommitted, so that no transaction is open while the server is waited for
        """
        mail_server = self.mail_server.with_env(self.mail_server.env(cr=cr))
        session = mail_server._open_session(self.address)
        cr.flush()  # a log-in may have got a new token
        return session

    def _open_further_session(self):
        """Open a session in whatever thread."""
        if not is_own_session(self._journal):
            return self._open_session(self._journal)
        with self.env.registry.cursor() as cr, autocommitted(cr):
            return self._open_session(cr)

    def _let_go_of_the_database(self):
        self.env.cr.commit()  # no transaction is open while SMTP waits

    def _deliver(self, pool, messages, stops_in):
        self._stop_in_time(pool, stops_in)
        for results in pool.deliver(messages):
            self._acknowledge(results, results.begun)
            self._stop_in_time(pool, stops_in)

    def _stop_in_time(self, pool, stops_in):
        if (seconds := self._stops_in(stops_in)) is not None:
            pool.stop_within(seconds)

    def _stops_in(self, stops_in):
        """Return None to go on, else how many seconds what is on the wire has."""
        if shutdown.is_stopping():
            return shutdown.STOP_WIRE_SECONDS
        if self._issue:
            return WIRE_SECONDS
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return None
        seconds = stops_in()
        self._let_go_of_the_database()
        self._looked_at = time.monotonic()
        return seconds

    def _messages(self, letter, claims):
        """Compose what is claimed, chunk after chunk; the pool takes the messages one by one."""
        for rows in claims:
            self.claimed_count += len(rows)
            self._results.expect(rows)
            for message in self._compose(letter, rows):
                if isinstance(message, Result):
                    self._acknowledge([message])
                elif not self._is_too_large(message):
                    yield message
                    continue
                if self._issue:
                    return
            if self._issue:
                return

    def _compose(self, letter, rows):
        try:
            messages = letter.compose(rows, self._session)
        except Exception as error:
            # a template may fail in any way
            self.env.cr.rollback()
            _logger.info("Mass email %s cannot be composed", self.mailing.id, exc_info=True)
            self._issue = describe(error)
            self.remedy = None if isinstance(error, psycopg2.Error) else "letter"
            return []
        self._let_go_of_the_database()
        return messages

    def _is_too_large(self, message):
        """Stop at a message that the server says it does not take, for the others are as large."""
        limit = self._session.esmtp_features.get("size", "")  # RFC 1870
        is_too_large = limit.isdecimal() and 0 < int(limit) < message.size
        if is_too_large:
            self._issue = self.env._(
                "The letter has %(size).1f MB with its attachments, and the mail server takes "
                "%(limit).1f MB at most.",
                size=message.size / 1024**2,
                limit=int(limit) / 1024**2,
            )
            self.remedy = "sender"
        return is_too_large

    def _acknowledge(self, results, begun=()):
        """Write down results, and what goes out next, and see whether the sending can go on."""
        self._results.add(results)
        is_known = self._results.write_down(self._runs, self._journal, begun)
        if is_known:
            for result in results:
                self._judge(result)
            is_known = self._results.settle(self._runs, self.mailing)
        if not is_known:
            self._issue = self.env._("The connection to the database was lost for a moment.")

    def _judge(self, result):
        if result.outcome is Outcome.SENT:
            self.sent_count += 1
            self._refusals = self._unknown = 0
        elif result.outcome is Outcome.BAD_ADDRESS:
            self._unknown += 1
            if self._unknown % UNKNOWN_OF_A_STOP == 0 and self._is_nobody_known():
                self._issue, self.remedy = result.reply, "sender"
        elif result.outcome is Outcome.REFUSED:
            self._trouble, self._trouble_remedy = result.reply, "sender"
            self._refusals += 1
            if self._refusals >= REFUSALS_OF_A_STOP:
                self._issue, self.remedy = result.reply, "sender"
        elif result.outcome in (Outcome.BUSY, Outcome.NOT_SENT, Outcome.UNKNOWN):
            self._trouble, self._trouble_remedy = result.reply, None

    def _is_nobody_known(self):
        """Tell whether the server knows nobody, of whatever domain."""
        acks = self.env["mailing.journal.ack"]
        refused = acks._said_of_most(acks._last_results(self.key), Outcome.BAD_ADDRESS, "^5")
        self._let_go_of_the_database()
        return bool(refused)

    # ------------------------------------------------------------
    # End
    # ------------------------------------------------------------

    def _end(self):
        """Settle the last results, and return to the queue what was claimed and has none.

        When PostgreSQL went away, results are kept until it is back.
        """
        try:
            self._results.end(self._runs, self.mailing)
        except Exception:
            _logger.exception("The results of mass email %s cannot be settled yet", self.mailing.id)
            self._end_on_new_connection()
            raise

    def _end_on_new_connection(self):
        with suppress(psycopg2.Error):
            self.env.cr.rollback()  # it may hold rows that the other connection needs
        for _try in range(LAST_TRIES):
            time.sleep(1)
            self._results.write_down_again()
            try:
                with self.env.registry.cursor() as cr:
                    env = self.env(cr=cr)
                    return self._results.end(self._runs.with_env(env), self.mailing.with_env(env))
            except Exception:
                _logger.warning("It is tried again", exc_info=True)
        # the next run settles what it finds, for this one is dead with its journal's session
