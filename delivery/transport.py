import re
import smtplib
from contextlib import suppress

from .address import is_wire_address, is_wire_sender
from .envelope import Envelope
from .reply import Moment, Outcome, Result, classify, describe, in_words

# Seconds that a server may take to reply to the content (RFC 5321, section 4.5.3.2.6); for all
# else the session's own timeout counts.
FINAL_REPLY_SECONDS = 600
# The content is sent in blocks of so many bytes, for the timeout counts for each: on a slow line
# a large content takes long. TLS seals no more in one piece (RFC 8446, section 5.1): of a block
# that failed the server can read nothing.
BLOCK_SIZE = 16 * 1024
# Bytes of a reply's line; RFC 5321, section 4.5.3.1.5, allows 512.
LONGEST_LINE = 8192
END_OF_CONTENT = b"\r\n.\r\n"


class Conversation:
    """What is said over one SMTP session, message after message.

    With PIPELINING (RFC 2920) the commands of the next message travel behind the content of the
    one before, so that a message costs one round trip. What was offered in this way is sent when
    the caller comes with it, and not before.

    :param session: after EHLO and log-in; left ready for the next envelope, or closed, its
        ``sock`` None
    :ivar bool is_pipelined: whether a successor can be offered behind a content
    """

    def __init__(self, session: smtplib.SMTP):
        self.session = session
        self.is_pipelined = session.has_extn("pipelining")
        self._replies = _Replies(session)
        self._offered = None  # its commands are out, its replies are not read

    @property
    def is_over(self) -> bool:
        return self.session.sock is None

    def transmit(self, envelope: Envelope, successor: Envelope | None = None) -> Result:
        """Send one envelope.

        Nothing is sent of an envelope whose addresses could break out of their commands. A reply
        that came stands, even when the connection is closed behind it.

        :param envelope: the successor of the one before, if that had one
        :param successor: offered behind the content, where that is possible
        :return: never raises for what the server or the network does
        """
        if result := _invalid(envelope):
            return result
        handed_over = False
        try:
            moment, (code, text) = self._offer(envelope)
            if code // 100 == moment.welcome:
                moment = Moment.CONTENT
                handed_over = self._hand_over(envelope.content, successor)
                code, text = self._final_reply()
            if handed_over and code // 100 == moment.welcome:
                return _result(envelope, Outcome.SENT, in_words(code, text))
            outcome = classify(moment, code, text)
            self._reset(code)
            return _result(envelope, outcome, in_words(code, text))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            outcome = Outcome.UNKNOWN if handed_over else Outcome.NOT_SENT
            return _result(envelope, outcome, describe(error))

    def hang_up(self) -> None:
        """End the session, politely if it still answers (RFC 5321, section 4.1.1.10)."""
        # a server that was offered a message waits for its content: nothing else can be said
        if not self.is_over and not self._offered:
            with suppress(OSError, smtplib.SMTPException):
                self.session.sock.settimeout(2)
                self._ask(b"QUIT\r\n")
        self.close()

    def close(self) -> None:
        self._offered = None
        self.session.close()

    def _offer(self, envelope):
        """Send the commands before the content, unless they are out.

        With PIPELINING all are sent at once, else none after one that failed.

        :return: the first moment whose reply is not the welcome, or the last one, and the reply
        """
        commands = _commands(envelope)
        is_offered, self._offered = self._offered is not None, None
        if self.is_pipelined and not is_offered:
            self._send(_commands_at_once(envelope))
        for sent, (moment, line) in enumerate(commands.items(), 1):
            if not self.is_pipelined:
                self._send(line)
            code, text = self._replies.next_reply()
            if code // 100 != moment.welcome:
                if self.is_pipelined and code != 421:
                    is_nobody = moment is Moment.RCPT and code // 100 in (4, 5)
                    self._read_on(is_nobody, len(commands) - sent)
                break
        return moment, (code, text)

    def _read_on(self, is_nobody, count):
        """Read the replies to the commands that were sent behind one that failed.

        :param is_nobody: it refused the recipient, without a doubt
        """
        try:
            replies = [self._replies.next_reply() for _command in range(count)]
            if replies and replies[-1][0] == 354:
                if not is_nobody:
                    raise smtplib.SMTPException("It waits for a message that it refused")
                # it waits for a message to nobody: end it (RFC 2920, section 3.1)
                self._ask(b".\r\n")
        except (OSError, smtplib.SMTPException):
            self.close()

    def _hand_over(self, content, successor):
        """Send the content, and behind it the commands of the next message.

        In one piece: to a server that sees them together, and answers them together, nobody's
        kernel waits for an acknowledgement of the other's.

        :return: whether all of the content went out before the server closed
        """
        commands = b""
        if successor and self.is_pipelined and not _invalid(successor):
            commands = _commands_at_once(successor)
        # what comes behind it joins its last block: a large content is not copied for it
        last = len(content) // BLOCK_SIZE * BLOCK_SIZE
        blocks = [memoryview(content)[at : at + BLOCK_SIZE] for at in range(0, last, BLOCK_SIZE)]
        end = content[last:] + END_OF_CONTENT
        # where nobody tells how much of a block went out, the content ends with one
        is_exact = hasattr(self.session.sock, "send")
        blocks += [end + commands] if is_exact else [end, commands]
        left = last + len(end)
        try:
            for block in map(memoryview, blocks):
                while block:
                    sent = self._send_some(block[:BLOCK_SIZE])
                    block, left = block[sent:], left - sent
        except OSError as error:
            # a server that closed may have said why
            if left > 0 and not isinstance(error, ConnectionError):
                raise
        is_out = left <= 0
        self._offered = successor if is_out and commands else None
        return is_out

    def _send_some(self, data):
        """Send some of the data; return how much that was."""
        sock = self.session.sock
        if hasattr(sock, "send"):
            return sock.send(data)
        sock.sendall(data)  # pyOpenSSL's, as urllib3 wraps it
        return len(data)

    def _final_reply(self):
        seconds = self.session.sock.gettimeout()
        self.session.sock.settimeout(FINAL_REPLY_SECONDS)
        reply = self._replies.next_reply()
        self.session.sock.settimeout(seconds)
        return reply

    def _reset(self, code):
        """Make the session ready for the next envelope, or close it."""
        try:
            # after 421 the server closes by itself (RFC 5321, section 3.8); where the next message
            # was offered already, that one has begun
            if code == 421 or (not self._offered and self._ask(b"RSET\r\n")[0] != 250):
                self.close()
        except (OSError, smtplib.SMTPException):
            self.close()

    def _ask(self, line):
        self._send(line)
        return self._replies.next_reply()

    def _send(self, line):
        if self.is_over:
            raise smtplib.SMTPServerDisconnected("The connection is closed")
        self.session.sock.sendall(line)


class _Replies:
    """The server's replies, taken from the socket in blocks and not line by line.

    Whatever is wrong with them is an error as ``smtplib`` knows it.
    """

    def __init__(self, session):
        self._session = session
        self._bytes = bytearray(self._left_over())

    def next_reply(self):
        """Return the next reply: its code, -1 when it has none, and its text."""
        lines = []
        while True:
            line = self._line()
            lines.append(line[4:].strip())
            code = int(line[:3]) if re.fullmatch(rb"\d{3}", line[:3]) else -1
            if code == -1 or line[3:4] != b"-":
                return code, b"\n".join(lines)

    def _line(self):
        while (end := self._bytes.find(b"\n")) < 0 and len(self._bytes) <= LONGEST_LINE:
            if self._session.sock is None:
                raise smtplib.SMTPServerDisconnected("The connection is closed")
            block = self._session.sock.recv(BLOCK_SIZE)
            if not block:
                raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
            self._bytes += block
        if not 0 <= end <= LONGEST_LINE:
            raise smtplib.SMTPResponseException(500, "Line too long.")
        line = bytes(self._bytes[: end + 1])
        del self._bytes[: end + 1]
        return line

    def _left_over(self):
        """Return what ``smtplib`` has read of the socket beyond the replies it looked at."""
        session = self._session
        if session.sock is None or session.file is None:
            return b""
        seconds = session.sock.gettimeout()
        session.sock.settimeout(0)
        try:
            return session.file.peek()
        except OSError:  # there is nothing
            return b""
        finally:
            session.sock.settimeout(seconds)


def _commands(envelope):
    return {
        Moment.MAIL: b"MAIL FROM:<%s>\r\n" % envelope.sender.encode("ascii"),
        Moment.RCPT: b"RCPT TO:<%s>\r\n" % envelope.recipient.encode("ascii"),
        Moment.DATA: b"DATA\r\n",
    }


def _commands_at_once(envelope):
    return b"".join(_commands(envelope).values())


def _invalid(envelope):
    """Return the result of an envelope that must not be sent; None when it may."""
    if not is_wire_sender(envelope.sender):
        return _result(envelope, Outcome.REFUSED, f"Invalid sender: {envelope.sender!a}")
    if not is_wire_address(envelope.recipient):
        return _result(envelope, Outcome.BAD_ADDRESS, f"Invalid address: {envelope.recipient!a}")
    return None


def _result(envelope, outcome, reply):
    return Result(envelope.key, outcome, reply, envelope.message_id)
