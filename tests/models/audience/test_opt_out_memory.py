from odoo.addons.mass_mailing_campaign.hooks import remember_earlier_opt_outs

from ...common import MassEmailCase


class TestOptOutMemory(MassEmailCase):
    def setUp(self):
        super().setUp()
        self.anna = self._contact("Anna", self.target_list)

    def outcome(self):
        mailing = self._mass_email()
        mailing._build_queue()
        return self.outcomes(mailing)

    def test_removing_and_adding_a_target_again_keeps_the_opt_out(self):
        self.anna.subscription_ids.opt_out = True
        self.target_list.contact_ids -= self.anna
        self.target_list.contact_ids += self.anna
        self.assertEqual(self.outcome(), {"Anna": "mail_optout"})

    def test_deleting_and_creating_a_contact_again_keeps_the_opt_out(self):
        self.anna.subscription_ids.opt_out = True
        self.anna.unlink()
        self._contact("Anna", self.target_list, email="ANNA@example.com")
        self.assertEqual(self.outcome(), {"Anna": "mail_optout"})

    def test_opting_in_again_is_the_way_back(self):
        self.anna.subscription_ids.opt_out = True
        self.anna.subscription_ids.opt_out = False
        self.assertEqual(self.outcome(), {"Anna": "outgoing"})

    def test_opting_in_by_the_portal_is_a_way_back(self):
        self.anna.subscription_ids.opt_out = True
        self.target_list.contact_ids -= self.anna
        self.anna.invalidate_recordset()
        self.target_list._update_subscription_from_email("anna@example.com", opt_out=False)
        self.assertEqual(self.outcome(), {"Anna": "outgoing"})

    def test_another_list_is_not_concerned(self):
        self.anna.subscription_ids.opt_out = True
        other = self._list("Other", self.anna)
        mailing = self._mass_email(contact_list_ids=[(6, 0, other.ids)])
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing), {"Anna": "outgoing"})

    def test_opt_outs_from_before_the_installation_hold(self):
        self.anna.subscription_ids.opt_out = True
        self.env["mailing.opt.out"].search([]).unlink()
        remember_earlier_opt_outs(self.env)
        self.target_list.contact_ids -= self.anna
        self.target_list.contact_ids += self.anna
        self.assertEqual(self.outcome(), {"Anna": "mail_optout"})
