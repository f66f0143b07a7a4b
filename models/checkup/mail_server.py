import smtplib
import ssl
from contextlib import closing, suppress

from odoo.exceptions import UserError
from odoo.tools import config, email_normalize

from ...delivery.address import is_wire_sender, wire_address
from ...delivery.envelope import Envelope
from ...delivery.reply import Moment, Outcome, classify, in_words
from ...delivery.transport import describe
from ...engine.troubles import explained
from .check import Check, is_neutralized, reader, servers_with_senders, shared_servers

# Seconds to wait for a mail server's answer.
PATIENCE = 5
# A server that wants a log-in, or did not like it, says so when it gets a message (RFC 4954):
# with Gmail and Outlook Odoo does not look how their log-in ended.
LOG_IN_CODES = {530, 534, 535, 538}
# The host of the one that neutralizing leaves.
NO_HOST = "invalid"


class MailServerCheck(Check):
    """Outgoing mail servers: reached, and willing to take the log-in and the sender.

    The session is opened as the engine does, through Odoo. Nothing is sent.
    """

    topic = "mail_server"
    asks_others = True

    def findings(self):
        hosts = set(shared_servers(self.env).mapped("smtp_host"))
        if is_neutralized(self.env) and hosts == {NO_HOST}:
            yield self.unchecked(
                self.env._("This is a neutralized copy of a database. Its mail servers are off.")
            )
            return
        for server, sender in servers_with_senders(self.env):
            yield self._finding(server, sender)

    def _finding(self, server, sender):
        sender = email_normalize(sender or "") or ""
        name = server.name or self.env._("The mail server of the command line")
        mend = "open_mail_servers"
        if not sender:
            return self.bad(
                self.env._("%s: there is no address to send from.", name),
                self.env._("Give your company an e-mail address."),
            )
        if not is_wire_sender(on_wire := wire_address(sender) or sender):
            return self.bad(
                self.env._(
                    "%(server)s: mail servers do not take the address %(sender)s.",
                    server=name,
                    sender=sender,
                ),
                self.env._("Choose a sender with plain letters before the @."),
                mend,
            )
        if trouble := self._unreachable(server):
            return self.bad(
                f"{name}: {trouble}",
                self.env._("Correct host, port and encryption, or let your firewall pass it."),
                mend,
            )
        try:
            session = server._open_session(sender)
        except smtplib.SMTPAuthenticationError as error:
            return self._no_log_in(server, name, self._words(error))
        except UserError as error:
            return self.bad(
                f"{name}: {self._words(error)}", self.env._("See to its settings."), mend
            )
        except (OSError, smtplib.SMTPException, ssl.SSLError) as error:
            return self._no_session(name, self._words(error))
        try:
            return self._ask(session, server, name, on_wire)
        except (OSError, smtplib.SMTPException) as error:
            return self.bad(
                self.env._(
                    "%(server)s broke off: %(reply)s", server=name, reply=self._words(error)
                ),
                self.env._("Ask who runs it."),
                mend,
            )
        finally:
            with suppress(OSError, smtplib.SMTPException):
                session.close()

    def _words(self, error):
        return explained(self.env, describe(error))

    def _unreachable(self, server):
        """Return why a server is not reached or does not answer, in words; None when it does."""
        is_of_command_line = not server or server.smtp_authentication == "cli"
        host = config.get("smtp_server") if is_of_command_line else server.smtp_host
        port = config.get("smtp_port") if is_of_command_line else server.smtp_port
        encryption = server.smtp_encryption or "none"
        if is_of_command_line:
            encryption = "starttls" if config.get("smtp_ssl") else "none"
        if not host:
            return self.env._("no host is set.")
        place = f"{host}:{port}"
        try:
            greet(host, port, encryption)
        except (TimeoutError, smtplib.SMTPServerDisconnected) as error:
            # smtplib takes a reply that does not come for a connection that ends
            if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
                return self.env._(
                    "%(place)s does not answer within %(seconds)s seconds.",
                    place=place,
                    seconds=PATIENCE,
                )
            return self.env._("%s closes the connection at once.", place)
        except (ssl.SSLError, smtplib.SMTPException):
            return None  # Odoo may get on with it, or says what it does not like
        except (OSError, UnicodeError) as error:
            return self.env._(
                "%(place)s cannot be reached: %(reason)s", place=place, reason=self._words(error)
            )
        return None

    def _ask(self, session, server, name, sender):
        """See whether a message from the sender to ourselves would be taken."""
        if session.sock:
            session.sock.settimeout(PATIENCE)
        oneself = wire_address(reader(self.env).email_normalized or "") or sender
        envelope = Envelope(None, sender, oneself, "", b"")
        for moment, ask, address in (
            (Moment.MAIL, session.mail, sender),
            (Moment.RCPT, session.rcpt, oneself),
        ):
            code, reply = ask(address)
            if code // 100 == moment.welcome:
                continue
            if code == 530 and b"STARTTLS" in reply.upper():  # RFC 3207, section 4
                return self._no_session(name, in_words(code, reply))
            if code in LOG_IN_CODES:
                return self._no_log_in(server, name, in_words(code, reply))
            outcome = classify(moment, code, reply, envelope)
            if outcome is Outcome.REFUSED:
                return self._no_sender(name, sender, in_words(code, reply))
            if outcome is Outcome.BUSY:
                return self._busy(name, in_words(code, reply))
            # it is about ourselves, as those who are mailed
        session.rset()
        return self.good(
            self.env._(
                "%(server)s is reached, and takes messages from %(sender)s.",
                server=name,
                sender=sender,
            )
        )

    def _no_log_in(self, server, name, reply):
        # Gmail and Outlook are told by Odoo's own modules for them
        by_password = server.smtp_authentication in (False, "login", "certificate", "cli")
        return self.bad(
            self.env._("%(server)s does not take the log-in: %(reply)s", server=name, reply=reply),
            self.env._("Correct user and password. Some providers ask for a password for apps.")
            if by_password
            else self.env._("Connect its account anew, and see that it may send by SMTP."),
            "open_mail_servers",
        )

    def _no_session(self, name, reply):
        return self.bad(
            self.env._("%(server)s gives no session: %(reply)s", server=name, reply=reply),
            self.env._("Correct encryption and log-in."),
            "open_mail_servers",
        )

    def _no_sender(self, name, sender, reply):
        return self.bad(
            self.env._(
                "%(server)s refuses messages from %(sender)s: %(reply)s",
                server=name,
                sender=sender,
                reply=reply,
            ),
            self.env._("Allow this sender at your provider, or choose another sender or server."),
            "open_mail_servers",
        )

    def _busy(self, name, reply):
        return self.warning(
            self.env._(
                "%(server)s takes no message right now: %(reply)s", server=name, reply=reply
            ),
            self.env._("Look again later. If it lasts, ask who runs it."),
        )


def greet(host, port, encryption):
    """Talk to a mail server as far as the log-in, with our patience: Odoo waits a minute.

    It is nobody's mail that is at stake, so certificates are left to Odoo's session.
    """
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    if encryption.startswith("ssl"):
        session = smtplib.SMTP_SSL(host, port, timeout=PATIENCE, context=unverified)
    else:
        session = smtplib.SMTP(host, port, timeout=PATIENCE)
    with closing(session):
        session.ehlo_or_helo_if_needed()
        if encryption.startswith("starttls"):
            session.starttls(context=unverified)
            session.ehlo()
