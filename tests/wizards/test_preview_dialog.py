import re

from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from ..common import ALL_CAMPAIGNS, MassEmailCase


class TestPreviewWizard(MassEmailCase):
    """A mass email as one of its recipients would get it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anna = cls._contact("Anna", cls.target_list)
        cls.bob = cls._contact("Bob", cls.target_list)
        cls.mailing = cls._mass_email(
            f'<p>Dear <t t-out="object.name"/>, <a href="{cls.offer.placeholder}">offer</a> or '
            '<a href="{optOutUrl}">leave</a></p>',
            preview="For {{ object.name }}",
        )

    def preview(self, contact=None, user=None, mailing=None):
        action = (mailing or self.mailing).with_user(user or self.marketer).action_preview()
        wizards = self.env[action["res_model"]].with_user(user or self.marketer)
        form = Form(wizards.with_context(**action["context"]))
        if contact:
            form.contact_id = contact
        return form.save()

    def test_it_is_the_letter_that_is_sent_but_for_the_links(self):
        preview = self.preview(self.bob)
        with self.smtp() as server:
            self.send(self.mailing, server)
        [sent] = [message for message in server.messages if "bob" in message["To"]]
        parts = {
            part.get_content_type(): part.get_content()
            for part in sent.walk()
            if not part.is_multipart()
        }
        token = re.compile(r"[0-9a-f]{32}")
        without_pixel = re.compile(r'<img src="(?:data:[^"]*|[^"]*/mailing/open/[^"]*)"')
        self.assertEqual(
            without_pixel.sub("", token.sub("", preview.page)),
            without_pixel.sub("", token.sub("", parts["text/html"])),
        )
        self.assertEqual(token.sub("", preview.text), token.sub("", parts["text/plain"]))
        self.assertEqual(preview.subject, sent["Subject"])
        self.assertEqual(preview.sender, sent["From"])
        names = re.findall(r"^([\w-]+):", preview.headers, re.MULTILINE)
        self.assertEqual(sorted(names), sorted(sent.keys()))

    def test_it_shows_what_a_member_would_get_by_default(self):
        preview = self.preview()
        self.assertEqual(preview.contact_id, self.anna)
        self.assertEqual(preview.subject, "News for Anna")
        self.assertEqual(preview.preheader, "For Anna")
        self.assertIn("Dear Anna", preview.page)
        self.assertIn("Dear Anna", preview.text)
        self.assertFalse(preview.error)

    def test_the_default_is_somebody_who_may_be_mailed(self):
        self.anna.subscription_ids.opt_out = True
        self.assertEqual(self.preview().contact_id, self.bob)
        self.assertIn("Opted", self.preview(self.anna).objection)

    def test_looking_opens_nothing_and_its_links_are_nobodys(self):
        preview = self.preview()
        self.assertNotIn("/mailing/open/", preview.page)
        tokens = set(re.findall(r"[0-9a-f]{32}", preview.page + preview.text))
        self.assertTrue(tokens)
        for token in tokens:
            self.assertFalse(self.env["mailing.trace"].sudo()._from_token(token))
        self.assertFalse(self.mailing.mailing_trace_ids)

    def test_it_tells_where_the_links_lead(self):
        links = self.preview().links
        self.assertIn("Tracking URL “Offer”: https://www.example.com/offer", links)
        self.assertIn("Opt-out page", links)

    def test_names_in_links_are_text(self):
        self.offer.title = "<b>Offer</b>"
        self.assertNotIn("<b>Offer", self.preview().links)

    def test_one_goes_from_member_to_member(self):
        wizards = self.env["mailing.preview"].with_user(self.marketer)
        name = {"id": self.bob.id, "display_name": self.bob.display_name}
        self.assertEqual(wizards.get_neighbour(self.mailing.id, self.anna.id, 1), name)
        self.assertFalse(wizards.get_neighbour(self.mailing.id, self.bob.id, 1))
        back = wizards.get_neighbour(self.mailing.id, self.bob.id, -1)
        self.assertEqual(back["id"], self.anna.id)

    def test_who_is_no_member_or_has_no_address_can_be_looked_at_too(self):
        self.assertIn("Dear Rita", self.preview(self._contact("Rita")).page)
        nora = self.env["mailing.contact"].create({"name": "Nora"})
        preview = self.preview(nora)
        self.assertIn("Dear Nora", preview.page)
        self.assertIn("Missing", preview.objection)

    def test_it_works_in_every_status(self):
        for state in ("draft", "in_queue", "sending", "done"):
            self.mailing.state = state
            self.assertIn("Dear Anna", self.preview().page)

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_what_is_wrong_in_the_letter_is_told_in_words(self):
        self.mailing.subject = "{{ object.nobody_knows_this }}"
        preview = self.preview()
        self.assertIn("nobody_knows_this", preview.error)
        self.assertFalse(preview.page)
        unknown = self._mass_email("<p>{trackingUrl:999999}</p>")
        self.assertIn("no such tracking URL", self.preview(mailing=unknown).error)

    def test_nobody_reads_in_it_what_she_may_not_read(self):
        lead = self.env["crm.lead"].create({"name": "Roses", "email_from": "r@example.com"})
        target = self.env["mailing.contact"]._for_records(lead)
        self.target_list.contact_ids += target
        mailing = self._mass_email('<p>Secret <t t-out="object.lead_id.contact_name"/></p>')
        lead.contact_name = "Rose Mary"
        clerk = new_test_user(
            self.env,
            login="clerk",
            groups=f"base.group_user,{ALL_CAMPAIGNS}",
        )
        preview = self.preview(target, clerk, mailing)
        self.assertNotIn("Rose Mary", preview.page or "")
        self.assertTrue(preview.error)
        self.assertIn("Dear", self.preview(target, clerk).page, "her name is no secret")

    def test_a_mass_email_without_anybody_asks_for_somebody(self):
        self.env["mailing.contact"].search([]).unlink()
        self.assertIn("Choose somebody", self.preview().error)
