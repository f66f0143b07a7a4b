import re
from time import monotonic

from .check import Check, is_installed, sender_domains

# Seconds to wait for all answers of the DNS about a domain.
PATIENCE = 3
# Neither excludes anybody (RFC 7208, section 4.6.2).
LETS_EVERYBODY = re.compile(r"\s[+?]?all(?:\s|$)", re.IGNORECASE)


class DnsCheck(Check):
    """What receiving servers look up of a sender's domain: SPF and DMARC.

    The name of a DKIM record stands in the signed message only, so it cannot be looked up.
    """

    topic = "dns"
    asks_others = True

    def findings(self):
        if not is_installed("dns"):
            yield self.unchecked(
                self.env._("SPF, DKIM and DMARC were not looked up."),
                self.env._("Ask your provider, or install dnspython on the server."),
            )
            return
        for domain in sender_domains(self.env):
            yield self._finding(domain)

    def _finding(self, domain):
        try:
            words = what_is_missing(self.env, domain, PATIENCE)
        except TimeoutError:
            return self.unchecked(self.env._("The DNS does not answer for %s.", domain))
        if words:
            return self.warning(words, how_to_mend(self.env))
        return self.good(
            self.env._("%s has SPF and DMARC. DKIM is seen in a received message only.", domain)
        )


def what_is_missing(env, domain, patience):
    """Return in words what speaks against a domain as a sender; nothing when nothing does.

    :param patience: seconds to wait for all answers together
    :raise TimeoutError: no resolver is at hand, or it does not answer
    """
    until = monotonic() + patience
    spf = _records(domain, "v=spf1", until)
    missing = [] if spf else ["SPF"]
    if not any(_records(f"_dmarc.{name}", "v=DMARC1", until) for name in _with_parents(domain)):
        missing.append("DMARC")
    if missing:
        return env._(
            "%(domain)s has no %(records)s record; its mail may be taken for spam.",
            domain=domain,
            records=", ".join(missing),
        )
    if any(LETS_EVERYBODY.search(record) for record in spf):
        return env._(
            "The SPF record of %s lets everybody send in its name; its mail may be taken for spam.",
            domain,
        )
    return ""


def how_to_mend(env):
    return env._("Have the record set where the domain is registered.")


def _with_parents(domain):
    """A domain without a DMARC record has that of its organization (RFC 7489, section 6.6.3)."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(max(len(labels) - 1, 1))]


def _records(host, start, until):
    return [text for text in _texts(host, until - monotonic()) if text.startswith(start)]


def _texts(host, patience):
    """Return the TXT records of a name."""
    if not is_installed("dns") or patience <= 0:
        raise TimeoutError
    from dns import exception, resolver

    try:
        answers = resolver.resolve(host, "TXT", lifetime=patience)
    except (resolver.NXDOMAIN, resolver.NoAnswer):
        return []
    except exception.DNSException as error:
        raise TimeoutError from error
    return [b"".join(answer.strings).decode(errors="replace") for answer in answers]
