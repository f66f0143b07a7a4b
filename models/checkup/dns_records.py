from .check import Check, is_installed, sender_domains

# Seconds to wait for an answer of the DNS.
PATIENCE = 3


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
            missing = [
                name
                for name, host, start in (
                    ("SPF", domain, "v=spf1"),
                    ("DMARC", f"_dmarc.{domain}", "v=DMARC1"),
                )
                if not any(text.startswith(start) for text in self._texts(host))
            ]
        except TimeoutError:
            return self.unchecked(self.env._("The DNS does not answer for %s.", domain))
        if missing:
            return self.warning(
                self.env._(
                    "%(domain)s has no %(records)s record; its mail may be taken for spam.",
                    domain=domain,
                    records=", ".join(missing),
                ),
                self.env._("Have the record set where the domain is registered."),
            )
        return self.good(
            self.env._("%s has SPF and DMARC. DKIM is seen in a received message only.", domain)
        )

    def _texts(self, host):
        """Return the TXT records of a name."""
        from dns import exception, resolver

        try:
            answers = resolver.resolve(host, "TXT", lifetime=PATIENCE)
        except (resolver.NXDOMAIN, resolver.NoAnswer):
            return []
        except exception.DNSException as error:
            raise TimeoutError from error
        return [b"".join(answer.strings).decode(errors="replace") for answer in answers]
