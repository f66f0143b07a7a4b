import re
from collections.abc import Iterable
from enum import Enum

from .bounce_words import kind_of, without_names


class Kind(Enum):
    """What a returned message says."""

    # this address itself will never do: unknown user or host, moved, accepts no mail
    FINAL = "final"
    # this address did not do for now: full, disabled, greylisted, timed out, out of order
    TEMPORARY = "temporary"
    # about the letter, its sender or the sending server, whoever the recipient is: spam, size,
    # authentication, reputation, manners
    POLICY = "policy"
    # the recipient, or her provider for her, calls it spam (RFC 5965)
    COMPLAINT = "complaint"
    # the server still tries (RFC 3464, section 2.3.3); nothing has come of it yet
    DELAYED = "delayed"
    # a program answers for the recipient (RFC 3834): vacation, challenge, receipt
    AUTO_REPLY = "auto_reply"
    # nothing that tells of a failure: a person's answer, a report of success
    OTHER = "other"


# How grave a verdict is for the address, the mildest first.
GRAVITY = [Kind.POLICY, Kind.TEMPORARY, Kind.FINAL]

# What an enhanced status code of class 5 says by itself (RFC 3463 and its registry at IANA), by
# subject and detail, or by subject alone. A code that is not here says nothing.
_BY_STATUS = {
    (1, 1): Kind.FINAL,  # bad mailbox
    (1, 2): Kind.FINAL,  # bad host
    (1, 3): Kind.FINAL,  # bad syntax
    (1, 6): Kind.FINAL,  # moved, and left no address
    (1, 7): Kind.POLICY,  # of the sender
    (1, 8): Kind.POLICY,  # of the sender
    (1, 9): Kind.POLICY,  # message relayed to a system that is none
    (1, 90): Kind.POLICY,  # the sender's limit at Exchange Online
    (1, 10): Kind.FINAL,  # accepts no mail, a null MX (RFC 7505)
    (2, 3): Kind.POLICY,  # too long for her mailbox
    (2,): Kind.TEMPORARY,  # full, disabled; both may pass
    (3, 4): Kind.POLICY,  # too big for the system
    (3,): Kind.TEMPORARY,  # the system's affair
    (4, 5): Kind.POLICY,  # the sender's limit at Google
    (4,): Kind.TEMPORARY,  # the network's
    (5,): Kind.POLICY,  # protocol
    (6,): Kind.POLICY,  # content
    (7,): Kind.POLICY,  # security and policy
}

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
# an SMTP reply (RFC 5321, section 4.2), at the start of the words or behind a word that says so
_REPLY = re.compile(
    r"(?:^|[:;<>\"']\s*|\b(?:said|error|reply|response|code)\W{1,4})([45])\d\d(?=[ -]|$)"
)
# so Yandex says that nobody has an address, whatever the code means
NO_SUCH_USER = re.compile(r"\b5\.7\.1\s+no such user\b", re.IGNORECASE)


def mildest(verdicts: Iterable[tuple]) -> tuple:
    """Return the first of the mildest verdicts; each begins with its Kind."""
    return min(verdicts, key=lambda verdict: GRAVITY.index(verdict[0]))


def is_about_sender(words: str, senders: Iterable[str], recipients: Iterable[str]) -> bool:
    """Tell whether words name a sender and no recipient: it is he whom the server looked for.

    :param senders: addresses, as of MAIL
    """

    def is_named(address):
        name = re.escape(address)
        return bool(address) and re.search(rf"(?<![\w.+-]){name}(?![\w-])", words, re.IGNORECASE)

    return any(map(is_named, senders)) and not any(map(is_named, recipients))


def find_status(text: str) -> str:
    """Return the first enhanced status code of class 4 or 5 in a text, else nothing."""
    for match in _STATUS.finditer(text):
        if match[1] in "45":
            return match[0]
    return ""


def judge(status: str, texts: Iterable[str]) -> Kind | None:
    """Tell what a failure says of the address.

    A code of class 5 alone is not final: programs give 5.0.0 or 5.7.1 for everything, and even
    5.1.1 for a mailbox that is full. So the words decide, and the code where they say nothing.

    :param status: enhanced status code (RFC 3463), or nothing
    :param texts: words that a server replied or a program wrote, the nearest to the point first;
        the first that says something counts
    :return: FINAL, TEMPORARY or POLICY; None when neither code nor words tell
    """
    by_words = None
    for text in texts:
        by_words, status_there, is_for_now = _read(text)
        if by_words:
            status = status_there or status
            break
    else:
        is_for_now = False
    numbers = [int(number) for number in status.split(".")] if status else []
    # of the sender, or of security and policy, whatever else the words say
    is_policy = numbers[1:2] == [7] or numbers[1:3] in ([1, 7], [1, 8])
    if numbers[:1] == [4] or is_for_now:
        return Kind.POLICY if is_policy or by_words is Kind.POLICY else Kind.TEMPORARY
    if by_words is Kind.FINAL and is_policy and not NO_SUCH_USER.search(text):
        return Kind.POLICY
    return by_words or _BY_STATUS.get(tuple(numbers[1:])) or _BY_STATUS.get(tuple(numbers[1:2]))


def _read(text):
    """Return what words say, their status code, and whether an SMTP reply says: for now."""
    words = without_names(text)
    kind, status, reply = kind_of(words), find_status(text), _REPLY.search(words)
    is_for_now = not status and bool(reply) and reply[1] == "4"
    return Kind(kind) if kind else None, status, is_for_now
