import math
import smtplib
import time
from collections.abc import Iterator
from contextlib import suppress
from selectors import EVENT_READ

from .address import is_wire_address, is_wire_sender
from .envelope import Envelope
from .line import BLOCK_SIZE, Line
from .reply import Moment, Outcome, Replies, Result, classify, describe, in_words

# Seconds that a server may take to reply to the content (RFC 5321, section 4.5.3.2.6); for all
# else the session's own timeout counts.
FINAL_REPLY_SECONDS = 600
# Seconds that it may take to say goodbye.
GOODBYE_SECONDS = 2
END_OF_CONTENT = b"\r\n.\r\n"
COMMANDS = (Moment.MAIL, Moment.RCPT, Moment.DATA)


class Conversation:
    """What is said over one SMTP session, message after message, without ever waiting.

    With PIPELINING (RFC 2920) the commands of the next message travel behind the content of the
    one before, so that a message costs one round trip. What was offered in this way is sent when
    the caller comes with it, and not before.

    :meth:`transmit` and :meth:`hang_up` are generators: begun by :meth:`begin`, they go on by
    :meth:`go_on` each time when the session's socket is ready for what they wait for.

    :param session: after EHLO and log-in; left ready for the next envelope, or closed, its
        ``sock`` None
    :ivar bool is_pipelined: whether a successor can be offered behind a content
    :ivar int fileno: of the session's socket, also when that is closed
    :ivar int event: what is waited for, EVENT_READ or EVENT_WRITE
    :ivar float deadline: until when
    :ivar Result result: of the message that was last transmitted
    :ivar Envelope next: what is sent next; offered already, where that could be done
    :ivar int count: messages that the session got
    :ivar bool has_sent: whether one of them was taken
    """

    def __init__(self, session: smtplib.SMTP):
        self.session = session
        self.is_pipelined = session.has_extn("pipelining")
        self._line = Line(session.sock)
        self.fileno = self._line.fileno
        self._seconds = math.inf if self._line.seconds is None else self._line.seconds
        self._replies = Replies(_left_over(session))
        self._offered = None  # its commands are out, its replies are not read
        self._sent = 0  # bytes of the content and what is behind it
        self._is_cut = False  # the server hears nothing more
        self.event, self.deadline = EVENT_READ, math.inf
        self.result = self.next = self._steps = None
        self.count, self.has_sent = 0, False

    @property
    def is_over(self) -> bool:
        return self.session.sock is None

    def begin(self, steps: Iterator[int]) -> bool:
        """Begin to transmit or to hang up; return whether that is done already."""
        self._steps, self.result = steps, None
        return self.go_on()

    def go_on(self, error: Exception | None = None) -> bool:
        """Go on as far as can be without waiting.

        :param error: why what is waited for will not come
        :return: whether it is done, and there may be a result
        """
        try:
            self.event = self._steps.throw(error) if error else next(self._steps)
            return False
        except StopIteration as end:
            self.result = end.value
            return True

    def transmit(self, envelope: Envelope, successor: Envelope | None = None) -> Iterator[int]:
        """Send one envelope.

        Nothing is sent of an envelope whose addresses could break out of their commands. A reply
        that came stands, even when the connection is closed behind it.

        :param envelope: the successor of the one before, if that had one
        :param successor: offered behind the content, where that is possible
        :return: the events to wait for, and at last the result; raises nothing
        """
        was_offered, handed_over = self._offered is not None, False
        if not was_offered and (result := _invalid(envelope)):
            return result
        try:
            moment, code, text = yield from self._offer(envelope, was_offered)
            if code // 100 == moment.welcome:
                moment = Moment.CONTENT
                if not self._is_given_up(was_offered):
                    handed_over = yield from self._hand_over(envelope, successor)
                code, text = yield from self._reply(FINAL_REPLY_SECONDS if handed_over else 0)
            if handed_over and code // 100 == moment.welcome:
                if self._is_cut:
                    self.close()
                return _result(envelope, Outcome.SENT, in_words(code, text))
            outcome = classify(moment, code, text, envelope)
            yield from self._reset(code)
            return _result(envelope, outcome, in_words(code, text))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            outcome = Outcome.UNKNOWN if handed_over else Outcome.NOT_SENT
            return _result(envelope, outcome, describe(error))
        except Exception as error:
            # whatever it was, nobody knows how far the message got
            self.close()
            return _result(envelope, Outcome.UNKNOWN, describe(error))

    def hang_up(self) -> Iterator[int]:
        """End the session, politely if it still answers (RFC 5321, section 4.1.1.10)."""
        # a server that was offered a message waits for its content: nothing else can be said
        if not self.is_over and not self._offered:
            self._seconds = GOODBYE_SECONDS
            with suppress(Exception):  # whatever it is, the session ends
                yield from self._ask(b"QUIT\r\n")
        self.close()

    def cut_off(self) -> None:
        """Break the connection; what the server has said by now is still heard."""
        if not self.is_over:  # else its number may be another's by now
            self._line.cut_off()

    def abandon(self, envelope: Envelope) -> Result:
        """End the session though something interrupted it; return what is known of its message."""
        self.close()
        return self.result or _result(envelope, Outcome.UNKNOWN, "Interrupted")

    def close(self) -> None:
        self._offered = None
        self.session.close()

    def _offer(self, envelope, was_offered):
        """Send the commands before the content, unless they are out.

        With PIPELINING all are sent at once, else none after one that failed.

        :return: the first moment whose reply is not the welcome, or the last one, and the reply
        """
        self._offered = None
        if self.is_pipelined and not was_offered:
            yield from self._send(_commands_at_once(envelope))
        for left, moment in zip((2, 1, 0), COMMANDS, strict=True):
            if not self.is_pipelined:
                yield from self._send(_command(moment, envelope))
            code, text = yield from self._reply(self._seconds)
            if code // 100 != moment.welcome:
                if self.is_pipelined and code != 421:
                    is_nobody = moment is Moment.RCPT and code // 100 in (4, 5)
                    yield from self._read_on(is_nobody, left)
                break
        return moment, code, text

    def _read_on(self, is_nobody, count):
        """Read the replies to the commands that were sent behind one that failed.

        :param is_nobody: it refused the recipient, without a doubt
        """
        try:
            code = None
            for _command in range(count):
                code, _text = yield from self._reply(self._seconds)
            if code == 354:
                if not is_nobody:
                    raise smtplib.SMTPException("It waits for a message that it refused")
                # it waits for a message to nobody: end it (RFC 2920, section 3.1)
                yield from self._ask(b".\r\n")
        except (OSError, smtplib.SMTPException):
            self.close()

    def _is_given_up(self, was_offered):
        """Tell whether the server closed, or spoke, instead of waiting for the content.

        :param was_offered: it may have waited for long
        """
        block = self._line.receive() if was_offered else None
        self._replies.add(block or b"")
        self._is_cut = block == b"" or self._replies.is_left
        return self._is_cut

    def _hand_over(self, envelope, successor):
        """Send the content, and behind it the commands of the next message.

        In one piece: to a server that sees them together, and answers them together, nobody's
        kernel waits for an acknowledgement of the other's.

        :return: whether all of the content went out
        """
        commands = b""
        if successor and self.is_pipelined and not _invalid(successor):
            commands = _commands_at_once(successor)
        # what comes behind it joins its last block: a large content is not copied for it
        end = envelope.tail or envelope.beginning
        last = len(end) // BLOCK_SIZE * BLOCK_SIZE
        self._sent = 0
        try:
            if envelope.tail:
                yield from self._send(envelope.beginning)
            yield from self._send(memoryview(end)[:last])
            yield from self._send(end[last:] + END_OF_CONTENT + commands)
            self._offered = successor if commands else None
        except OSError as error:
            # a server that closed, or reads no more, may have said why
            self._is_cut = True
            is_out = self._sent >= len(envelope.content + END_OF_CONTENT)
            if not is_out and not isinstance(error, ConnectionError | TimeoutError):
                raise
            return is_out
        return True

    def _reset(self, code):
        """Make the session ready for the next envelope, or close it."""
        try:
            # after 421 the server closes by itself (RFC 5321, section 3.8); where the next message
            # was offered already, that one has begun
            if (
                code == 421
                or self._is_cut
                or (not self._offered and (yield from self._ask(b"RSET\r\n"))[0] != 250)
            ):
                self.close()
        except (OSError, smtplib.SMTPException):
            self.close()

    def _ask(self, line):
        yield from self._send(line)
        return (yield from self._reply(self._seconds))

    def _send(self, data):
        """Send all of it, in blocks; the time for it begins anew with each that went out."""
        if self.is_over:
            raise smtplib.SMTPServerDisconnected("The connection is closed")
        view, at, is_new = memoryview(data), 0, True
        while at < len(view):
            if sent := self._line.send(view[at : at + self._line.block_size]):
                self._sent += sent
                at, is_new = at + sent, True
            else:
                if is_new:
                    self.deadline = time.monotonic() + self._seconds
                    is_new = False
                yield self._line.event

    def _reply(self, seconds):
        """Return the code and the text of the next reply, for which the server has some time."""
        reply = self._replies.next_reply()
        if reply is None:
            if self.is_over:
                raise smtplib.SMTPServerDisconnected("The connection is closed")
            self.deadline = time.monotonic() + seconds
            event = EVENT_READ
        while reply is None:
            yield event
            block = self._line.receive()
            if block == b"":
                raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
            if block:
                self._replies.add(block)
            event = EVENT_READ if block else self._line.event
            reply = self._replies.next_reply()
        return reply


def _left_over(session):
    """Return what ``smtplib`` has read of the socket beyond the replies it looked at."""
    try:
        return session.file.peek() if session.file else b""
    except OSError:  # there is nothing
        return b""


def _command(moment, envelope):
    if moment is Moment.MAIL:
        return b"MAIL FROM:<%s>\r\n" % envelope.sender.encode("ascii")
    if moment is Moment.RCPT:
        return b"RCPT TO:<%s>\r\n" % envelope.recipient.encode("ascii")
    return b"DATA\r\n"


def _commands_at_once(envelope):
    return b"".join([_command(moment, envelope) for moment in COMMANDS])


def _invalid(envelope):
    """Return the result of an envelope that must not be sent; None when it may."""
    if not is_wire_sender(envelope.sender):
        return _result(envelope, Outcome.REFUSED, f"Invalid sender: {envelope.sender!a}")
    if not is_wire_address(envelope.recipient):
        return _result(envelope, Outcome.BAD_ADDRESS, f"Invalid address: {envelope.recipient!a}")
    return None


def _result(envelope, outcome, reply):
    return Result(envelope.key, outcome, reply, envelope.message_id)
