from unittest import skipUnless

from odoo.tools import mute_logger

from ...common import MassEmailCase, mail
from ...imap_server import DOVECOT, PASSWORD, USER, ImapServer
from ...returned_mail import KINDS, letter, returned


@skipUnless(DOVECOT, "needs Dovecot; dev/test installs it")
class TestBounceMailbox(MassEmailCase):
    """The whole way: a mass email goes out, its answers lie in a mailbox, Odoo fetches them."""

    def setUp(self):
        super().setUp()
        domain = {"name": "garden.example.com", "bounce_alias": "bounce"}
        self.marketer.company_id.alias_domain_id = self.env["mail.alias.domain"].create(domain)
        self.imap = self.enterContext(ImapServer())
        self.fetcher = self.env["fetchmail.server"].create(
            {
                "name": "Bounces",
                "server_type": "imap",
                "server": "127.0.0.1",
                "port": self.imap.port,
                "is_ssl": False,
                "user": USER,
                "password": PASSWORD,
                "state": "done",
                "object_id": self.env["ir.model"]._get_id("mailing.contact"),
            }
        )

    @mute_logger("odoo.addons.mail.models.fetchmail")
    def fetch(self):
        with self.committing(self.fetcher) as fetcher:
            fetcher.fetch_mail()

    def test_every_kind_comes_through_the_mailbox(self):
        names = sorted(KINDS)
        for name in names:
            self._contact(name, self.target_list, email=f"{name}@{name.replace('_', '-')}.example")
        self._contact("reply", self.target_list, email="reply@reply.example")
        mailing = self._mass_email()
        self.send(mailing)
        traces = {trace.contact_id.name: trace for trace in mailing.mailing_trace_ids}
        references = self.env["mailing.trace"]._references()
        self.imap.put(
            *(
                returned(
                    name,
                    address=traces[name].email,
                    message_id=traces[name].message_id,
                    returned=letter(
                        traces[name].message_id,
                        references.sign(traces[name].id),
                        traces[name].email,
                    ),
                )
                for name in names
            ),
            mail("reply").format(number=1, message_id=traces["reply"].message_id),
        )
        self.assertEqual(self.imap.unread(), len(names) + 1)
        self.fetch()
        self.assertEqual(self.imap.unread(), 0)
        events = self.env["mailing.trace.event"].search([("mailing_id", "=", mailing.id)])
        for name in names:
            with self.subTest(name=name):
                own = events.filtered(lambda event, trace=traces[name]: event.trace_id == trace)
                kind = KINDS[name]
                told = set(own.mapped(lambda event: event.bounce_type or event.event_type))
                expected = {
                    "complaint": {"sent", "complained", "opted_out"},
                    "delayed": {"sent"},
                    "other": {"sent"},
                    "auto_reply": {"sent"},
                }
                self.assertEqual(told, expected.get(kind, {"sent", kind}))
        known = self.env["mailing.address"].search([])
        self.assertEqual(
            {each.address: bool(each.dead_datetime) for each in known},
            {
                traces[name].email: kind == "final"
                for name, kind in KINDS.items()
                if kind in ("final", "temporary")
            },
        )
        self.assertEqual(traces["reply"].trace_status, "reply")
        again = self._mass_email()
        again._build_queue()
        self.assertEqual(
            {name for name, outcome in self.outcomes(again).items() if outcome != "outgoing"},
            {name for name, kind in KINDS.items() if kind in ("final", "complaint")},
        )
