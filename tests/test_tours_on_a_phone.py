from odoo.tests import HttpCase, tagged

from .common import MassEmailData


@tagged("post_install", "-at_install")
class TestToursOnAPhone(MassEmailData, HttpCase):
    browser_size = "390x844"
    touch_enabled = True

    def test_members_of_a_target_list_are_cards_with_their_buttons(self):
        anna = self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list)
        guest = self.env["res.partner"].create({"name": "Aaron Guest"})
        path = f"/odoo/action-mass_mailing.action_view_mass_mailing_lists/{self.target_list.id}"
        self.start_tour(path, "target_list_on_a_phone", login="marketer")
        self.assertEqual((self.target_list.contact_ids - anna).partner_id, guest)
        self.assertFalse(anna.subscription_ids.opt_out)

    def test_a_letter_is_previewed_tested_and_set_pending(self):
        self._contact("Anna", self.target_list)
        self._contact("Bob", self.target_list)
        mailing = self._mass_email(
            '<p>Dear <t t-out="object.name"/></p><p><a href="#">empty</a></p>'
        )
        path = f"/odoo/action-mass_mailing_campaign.mailing_mailing_action_mass_email/{mailing.id}"
        with self.smtp() as server:
            self.start_tour(path, "letter_on_a_phone", login="marketer")
            self.assertEqual(server.addresses(), ["new@example.com"])
        self.assertEqual(mailing.mass_email_status, "paused")

    def test_the_check_up_switches_the_scheduled_action_on(self):
        lane = self.lane_switched_off()
        path = "/odoo/action-mass_mailing_campaign.mailing_checkup_action"
        self.start_tour(path, "delivery_checkup_on_a_phone", login="admin")
        self.assertTrue(lane.active)
