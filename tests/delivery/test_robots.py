from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.mass_mailing_campaign.delivery.robots import machine

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
GMAIL_PREFETCH = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
PEOPLE = (
    FIREFOX,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.11.0",
    "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/126.0.0.0 Mobile Safari/537.36",
    # these fetch an image when somebody looks at it
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
)
MACHINES = {
    "Mozilla/5.0": "Apple Mail Privacy Protection",
    GMAIL_PREFETCH: "Gmail, before it shows a letter",
    "Barracuda Sentinel (EE)": "Barracuda",
    "Mimecast URL Protect": "Mimecast",
    "python-requests/2.32.3": "a program",
    "curl/8.5.0": "a program",
    "WhatsApp/2.23.20.0 A": "WhatsApp's preview",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/126.0": (
        "a browser without a screen"
    ),
}


def who(user_agent=FIREFOX, address="192.0.2.7", is_click=True, **headers):
    return machine(user_agent, address, headers, is_click)


class TestRobots(TestCase):
    def test_people_and_the_proxies_that_fetch_for_them_are_no_machines(self):
        for user_agent in PEOPLE:
            for is_click in (True, False):
                self.assertIsNone(who(user_agent, is_click=is_click), user_agent)

    def test_machines_are_known_by_the_name_they_send(self):
        for user_agent, name in MACHINES.items():
            self.assertEqual(who(user_agent), name)
            self.assertEqual(who(user_agent.upper() + " "), name)
        self.assertTrue(who(""))

    def test_what_is_fetched_ahead_was_not_asked_for(self):
        for headers in (
            {"Purpose": "prefetch"},
            {"Sec-Purpose": "prefetch;prerender"},
            {"X-Moz": "prefetch"},
            {"X-Purpose": "preview"},
        ):
            self.assertEqual(who(**headers), "what is fetched ahead")
        self.assertIsNone(who(**{"Purpose": "", "Sec-Fetch-Dest": "document"}))

    def test_a_mail_server_of_microsoft_clicks_nothing_for_people(self):
        for address in ("40.92.3.4", "104.47.127.255", "::ffff:40.107.1.1"):
            self.assertEqual(who(address=address), "Exchange Online Protection")
            self.assertIsNone(who(address=address, is_click=False), "webmail loads images so")
        self.assertIsNone(who(address="104.48.0.1"))

    def test_apple_loads_images_for_all_mail_and_opens_no_links(self):
        self.assertEqual(who(address="17.58.1.2", is_click=False), "Apple")
        self.assertIsNone(who(address="17.58.1.2"))

    @given(st.text(), st.text() | st.none(), st.text(), st.booleans())
    def test_whatever_is_sent_has_an_answer(self, user_agent, address, purpose, is_click):
        name = machine(user_agent, address, {"Purpose": purpose}, is_click)
        self.assertTrue(name is None or name)
