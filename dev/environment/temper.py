"""How an unruly mail server answers, at random."""

from dataclasses import dataclass

LATER = (421, 450, 451, 452, 454, 455)
NEVER = (500, 501, 503, 521, 530, 535, 550, 551, 552, 553, 554, 555)
ENHANCED = {
    2: ("2.0.0", "2.1.5", "2.6.0"),
    3: ("3.0.0",),
    4: ("4.2.1", "4.2.2", "4.3.2", "4.4.5", "4.5.3", "4.7.0", "4.7.1"),
    5: ("5.1.1", "5.1.2", "5.1.8", "5.2.1", "5.2.2", "5.3.4", "5.5.1", "5.6.0", "5.7.1"),
}
WORDS = {
    2: ("ok", "fine, thank you"),
    3: ("go on",),
    4: ("try again later", "too many messages", "greylisted", "mailbox is busy"),
    5: ("no", "no such user", "blocked", "mailbox full", "I do not know you"),
}
GARBAGE = (
    b"\x00\xff\xfe\r\n",
    b"ok\r\n",
    b"\r\n",
    b"2x0 fine\r\n",
    b"999 fine\r\n",
    b"199 wait\r\n",
    b"?" * 10_000 + b"\r\n",
)
MOST_SECONDS_OF_A_REPLY = 3.0


@dataclass
class Reply:
    """What is answered, and what comes of it.

    :ivar bool is_welcome: it is what the client hopes for
    :ivar bool is_clear: the client can understand it, whatever it hoped for
    :ivar str ending: how the connection ends behind it: closed, reset or half closed; None to go on
    """

    content: bytes = b""
    is_welcome: bool = False
    is_clear: bool = True
    ending: str | None = None
    seconds: float = 0.0


class Temper:
    """How a connection answers, at random."""

    def __init__(self, chance, trouble):
        self.chance = chance
        self.trouble = trouble
        self._tricks = {
            self._later: 6,
            self._never: 3,
            self._garbage: 2,
            self._silence: 2,
            self._broken_off: 1,
            self._farewell: 2,
            self._slow: 3,
        }

    def reply(self, code, *words):
        """Answer with this code and these lines; or play a trick."""
        if self.chance.random() >= self.trouble():
            return Reply(self._lines(code, *words), is_welcome=True)
        [trick] = self.chance.choices(list(self._tricks), self._tricks.values())
        return trick(code, words)

    def _later(self, _code, _words):
        return self._no(self.chance.choice(LATER))

    def _never(self, _code, _words):
        return self._no(self.chance.choice(NEVER))

    def _no(self, code):
        """421 always ends the connection, others now and then."""
        ends = code == 421 or self.chance.random() < 0.2
        return Reply(self._lines(code), ending=self._ending() if ends else None)

    def _garbage(self, _code, _words):
        content = self.chance.choice(GARBAGE)
        return Reply(content, is_clear=False, ending=self.chance.choice((None, self._ending())))

    def _silence(self, _code, _words):
        return Reply(is_clear=False, ending=self._ending())

    def _broken_off(self, code, _words):
        """End within a reply of several lines, which the client cannot know the end of."""
        return Reply(f"{code}-".encode() + b"well\r\n", is_clear=False, ending=self._ending())

    def _farewell(self, code, words):
        return Reply(self._lines(code, *words), is_welcome=True, ending=self._ending())

    def _slow(self, code, words):
        seconds = self.chance.uniform(0, MOST_SECONDS_OF_A_REPLY)
        return Reply(self._lines(code, *words), is_welcome=True, seconds=seconds)

    def _ending(self):
        return self.chance.choice(("closed", "reset", "half closed"))

    def _lines(self, code, *words):
        """A reply of one line or several, with or without an enhanced status code."""
        kind = code // 100
        if not words:
            words = self.chance.choices(WORDS[kind], k=self.chance.choice((1, 1, 3)))
            if self.chance.random() < 0.5:
                status = self.chance.choice(ENHANCED[kind])
                words = [f"{status} {each}" for each in words]
        separators = "-" * (len(words) - 1) + " "
        lines = (f"{code}{each[0]}{each[1]}\r\n" for each in zip(separators, words, strict=True))
        return "".join(lines).encode()
