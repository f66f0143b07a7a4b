from freezegun import freeze_time

from odoo.tests import Form

from ...common import MassEmailCase

FORM = "mass_mailing_campaign.mailing_mailing_view_form_mass_email"


@freeze_time("2026-05-04 10:00")
class TestNaming(MassEmailCase):
    def test_a_mass_email_is_called_by_campaign_and_day(self):
        mailing = self._mass_email()
        self.assertEqual(mailing.display_name, "Summer 05/04/2026")
        self.assertEqual(mailing.name, mailing.display_name)

    def test_the_second_of_a_day_has_a_number(self):
        first, second = self._mass_email(), self._mass_email()
        self.assertEqual(second.display_name, f"{first.display_name} [2]")

    def test_the_day_is_that_of_the_user(self):
        self.env.user.tz = "Pacific/Kiritimati"
        self.assertIn("05/05/2026", self._mass_email().name)

    def test_the_form_proposes_the_name_and_keeps_what_is_typed(self):
        mailings = self.env["mailing.mailing"].with_user(self.marketer)
        context = {"default_delivery_mode": "portions", "default_campaign_id": self.campaign.id}
        with Form(mailings.with_context(**context), view=FORM) as form:
            self.assertEqual(form.name, "Summer 05/04/2026")
            form.name = "Roses"
            form.subject = "Roses for {{ object.name }}"
        self.assertEqual(form.record.display_name, "Roses")

    def test_a_new_one_without_campaign_takes_the_name_of_the_campaign_chosen(self):
        mailings = self.env["mailing.mailing"].with_user(self.marketer)
        with Form(mailings.with_context(default_delivery_mode="portions"), view=FORM) as form:
            self.assertEqual(form.name, "Mass Email 05/04/2026")
            form.campaign_id = self.campaign
            self.assertEqual(form.name, "Summer 05/04/2026")
            form.subject = "Roses"

    def test_another_subject_leaves_the_name_alone(self):
        mailing = self._mass_email(name="Roses")
        mailing.subject = "Tulips"
        self.assertEqual(mailing.display_name, "Roses")

    def test_a_duplicate_has_a_name_of_its_own_day(self):
        mailing = self._mass_email()
        with freeze_time("2026-06-01 10:00"):
            self.assertEqual(mailing.copy().name, "Summer 06/01/2026")

    def test_it_is_found_by_name_and_by_subject(self):
        mailing = self._mass_email(name="Roses", subject="Tulips")
        for words in ("Rose", "Tulip"):
            found = self.env["mailing.mailing"].name_search(words)
            self.assertEqual(found, [(mailing.id, "Roses")])

    def test_a_standard_mailing_is_called_by_its_subject(self):
        standard = self.env["mailing.mailing"].create({"subject": "Standard news"})
        self.assertEqual(standard.display_name, "Standard news")
        standard.subject = "Other news"
        self.assertEqual(standard.display_name, "Other news")
        self.assertIn("Other news", standard.name)

    def test_the_subject_is_shown_as_a_recipient_reads_it(self):
        mailing = self._mass_email()
        self.assertFalse(mailing._sample("subject"), "nobody is there yet")
        self._contact("Anna {{ object.unlink() }}", self.target_list, email="a@example.com")
        self.assertEqual(mailing._sample("subject"), "News for Anna {{ object.unlink() }}")
        self.assertFalse(mailing._sample("preview"), "there is none")
        mailing.preview = "Seeds for {{ object.name[:4] }}"
        self.assertEqual(mailing._sample("preview"), "Seeds for Anna")
        mailing.subject = "The same for all"
        self.assertFalse(mailing._sample("subject"))
        mailing.subject = "Broken {{ object.nam }}"
        self.assertEqual(mailing._sample("subject"), "Broken {{ object.nam }}")
