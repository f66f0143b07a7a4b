"""What mail servers say when they do not take a message: the words for each kind of bounce.

A regular expression a line, without regard to case. WHO stands for whom a message is for, NOBODY
for what is said of who is not there, NO_SUCH for what is said before whom; SOME for mail that is
not all of it. The first of ``PHRASES`` that fits decides, so what is precise stands before what is
vague.
"""

import re

_WHO = (
    r"(?:e-?mail )?(?:user(?:s|name|id)?|recipients?|mail ?box(?:es)?|account|address(?:ee|es)?"
    r"|alias|person|customer|login|subscriber|member|destination|name)"
)
_NOBODY = (
    r"(?:unknown(?! (?:error|reason))|invalid|(?<!service )(?<!temporarily )unavailable"
    r"|non-?existent|no longer"
    r"|not (?:be |a )?(?:found|known|exist|valid|listed|registered|recogni[sz]ed|local|our|here)"
    r"|(?:do(?:es)?|did)(?: not|n'?t) exist|isn'?t (?:here|valid|known)"
    r"|(?:was|is|has been) (?:deleted|removed|closed|cancel+ed|terminated)"
    r"|c(?:annot|ould ?n[o']t) be found)"
)
# IronPort calls whatever it quotes an "unknown address error".
_NO_SUCH = (
    r"(?!unknown address error|\w+ (?:\w+ )?(?:attachment|file|header)\b)"
    r"(?:no|no such|unknown|invalid|bad|non-?existent|illegal)"
)
_SOME = r".{0,30}\b(?:from|with(?:out)?|at (?:this|the) (?:time|moment)|now|later)\b"
_NAMED = {"WHO": _WHO, "NOBODY": _NOBODY, "NO_SUCH": _NO_SUCH, "SOME": _SOME}

PHRASES = [
    # the sender has had what he may send
    (
        "policy",
        r"""
        \b(?:daily|hourly|sending|outgoing|outbound|relay) (?:\w+ ){0,2}(?:limit|quota)
        (?:e-?mails|messages|mails|recipients) per (?:minute|hour|day)
        лимит\w* .{0,20}отправ
        """,
    ),
    # full
    (
        "temporary",
        r"""
        (?:mail ?box|inbox|mail ?folder|account|user|recipient|storage)\b.{0,50}\bfull\b
        (?:mail ?box|account|user|recipient|storage)\b.{0,50}\bexceed(?:s|ed)\b(?!.{0,20}rate)
        (?:mail ?box|account|user|recipient|storage)\b.{0,50}\bover.{0,20}limit\b(?!.{0,20}rate)
        \b(?:over|out of|exceed\w*|insufficient)\b.{0,30}\b(?:quota|disk|storage|allocat\w+)
        \bquota\b.{0,30}\b(?:exceed|full|reached|violation)
        over ?quota|disk full|not enough (?:storage|space)|no space left
        bo[iî]te .{0,30}pleine|postfach .{0,30}voll|buz[oó]n .{0,20}lleno|casella .{0,20}piena
        ящик .{0,30}переполнен|переполнен\w* ящик
        """,
    ),
    # out of order
    (
        "temporary",
        r"""
        (?:account|mail ?box|user|recipient)\b.{0,30}\b(?:disabled|suspended|inactive|deactivated)
        (?:account|mail ?box|user|recipient)\b.{0,30}\b(?:locked|blocked|discontinued|frozen)
        (?:account|mail ?box|user|recipient)\b.{0,30}\bon hold
        (?:can(?:no|')?t|could ?n[o']t) (?:create|open|write|lock|append)|malformed
        """,
    ),
    # the way there, and too much of it at a time
    (
        "temporary",
        r"""
        message expired|connection (?:refused|reset|closed|lost|timed)|lost connection
        time(?:d|-| )? ?out\b|gr[ea]y ?-?list|rate.?limit|throttl|frequency|too (?:quickly|fast)
        too many (?:\w+ )?(?:connections|sessions|messages|mails|recipients|concurrent|errors)
        (?:too many|number of) (?:\w+ )?(?:users|recipients|addresses)
        """,
    ),
    # what the letter, its sender and his server are taken for
    (
        "policy",
        r"""
        polic(?:y|ies) (?:restriction|reason)|\bharvest|\bquarantin|\bclient host\b
        \bspam|\bunsolicited|\bbulk (?:e-?)?mail|\bvirus|\bmalware|\bphish|\bjunk|\binfected
        (?:black|block|deny) ?-?list|\bDNSBL\b|\bRBL\b|\bblocked\b|\bbanned\b|reputation
        \bDMARC|\bDKIM|\bSPF\b|sender policy|authenticat|auth required
        reverse (?:dns|lookup|hostname|ip)|\bPTR\b|\brDNS\b|dynamic (?:ip|address)
        \b[EH][EH]LO\b|my name was rejected|(?:ip|host) for sending
        relay(?:ing)? (?:access )?(?:denied|not|prohibited)|open relay
        (?:not|unable to|cannot|won'?t|no|without) .{0,20}relay
        \bsend(?:er(?:'?s)?|ing) domain\b.{0,30}\bno\b
        \b(?:mx|dns|a) records?\b.{0,30}\b(?:your|sender)
        \byour (?:ip|host|(?:mail ?)?server|network|domain)\b.{0,60}\b(?:reject|refus|list|deni|not)
        \byour (?:host|domain)(?: name)?\b.{0,30}\b(?:no|unknown|invalid)\b
        \bsenders?\b.{0,40}\b(?:reject|denied|refused|not|unknown|invalid|blocked|verif)
        (?:bad|invalid|unknown|unrout\w+|unresolv\w+) sender|return[ -](?:path|address)
        (?:provide|use) a valid from|(?:from:?|sending|reply-to) (?:address|domain)
        (?:message|mail|content|attachment)s?\b.{0,20}\b(?:size|too (?:big|large))
        exceed\w{0,5}.{0,40}\b(?:size|maximum)|larger than|too (?:big|large)\b
        pas autoris|permisos|berechtigung|отправител\w* .{0,30}\bне (?:существует|найден)
        """,
    ),
    # a machine is not there
    (
        "temporary",
        r"""
        (?:server|host|system|database|store|directory|verification) (?:\w+ ){0,2}unavailable
        mail ?box (?:server|database|store)\b.{0,20}\bnot\b
        """,
    ),
    # nobody there
    (
        "final",
        r"""
        \bWHO\b.{0,60}\bNOBODY
        \bNO_SUCH (?:\w+ ){0,2}WHO|undeliverable address
        \b(?:not a|no) valid WHO|unrecogni[sz]ed WHO
        no mailbox (?:here )?by that name|not our customer|no ?(?:body|one) (?:here )?(?:by|with)
        this user doesn'?t have|does ?not have an? (?:\w+ )?(?:account|mailbox)|can'?t find
        not? (?:exactly )?match(?:es)?|no .{0,10}delivery point
        # Exchange Online, for a recipient that its directory does not hold
        recipient address rejected: access denied
        n.existe pas|(?<!erreur )inconnue?\b|destinataire invalide
        unbekannt(?!er fehler)|existiert nicht
        nicht (?:bekannt|vorhanden|gefunden)|(?:no|non|não) exist|sconosciut
        не (?:существует|найден)|такого (?:пользователя|ящика) нет
        нет такого (?:пользователя|ящика|адрес)|неизвестн\w+ (?:пользовател|получател|адресат)
        """,
    ),
    # no host, or one without mail; moved
    (
        "final",
        r"""
        (?:host|domain|server)(?: name)?\b.{0,40}\b(?:not found|unknown|does ?n[o']t exist|invalid)
        (?:host|domain)(?: name)?\b.{0,40}\bnon-?existent|unroutable|unrouteable|nxdomain
        (?:unknown|invalid|illegal|bad|no such) (?:mail |destination )?(?:host|domain)
        couldn'?t find (?:any host|a mail exchanger)|no (?:dns|mx|a) (?:record|found)
        null ?mx|no smtp service|accepts? no (?:e-?)?mail(?!SOME)
        (?:do(?:es)?|will) not accept (?:any )?(?:e-?)?mails?\b(?!SOME)
        is (?:no longer|not) (?:accepting|receiving|in use)(?!SOME)
        has moved|moved to|relocated|changed (?:his|her|their|e-?mail|address)
        no longer (?:works|employed|with|valid|at|available|here|exists?|on this)
        left the (?:company|organi[sz]ation)|forwarding (?:address )?(?:has )?expired
        """,
    ),
    # rules of the house
    (
        "policy",
        r"""
        (?:message|mail|content|attachment|file|body|header|line)s?\b.{0,30}\b(?:reject|refus|filter)
        (?:message|mail|content|attachment|file)s?\b.{0,30}\b(?:not accept|contains|violat|forbid)
        polic(?:y|ies)|prohibit|suspicious|suspected|security|access denied
        not (?:been )?(?:authori[sz]ed|permitted|allowed)|unauthori[sz]ed
        not accept\w* (?:\w+ ){0,2}from
        \bRFC ?\d*[\s-]?compli|non-?compliant|syntax error|protocol|not implemented|mismatch
        \bTLS\b|\bSTARTTLS\b|command (?:not|unrecogni)|(?:bad sequence|sequence of commands)
        (?:missing|no|multiple|duplicate) (?:\S+ )?(?:header|field)
        (?:line|header)s? (?:too long|limit|error)
        """,
    ),
    # trouble
    (
        "temporary",
        r"""
        \bexpired|retry|try (?:it )?(?:again|later)|temporar|deferred|\blater\b
        connection failed|unreachable|no route|network|could(?: not|n't) connect|connect to
        not responding|too many|rate|resources|busy|overload|hop count|loop|i/o error
        system (?:error|failure|not)|internal|config|local (?:error|problem)|software|program
        error (?:writing|opening)|mail(?:er| system)\s
        disabled|suspend|inactiv|locked|not active|deactivated|frozen|on hold|dormant|restricted
        """,
    ),
]


def _compile(lines):
    alternatives = [line.strip() for line in lines.strip().splitlines()]
    pattern = "|".join(line for line in alternatives if not line.startswith("#"))
    for name, words in _NAMED.items():
        pattern = pattern.replace(name, words)
    return re.compile(pattern, re.IGNORECASE)


_PATTERNS = [(kind, _compile(lines)) for kind, lines in PHRASES]
# Hosts that are asked about senders; their names stand for what they say.
_LISTS = re.compile(r"spamhaus|spamcop|barracudacentral|sorbs|dnsbl", re.IGNORECASE)
# URLs, addresses and hosts: what they are called says nothing. Looked for where they may begin, not
# again at each letter of what is none.
_NAMES = re.compile(
    r"https?://\S+|(?<!\S)\S+@\S+"
    r"|(?<![\w-])[\w-]+(?:\.[\w-]+){2,}\b|(?<![\w-])[\w-]+\.(?:com|org|net)\b"
)


def without_names(text: str) -> str:
    """Return a text without the URLs, addresses and hosts in it."""
    return _NAMES.sub(lambda name: " blocklist " if _LISTS.search(name[0]) else " ", text)


def kind_of(words: str) -> str | None:
    """Return the kind of bounce that words tell of, by the value of its ``Kind``; None for none.

    :param words: by ``without_names``
    """
    return next((kind for kind, pattern in _PATTERNS if pattern.search(words)), None)
