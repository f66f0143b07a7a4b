import errno
import os
import smtplib
import socket
import ssl
from unittest import TestCase

from odoo.addons.mass_mailing_campaign.delivery.reply import Trouble, describe, find_trouble


class TestTrouble(TestCase):
    def test_what_the_system_says_is_known_by_its_words(self):
        for error, trouble in (
            (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), Trouble.REFUSED),
            (OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH)), Trouble.UNREACHABLE),
            (socket.gaierror(-2, "Name or service not known"), Trouble.NO_HOST),
            (socket.gaierror(-3, "Temporary failure in name resolution"), Trouble.NO_DNS),
            (TimeoutError("timed out"), Trouble.SILENT),
            (TimeoutError("_ssl.c:990: The handshake operation timed out"), Trouble.SILENT),
            (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), Trouble.SILENT),
            (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), Trouble.CLOSED),
            (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), Trouble.CLOSED),
            (
                smtplib.SMTPServerDisconnected("Connection unexpectedly closed: timed out"),
                Trouble.CLOSED,
            ),
            (
                ssl.SSLCertVerificationError(
                    1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed"
                ),
                Trouble.CERTIFICATE,
            ),
            (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version"), Trouble.ENCRYPTION),
            (
                smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."),
                Trouble.NO_STARTTLS,
            ),
            (
                smtplib.SMTPNotSupportedError("SMTP AUTH extension not supported by server."),
                Trouble.NO_LOGIN,
            ),
        ):
            with self.subTest(error):
                words = describe(error)
                self.assertEqual(find_trouble(words)[0], trouble)
                self.assertEqual(find_trouble(f"Relay: {words}")[0], trouble)

    def test_where_the_words_begin(self):
        self.assertEqual(find_trouble("Relay: Connection refused"), (Trouble.REFUSED, 7))

    def test_what_a_server_says_and_what_is_rare_is_no_trouble_of_the_system(self):
        for words in (
            "",
            "421 4.4.2 timed out",
            "Relay: 535 5.7.8 error: Connection refused",
            "Mail for timed out people is refused",
            "There is no room",
        ):
            self.assertEqual(find_trouble(words), (None, 0))
