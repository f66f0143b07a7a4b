from odoo.tests import HttpCase, tagged

from ..common import MassEmailData


@tagged("post_install", "-at_install")
class TestOptOut(MassEmailData, HttpCase):
    def setUp(self):
        super().setUp()
        self.other_list = self._list("Other")
        self.anna = self._contact("Anna", self.target_list, self.other_list)
        self.mailing = self._mass_email()
        self.send(self.mailing)
        self.path = f"/mailing/opt-out/{self.mailing.mailing_trace_ids.sudo().token}"

    def opted_out_lists(self):
        self.env.invalidate_all()
        return self.anna.subscription_ids.filtered("opt_out").list_id

    def logged(self):
        return [event for _name, event in self.events(self.mailing)]

    def test_a_get_shows_a_button_and_opts_nobody_out(self):
        response = self.url_open(self.path)
        self.assertIn("Unsubscribe", response.text)
        self.assertIn('value="opt_out"', response.text)
        self.assertFalse(self.opted_out_lists())
        self.assertEqual(self.logged(), ["sent"])

    def test_the_page_shows_the_logo_once(self):
        self.assertEqual(self.url_open(self.path).text.count("/web/binary/company_logo"), 1)

    def test_one_click_opts_out_of_the_mass_emails_lists_only(self):
        # a mail program has no session, no cookie and no CSRF token
        self.opener.cookies.clear()
        response = self.url_open(
            self.path, data={"List-Unsubscribe": "One-Click"}, allow_redirects=False
        )
        self.assertEqual(response.status_code, 200)
        self.assertEqual(self.opted_out_lists(), self.target_list)
        self.assertEqual(self.logged(), ["opted_out", "sent"])

    def test_opting_out_twice_changes_and_logs_nothing_more(self):
        for _time in range(2):
            self.url_open(self.path, data={"action": "opt_out"})
        self.assertEqual(self.logged(), ["opted_out", "sent"])

    def test_the_button_leads_to_a_page_that_offers_the_way_back(self):
        page = self.url_open(self.path, data={"action": "opt_out"})
        self.assertIn('value="opt_in"', page.text)
        page = self.url_open(self.path, data={"action": "opt_in"})
        self.assertIn('value="opt_out"', page.text)
        self.assertFalse(self.opted_out_lists())
        self.assertEqual(self.logged(), ["opted_in", "opted_out", "sent"])

    def test_opting_out_entirely_blacklists_the_address(self):
        self.mailing.opt_out_entirely = True
        self.url_open(self.path, data={"action": "opt_out"})
        blacklist = self.env["mail.blacklist"]
        self.assertTrue(blacklist.search([("email", "=", "anna@example.com")]))
        self.url_open(self.path, data={"action": "opt_in"})
        self.assertFalse(blacklist.search([("email", "=", "anna@example.com")]))

    def test_an_opt_out_is_not_forgotten_when_the_target_had_been_removed(self):
        self.target_list.contact_ids -= self.anna
        self.url_open(self.path, data={"action": "opt_out"})
        self.target_list.contact_ids += self.anna
        second = self._mass_email()
        second._build_queue()
        self.assertNotEqual(self.outcomes(second), {"Anna": "outgoing"})

    def test_stock_links_of_other_mailings_still_work(self):
        url = self.mailing._get_unsubscribe_url("anna@example.com", self.anna.id)
        self.assertEqual(self.url_open(url.split("/", 3)[-1].join(["/", ""])).status_code, 200)

    def test_odoos_own_page_asks_before_it_opts_out_of_a_mass_email(self):
        url = self.mailing._get_unsubscribe_url("anna@example.com", self.anna.id)
        path = "/" + url.split("/", 3)[-1].replace("/confirm_unsubscribe", "/unsubscribe")
        self.assertEqual(self.url_open(path).status_code, 200)
        self.assertFalse(self.opted_out_lists())
        forged = self.url_open(path.replace("hash_token=", "hash_token=0"))
        self.assertEqual(forged.status_code, 401)
        self.mailing.delivery_mode = "standard"
        self.url_open(path)
        self.assertEqual(self.opted_out_lists(), self.target_list, "as without the addon")
