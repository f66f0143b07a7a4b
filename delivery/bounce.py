import re
from collections.abc import Iterable
from enum import Enum


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
    (1, 10): Kind.FINAL,  # accepts no mail, a null MX (RFC 7505)
    (2, 3): Kind.POLICY,  # too long for her mailbox
    (2,): Kind.TEMPORARY,  # full, disabled; both may pass
    (3, 4): Kind.POLICY,  # too big for the system
    (3,): Kind.TEMPORARY,  # the system's affair
    (4,): Kind.TEMPORARY,  # the network's
    (5,): Kind.POLICY,  # protocol
    (6,): Kind.POLICY,  # content
    (7,): Kind.POLICY,  # security and policy
}

_SOMEBODY = (
    r"(?:e-?mail )?(?:user(?:s|name)?|recipients?|mail ?box(?:es)?|account|address(?:ee|es)?|alias"
    r"|person|customer|login|subscriber|member|destination|mail ?drop|userid|name)"
)
_IS_NOBODY = (
    r"(?:unknown|not (?:be )?(?:found|known|exist|valid|listed|registered|recognized|recognised"
    r"|active here|locally|a valid|our|here)|(?:do(?:es)?|did)(?: not|n'?t) exist|isn'?t (?:here|valid|known)"
    r"|non-?existent|no longer|invalid|undeliverable|not a (?:known|valid|registered)"
    r"|has been (?:deleted|removed|closed|cancel+ed|terminated)|(?:was|is) (?:deleted|removed|closed)"
    r"|unavailable|cannot be found|couldn'?t be found)"
)
# What a server's words say, whatever its code: the first that fits. Hosts, addresses and URLs are
# taken out of the words before.
_BY_WORDS = [
    (kind, re.compile("|".join(patterns), re.IGNORECASE))
    for kind, patterns in [
        (
            Kind.TEMPORARY,  # the mailbox is full
            [
                r"(?:mail ?box|inbox|mail ?folder|account|user|recipient|storage)\b.{0,40}\b(?:is |are |was |has )?(?:full|exceeded|exceeds|over.{0,20}(?:quota|limit))\b(?!.{0,20}rate)",
                r"\b(?:over|out of|exceed\w*|insufficient)\b.{0,30}\b(?:quota|(?:disk|storage)(?: space)?|allocat\w+)",
                r"\bquota\b.{0,30}\b(?:exceed|full|reached|violation)|disk full|not enough (?:storage|space)|no space left",
                r"bo[iî]te .{0,30}pleine|postfach .{0,30}voll|buz[oó]n .{0,20}lleno|ящик .{0,30}переполнен|переполнен\w* ящик",
                # it is out of order
                r"(?:account|mail ?box|user|recipient)\b.{0,30}\b(?:disabled|suspended|inactive|locked|blocked|deactivated|discontinued|frozen|on hold)",
                r"(?:can(?:no|')?t|could ?n[o']t) (?:create|open|write|lock|append)|malformed",
                # the way there is
                r"message expired|connection (?:refused|reset|closed|lost|timed)|lost connection|time(?:d|-| )? ?out\b",
                # too much at a time
                r"too many (?:\w+ )?(?:connections|sessions|messages|mails|recipients|concurrent|errors)|rate.?limit|throttl|frequency|too (?:quickly|fast)|gr[ea]y ?-?list",
            ],
        ),
        (
            Kind.POLICY,  # words that stand for nothing else
            [
                r"\bspam|\bunsolicited|\bbulk (?:e-?)?mail|\bvirus|\bmalware|\bphish|\bjunk|\binfected",
                r"black ?-?list|block ?-?list|deny ?-?list|\bDNSBL\b|\bRBL\b|\bblocked\b|\bbanned\b|reputation",
                r"\bDMARC|\bDKIM|\bSPF\b|sender policy|authenticat|auth required",
                r"reverse (?:dns|lookup|hostname|ip)|\bPTR\b|\brDNS\b|\bHELO\b|\bEHLO\b|dynamic (?:ip|address)",
                r"pas autoris|permisos|berechtigung|soyez pas autoris",
                r"relay(?:ing)? (?:access )?(?:denied|not|prohibited)|(?:not|unable to|cannot|won'?t|no|without) .{0,20}relay|open relay",
                r"\bsenders?\b.{0,40}\b(?:reject|denied|refused|not|unknown|invalid|blocked|verif)|(?:bad|invalid|unknown|unrout\w+|unresolv\w+) sender|my name was rejected|(?:ip|host) for sending|(?:provide|use) a valid from|from:? (?:address|domain)|return path",
                r"\b(?:message|mail|content|attachment)s?\b.{0,20}\b(?:size|too (?:big|large))|exceed\w*.{0,40}\b(?:size|maximum)|larger than|too (?:big|large)\b",
            ],
        ),
        (
            Kind.FINAL,
            [
                rf"\b{_SOMEBODY}\b.{{0,60}}\b{_IS_NOBODY}",
                rf"\b(?:no such|unknown|invalid|bad|non-?existent|no|not a valid|no valid|illegal|unrecogni[sz]ed)\b (?:local |virtual |such |destination |final delivery |or \w+ |alias |e-?mail |smtp ){{0,3}}{_SOMEBODY}",
                r"n.existe pas|inconnue?\b|destinataire invalide|nicht (?:bekannt|vorhanden|gefunden)|unbekannt|existiert nicht|(?:no|non|não) exist|sconosciut|не (?:существует|найден)|такого (?:пользователя|ящика) нет",
                r"not? (?:exactly )?match(?:es)?|no .{0,10}delivery point",
                r"recipient (?:address )?rejected: access denied|no mailbox (?:here )?by that name|not our customer|nobody (?:here )?by (?:that|this) name|this user doesn'?t have|can'?t find|does ?not have an? (?:\w+ )?(?:account|mailbox)|no one (?:here )?(?:by|with)",
                r"(?:host|domain|server)(?: name)?\b.{0,40}\b(?:not found|unknown|does ?n[o']t exist|invalid|non-?existent|nxdomain)|unknown (?:mail )?(?:host|domain)|couldn'?t find (?:any host|a mail exchanger)|bad (?:destination )?host|unrouteable|unroutable|invalid (?:host|domain)|no (?:dns|mx|a) (?:record|found)|all relevant MX records point to non-existent|nxdomain|no such (?:domain|host)|illegal host",
                r"null ?mx|no smtp service|(?:do(?:es)?|will) not accept (?:any )?(?:e-?)?mails?\b|accepts? no (?:e-?)?mail|is (?:no longer|not) (?:accepting|receiving|in use)",
                r"has moved|moved to|no longer (?:works|employed|with|valid|at|available|here|exists?|on this)|left the (?:company|organi[sz]ation)|relocated|changed (?:his|her|their|e-?mail|address)|forwarding (?:address )?(?:has )?expired",
            ],
        ),
        (
            Kind.POLICY,
            [
                r"(?:message|mail|content|attachment|file|body|header|line)s?\b.{0,30}\b(?:reject\w*|refused|not accept\w*|contains|prohibited|violat\w*|filter\w*|forbidden)\b|(?:line|header)s? (?:too long|limit|error)",
                r"polic(?:y|ies)|administrative(?:ly)? prohibit|prohibited|not (?:been )?(?:authori[sz]ed|permitted|allowed)|unauthori[sz]ed|security|suspicious|suspected|access denied|not accept\w* (?:\w+ ){0,2}from",
                r"\bRFC ?\d*(?:\s|-)?compli|non-?compliant|syntax error|\bTLS\b|\bSTARTTLS\b|command (?:not|unrecogni)|sequence of commands|bad sequence|mismatch|protocol|not implemented",
                r"(?:missing|no|multiple|duplicate) (?:\S+ )?(?:header|field)",
                r"your (?:ip|host|server|mail ?server|network|domain)\b.{0,60}\b(?:reject|refus|list|deni|not)",
            ],
        ),
        (
            Kind.TEMPORARY,
            [
                r"time[ -]?(?:d )?out|timeout|\bexpired|retry|try (?:it )?(?:again|later)|temporar|gr[ea]y ?-?list|deferred|\blater\b",
                r"connection (?:refused|reset|closed|lost|failed)|unreachable|no route|network|could(?: not|n't) connect|not responding|connect to",
                r"too many|rate|throttl|resources|busy|overload|hop count|loop|system (?:error|failure|not)|internal|config|local (?:error|problem)|software|i/o error|error (?:writing|opening)|mail(?:er| system) |program",
                r"disabled|suspend|inactive|inactivity|locked|not active|deactivated|frozen|on hold|dormant|restricted",
            ],
        ),
    ]
]
# Hosts that are asked about senders.
_LISTS = re.compile(r"spamhaus|spamcop|barracudacentral|sorbs|dnsbl", re.IGNORECASE)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
# an SMTP reply (RFC 5321, section 4.2), at the start of the words or behind a word that says so
_REPLY = re.compile(r"(?:^|[:;<>\"']\s*|\b(?:said|error|reply|response|code)\W{1,4})([45])\d\d(?=[ -]|$)")
_NAMES = re.compile(r"https?://\S+|\S+@\S+|\b[\w-]+(?:\.[\w-]+){2,}\b|\b[\w-]+\.(?:com|org|net|jp|de)\b")


def mildest(verdicts: Iterable[tuple]) -> tuple:
    """Return the first of the mildest verdicts; each begins with its Kind."""
    return min(verdicts, key=lambda verdict: GRAVITY.index(verdict[0]))


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
    if by_words is Kind.FINAL and is_policy:
        return Kind.POLICY
    return by_words or _BY_STATUS.get(tuple(numbers[1:])) or _BY_STATUS.get(tuple(numbers[1:2]))


def _read(text):
    """Return what words say, their status code, and whether an SMTP reply says: for now."""
    words = _NAMES.sub(lambda name: " blocklist " if _LISTS.search(name[0]) else " ", text)
    kind = next((kind for kind, pattern in _BY_WORDS if pattern.search(words)), None)
    status = find_status(text)
    reply = _REPLY.search(words)
    return kind, status, not status and bool(reply) and reply[1] == "4"
