from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.bounce import Kind, find_status, judge

# What programs write of whatever comes back.
SAY_NOTHING = [
    "Your message to the following recipients was undeliverable",
    "Delivery to the following recipients failed: unknown error",
    "550 Erreur inconnue",
    "550 Unbekannter Fehler",
    "550 Delivery to this recipient failed for unknown reason",
    "550 invalid attachment file name",
]
# What servers say, with their code, and what it means for the address.
REPLIES = {
    "final": [
        "550 5.1.1 <a@example.com>: Recipient address rejected: User unknown",
        "550 No such user here",
        "553 sorry, that domain isn't in my list; no mailbox here by that name (#5.7.1)".replace(
            " (#5.7.1)", ""
        ),
        "550 5.1.2 Host unknown (Name server: example.invalid: host not found)",
        "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)",
        "556 5.1.10 Recipient address has null MX",
        "550 5.1.6 The mailbox has moved",
        "550 5.1.1",
        "550 5.7.1 No such user!",
        "550 Такого пользователя нет",
        "550 Нет такого пользователя",
        "550 Неизвестный получатель",
        "550 Recipient address rejected: undeliverable address",
        "550 This mailbox does not accept mail",
    ],
    "temporary": [
        "552 5.2.2 Mailbox full",
        "550 5.1.1 The account is over quota",
        "552-5.2.2 The email account that you tried to reach is over quota",
        "550 5.2.1 The email account that you tried to reach is disabled",
        "450 4.2.0 <a@example.com>: Recipient address rejected: Greylisted",
        "450 4.1.1 User unknown",
        "421 Service not available, try again later",
        "550 5.4.316 Message expired, connection refused",
        "550 5.4.4 The destination server is currently unavailable",
        "554 5.4.0 name server unavailable",
        "550 Too many unknown users in this session",
        "550 Maximum number of invalid recipients exceeded",
        "550 Mailbox temporarily unavailable",
        "550 Mailbox server not found",
        "550 Remote host is not accepting mail, try later",
    ],
    "policy": [
        "550 5.7.1 Message rejected as spam by content filtering",
        "550 5.1.1 Your IP is on our block list",
        "554 5.7.1 Service unavailable; Client host blocked using zen.spamhaus.org",
        "553 5.1.3 http://www.spamhaus.org/query/bl?ip=192.0.2.222",
        "550-5.7.26 This mail is unauthenticated: SPF and DKIM did not pass",
        "552 5.3.4 Message size exceeds fixed limit",
        "550 5.7.1 Relaying denied",
        "550 5.7.1 user unknown",
        "550 5.1.8 Sender address rejected: Domain not found",
        "550 Unroutable sender address",
        "451 4.7.1 Your reputation is bad, try again later",
        "550-Requested action not taken: mailbox unavailable\n550 Reject due to policy reasons",
        "554-No SMTP service\n554 Reject due to policy restrictions",
        "5.1.0 - Unknown address error 550-'5.7.1 <a@example.com>... Access denied'",
        "550 This user does not accept mail from your server",
        "550 The mailbox accepts no mail without TLS",
        "550 Your host name was not found in DNS",
        "550 no MX record found for your domain",
        "550 The sending domain has no MX record",
        "553 invalid return address",
        "550 Return-Path address unknown",
        "550 The sending address is unknown",
        "550 Your message has been moved to quarantine",
        "550 Client host rejected: host name unknown",
        "550 Домен отправителя не найден",
        "550 5.4.5 Daily user sending limit exceeded",
        "550 5.1.90 Your message can't be sent, you've reached your daily limit for recipients",
        "550 Domain a.example has exceeded the max emails per hour (300/300 (100%)) allowed",
        "550 Превышен лимит на отправку писем",
    ],
    None: ["", "550", "550 5.0.0 Failed", "554 Transaction failed", *SAY_NOTHING],
}


class TestBounce(TestCase):
    def test_what_servers_say(self):
        for kind, replies in REPLIES.items():
            for reply in replies:
                with self.subTest(reply=reply):
                    verdict = judge(find_status(reply), [reply])
                    self.assertEqual(verdict and verdict.value, kind)

    def test_a_code_of_class_five_alone_is_not_final(self):
        codes = [f"5.{subject}.{detail}" for subject in range(8) for detail in range(20)]
        final = [code for code in codes if judge(code, []) is Kind.FINAL]
        self.assertEqual(final, ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])
        # 5.5 to 5.7 are about us, whatever the detail
        policy = [code for code in [*codes, "5.1.90"] if judge(code, []) is Kind.POLICY]
        policy = [code for code in policy if code[2] not in "567"]
        sender, size = ["5.1.7", "5.1.8", "5.1.9"], ["5.2.3", "5.3.4"]
        self.assertEqual(policy, [*sender, *size, "5.4.5", "5.1.90"])

    def test_the_nearest_words_count(self):
        self.assertEqual(judge("", ["", "mailbox full", "no such user"]), Kind.TEMPORARY)

    def test_the_names_of_hosts_and_people_say_nothing(self):
        for name in ("spam-filter.example.com", "unknown.user@example.com", "http://no.such/user"):
            self.assertIsNone(judge("", [f"550 {name} said no"]))

    @given(st.text(), st.text())
    def test_any_words_are_judged(self, status, words):
        self.assertIn(judge(find_status(status), [words]), [*Kind, None])
