from odoo.tests import HttpCase, tagged

from .common import MassEmailData


class CampaignTours(MassEmailData, HttpCase):
    """A browser looks at a campaign whose mass email went to four people."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("Anna", "Bob", "Carl", "Dora"):
            cls._contact(name, cls.target_list)
        mailing = cls._mass_email()
        mailing._build_queue()
        traces = mailing.mailing_trace_ids.sudo()
        traces.write({"trace_status": "sent"})
        traces._log_event("sent")
        anna, bob, _carl, dora = traces
        anna._receive_click(cls.offer.code)
        bob._receive_hit(bob.token, cls.offer.id, made_by="machine")
        dora._receive_bounce("final", "no such user")
        mailing.state = "done"
        cls.list_path = "/odoo/action-mass_mailing.action_view_utm_campaigns"
        cls.form_path = f"{cls.list_path}/{cls.campaign.id}"


@tagged("post_install", "-at_install")
class TestCampaignTours(CampaignTours):
    def test_the_figures_of_a_campaign_open_their_people(self):
        self.start_tour(self.form_path, "campaign_figures", login="marketer")
        self.assertEqual(self.campaign.campaign_status, "active")

    def test_campaigns_are_compared_in_cards_and_lists(self):
        path = f"{self.list_path}?view_type=kanban"
        self.start_tour(path, "campaign_lists", login="marketer")


@tagged("post_install", "-at_install")
class TestCampaignToursOnAPhone(CampaignTours):
    browser_size = "390x844"
    touch_enabled = True

    def test_the_figures_of_a_campaign_open_their_people(self):
        self.start_tour(self.form_path, "campaign_figures_on_a_phone", login="marketer")
