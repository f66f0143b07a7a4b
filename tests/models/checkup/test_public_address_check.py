from contextlib import contextmanager
from unittest.mock import patch

import requests

from odoo.addons.mass_mailing_campaign.models.checkup.public_address import PublicAddressCheck
from odoo.tests import HttpCase, tagged
from odoo.tools import config

from ...common import MassEmailData

HERE = "https://news.example.com"


@tagged("post_install", "-at_install")
class TestPublicAddressCheck(MassEmailData, HttpCase):
    """Requests to the public address come to this server, as a proxy would bring them."""

    def setUp(self):
        super().setUp()
        self.set_setting("public_url", HERE)
        self.requests = []
        self.forwarded = {}

    @contextmanager
    def proxy(self, answer=None):
        def request(method, url, data=None, timeout=None, allow_redirects=True):
            assert timeout
            self.requests.append((method, url))
            given = answer(method, url) if answer else None
            if getattr(given, "is_redirect", False) and allow_redirects:
                return self.response(200, "Log in", given.headers["Location"])
            if given is not None:  # a refusal is false
                if isinstance(given, Exception):
                    raise given
                return given
            path = url.partition("://")[2].partition("/")[2]
            return self.url_open(
                f"/{path}", data=data, allow_redirects=False, headers=self.forwarded
            )

        with patch.object(requests, "request", request):
            yield

    def found(self, answer=None):
        with self.proxy(answer):
            return {
                finding.topic: (finding.grade, finding.words)
                for finding in PublicAddressCheck(self.env).findings()
            }

    def assert_bad(self, found, words, topic="public_address"):
        self.assertEqual(found[topic][0], "bad")
        self.assertIn(words, found[topic][1])

    @staticmethod
    def response(status, text="", url=None):
        """An answer; with an URL it comes from there, or leads there."""
        response = requests.Response()
        response.status_code = status
        response._content = text.encode()
        response.url = url
        if 300 <= status < 400:
            response.headers["Location"] = url
        return response

    def test_an_address_that_leads_here_is_good_and_so_are_opt_out_links(self):
        found = self.found()
        self.assertEqual({grade for grade, _words in found.values()}, {"good"})
        self.assertEqual(set(found), {"public_address", "opt_out"})
        methods = [method for method, url in self.requests if "/mailing/opt-out/" in url]
        self.assertEqual(methods, ["get", "post"])

    def test_the_check_opts_out_nobody_and_leaves_nothing_behind(self):
        models = ("mail.blacklist", "mailing.opt.out", "mailing.trace.event", "mailing.trace")
        before = [self.env[model].search_count([]) for model in models]
        self.found()
        self.assertEqual([self.env[model].search_count([]) for model in models], before)

    def test_no_address_is_told(self):
        parameters = type(self.env["ir.config_parameter"])
        self.patch(parameters, "_public_url", lambda _self: "")
        self.assert_bad(self.found(), "No address")

    def test_an_address_of_the_inner_network_is_told(self):
        for url in (
            "http://localhost:8069",
            "http://127.0.0.1",
            "https://192.168.1.7",
            "http://10.0.0.2:8069",
            "http://[::1]:8069",
            "http://odoo",
            "https://erp.local",
        ):
            with self.subTest(url):
                self.set_setting("public_url", url)
                self.assert_bad(self.found(), "only you can open")
        self.assertFalse(self.requests)

    def test_an_address_that_is_none_is_told(self):
        self.env["ir.config_parameter"].set_param("mass_mailing_campaign.public_url", False)
        self.env["ir.config_parameter"].set_param("mass_mailing_campaign.public_url", False)
        for url in ("http://[::1", "erp.example.com"):
            self.env["ir.config_parameter"].set_param("web.base.url", url)
            self.assert_bad(self.found(), "only you can open")

    def test_without_encryption_it_is_worth_a_look(self):
        self.set_setting("public_url", "http://news.example.com")
        self.assertEqual(self.found()["public_address"][0], "warning")

    def test_a_proxy_that_odoo_does_not_go_by_is_told(self):
        self.forwarded = {"X-Forwarded-For": "192.0.2.7"}
        for has_mode, host, is_told in (
            (False, "", True),
            (False, "news.example.com", True),
            (True, "", True),  # Odoo goes by none of it without a host
            (True, "news.example.com", False),
        ):
            with self.subTest(has_mode=has_mode, host=host):
                self.forwarded["X-Forwarded-Host"] = host
                with patch.dict(config.options, proxy_mode=has_mode), self.proxy():
                    words = [finding.words for finding in PublicAddressCheck(self.env).findings()]
                self.assertEqual(any("the proxy before it" in each for each in words), is_told)

    def test_a_host_that_does_not_answer_is_told(self):
        for error, words in (
            (requests.ConnectionError(), "no server can be reached there"),
            (requests.Timeout(), "within"),
            (requests.exceptions.SSLError(), "certificate"),
        ):
            with self.subTest(words):
                found = self.found(lambda _method, _url, error=error: error)
                self.assert_bad(found, words)
                self.assertNotIn("opt_out", found)

    def test_another_server_that_answers_is_told(self):
        for other in (self.response(200, "Welcome"), self.response(404), self.response(200)):
            found = self.found(lambda _method, _url, other=other: other)
            self.assert_bad(found, "Another server or database")

    def test_another_database_with_this_addon_is_told(self):
        url = f"/mailing/check-up/{'0' * 32}"
        other = self.response(200, self.url_open(url).text)
        self.assertTrue(other.text)
        found = self.found(lambda _method, url: other if "/check-up/" in url else None)
        self.assert_bad(found, "Another server or database")

    def test_a_firewall_that_lets_no_one_click_pass_is_told(self):
        found = self.found(lambda method, _url: self.response(403) if method == "post" else None)
        self.assertEqual(found["public_address"][0], "good")
        self.assert_bad(found, "one click", "opt_out")

    def test_an_opt_out_page_behind_a_log_in_is_told(self):
        log_in = self.response(303, url=f"{HERE}/web/login")
        found = self.found(lambda _method, url: log_in if "/opt-out/" in url else None)
        self.assert_bad(found, "does not open: it is led on to https://", "opt_out")

    def test_a_one_click_that_is_led_on_is_told_for_mail_programs_do_not_follow(self):
        encrypted = self.response(301, url=f"{HERE}/mailing/opt-out/")
        found = self.found(lambda method, _url: encrypted if method == "post" else None)
        self.assert_bad(found, "one click of a mail program fails: it is led on", "opt_out")

    def test_the_route_answers_nothing_but_what_it_is_asked_in_the_right_form(self):
        self.assertEqual(self.url_open("/mailing/check-up/x").text, "")
        first, again = (self.url_open(f"/mailing/check-up/{'a' * 32}").text for _time in "12")
        self.assertEqual(first, again)
        self.assertNotEqual(first, self.url_open(f"/mailing/check-up/{'b' * 32}").text)
