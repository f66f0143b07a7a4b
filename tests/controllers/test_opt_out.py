from datetime import timedelta
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.addons.mass_mailing_campaign.models.opt_out.mailing_trace import MailingTrace
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from ..common import MassEmailData

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class OptOutCase(MassEmailData, HttpCase):
    def setUp(self):
        super().setUp()
        self.other_list = self._list("Other")
        self.anna = self._contact("Anna", self.target_list, self.other_list)
        self.mailing = self._mass_email()
        self.send(self.mailing)
        self.trace = self.mailing.mailing_trace_ids.sudo()
        self.path = f"/mailing/opt-out/{self.trace.token}"

    def post(self, path=None, **form):
        return self.url_open(path or self.path, data=form, allow_redirects=False)

    def one_click(self, path=None, **options):
        return self.url_open(path or self.path, data=ONE_CLICK, allow_redirects=False, **options)

    def opted_out_lists(self):
        self.env.invalidate_all()
        return self.anna.subscription_ids.filtered("opt_out").list_id

    def is_blacklisted(self, address="anna@example.com"):
        return bool(self.env["mail.blacklist"].search([("email", "=", address)]))

    def remembered_lists(self):
        lists = self.target_list + self.other_list + self.excluding_list
        return self.env["mailing.opt.out"].search([("list_id", "in", lists.ids)]).list_id

    def logged(self):
        return [event for _name, event in self.events(self.mailing)]


@tagged("post_install", "-at_install")
class TestOptOut(OptOutCase):
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
        response = self.one_click()
        self.assertEqual(response.status_code, 200)
        self.assertFalse(response.cookies)
        self.assertEqual(self.opted_out_lists(), self.target_list)
        self.assertEqual(self.logged(), ["opted_out", "sent"])

    def test_one_click_may_come_as_a_form_of_several_parts(self):
        response = self.url_open(self.path, files={"List-Unsubscribe": (None, "One-Click")})
        self.assertEqual(response.status_code, 200)
        self.assertEqual(self.opted_out_lists(), self.target_list)

    def test_one_click_is_answered_without_a_page(self):
        response = self.one_click()
        self.assertEqual(response.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertLess(len(response.content), 200)

    def test_opting_out_twice_changes_and_logs_nothing_more(self):
        for _time in range(2):
            self.post(action="opt_out")
            self.assertEqual(self.one_click().status_code, 200)
        self.assertEqual(self.logged(), ["opted_out", "sent"])

    def test_the_button_leads_to_a_page_that_offers_the_way_back(self):
        page = self.post(action="opt_out")
        self.assertIn('value="opt_in"', page.text)
        page = self.post(action="opt_in")
        self.assertIn('value="opt_out"', page.text)
        self.assertFalse(self.opted_out_lists())
        self.assertEqual(self.logged(), ["opted_in", "opted_out", "sent"])

    def test_opting_out_entirely_blacklists_the_address(self):
        self.mailing.opt_out_entirely = True
        self.post(action="opt_out")
        self.assertTrue(self.is_blacklisted())
        self.post(action="opt_in")
        self.assertFalse(self.is_blacklisted())

    def test_an_opt_out_is_not_forgotten_when_the_target_had_been_removed(self):
        self.target_list.contact_ids -= self.anna
        self.post(action="opt_out")
        self.target_list.contact_ids += self.anna
        second = self._mass_email()
        second._build_queue()
        self.assertNotEqual(self.outcomes(second), {"Anna": "outgoing"})

    def test_who_meets_another_at_the_same_moment_is_served_all_the_same(self):
        blacklist, attempts = MailingTrace._blacklist, []

        def meet(trace, addresses):
            attempts.append(addresses)
            if len(attempts) == 1:
                raise UniqueViolation("another was faster")
            return blacklist(trace, addresses)

        with patch.object(MailingTrace, "_blacklist", meet), patch("time.sleep") as sleep:
            self.assertEqual(self.post(action="opt_out_of_all").status_code, 200)
        self.assertEqual(len(attempts), 2)
        self.assertFalse(sleep.called)
        self.assertTrue(self.is_blacklisted())


@tagged("post_install", "-at_install")
class TestOldLetters(OptOutCase):
    """The links of letters work whatever became of what they were made of."""

    def test_when_all_else_is_deleted_the_address_is_opted_out(self):
        self.mailing.unlink()
        self.campaign.unlink()
        self.anna.unlink()
        (self.target_list + self.other_list).unlink()
        page = self.url_open(self.path)
        self.assertEqual(page.status_code, 200)
        self.assertIn("a***@example.com", page.text)
        page = self.post(action="opt_out")
        self.assertTrue(self.is_blacklisted())
        self.assertIn("You are unsubscribed from everything", page.text)
        self.assertEqual(self.one_click().status_code, 200)

    def test_one_click_works_when_the_mass_email_is_deleted(self):
        self.mailing.unlink()
        self.assertEqual(self.one_click().status_code, 200)
        self.assertEqual(self.opted_out_lists(), self.target_list + self.other_list)

    def test_a_link_works_with_what_stood_behind_it(self):
        for behind in (".", ")", "%3E", ",", "%22", "=", "%C2%A0"):
            self.assertEqual(self.url_open(self.path + behind).status_code, 200, behind)
        self.assertEqual(self.one_click(self.path + "%3E").status_code, 200)
        self.assertEqual(self.opted_out_lists(), self.target_list)

    def send_what_is_in_doubt_again(self, *, hours, reply="250 OK"):
        """The letter may have been delivered; it is sent once more, to no avail, and deleted."""
        self.trace.write(
            {
                "trace_status": "error",
                "failure_type": "in_doubt",
                "message_id": False,
                "portion_datetime": fields.Datetime.now() - timedelta(hours=hours),
            }
        )
        self.mailing.action_send_unknown_again()
        with self.smtp() as server:
            server.replies["anna@example.com"] = reply
            self.run_delivery()
            self.assertFalse(server.messages)
        self.assertEqual(self.mailing.state, "done")
        self.mailing.unlink()

    def test_what_may_have_been_delivered_works_though_it_is_not_sent_again(self):
        self.target_list._update_subscription_from_email("anna@example.com", opt_out=True)
        self.send_what_is_in_doubt_again(hours=0)
        self.assertEqual(self.trace.exists().trace_status, "cancel")
        self.assertEqual(self.one_click().status_code, 200)
        self.assertIn(self.other_list, self.opted_out_lists())

    def test_what_may_have_been_delivered_works_though_it_is_refused_the_next_time(self):
        self.send_what_is_in_doubt_again(hours=2, reply="550 5.1.1 no such user")
        self.assertEqual(self.trace.exists().trace_status, "error")
        self.assertEqual(self.one_click().status_code, 200)
        self.assertIn(self.other_list, self.opted_out_lists())

    def test_whoever_opens_a_link_has_a_message_in_doubt(self):
        """Though it does nothing new: she opted out by another way."""
        self.target_list._update_subscription_from_email("anna@example.com", opt_out=True)
        self.other_list._update_subscription_from_email("anna@example.com", opt_out=True)
        for happen in (self.one_click, lambda: self.url_open(self.path), self.view):
            self.trace.write({"trace_status": "error", "failure_type": "in_doubt"})
            self.env["mailing.trace.event"].search([("event_type", "=", "sent")]).unlink()
            happen()
            self.env.invalidate_all()
            self.assertEqual((self.trace.trace_status, self.trace.failure_type), ("sent", False))
            self.assertEqual(self.events(self.mailing), [("Anna", "sent")])

    def view(self):
        self.url_open(f"/mailing/view/{self.trace.token}")

    def test_what_the_lists_say_now_is_what_counts(self):
        self.target_list._update_subscription_from_email("anna@example.com", opt_out=True)
        page = self.url_open(self.path).text
        self.assertIn("You have been unsubscribed.", page)
        self.assertNotIn('value="opt_in"', page, "nothing of this message's doing")


@tagged("post_install", "-at_install")
class TestRefused(OptOutCase):
    """Whatever is no opt-out of ours looks the same from outside."""

    def test_unknown_forged_and_truncated_tokens_get_the_same_answer(self):
        token = self.trace.token
        answers = set()
        for each in ("0" * 32, token[:-1], token + "0", token.upper(), "x", "%00", "я" * 9000, "'"):
            for response in (
                self.url_open(f"/mailing/opt-out/{each}"),
                self.post(f"/mailing/opt-out/{each}", action="opt_out"),
                self.one_click(f"/mailing/opt-out/{each}"),
            ):
                answers.add((response.status_code, response.text, response.headers["Content-Type"]))
        self.assertEqual(len(answers), 1)
        [(status, text, _type)] = answers
        self.assertEqual(status, 404)
        self.assertIn("This link does not work", text)
        self.assertFalse(self.opted_out_lists())

    def test_an_informational_email_refuses_an_opt_out_like_an_unknown_token(self):
        campaign = self.env["utm.campaign"].create(
            {
                "title": "Terms",
                "campaign_type": "informational",
                "target_list_ids": [Command.set(self.target_list.ids)],
            }
        )
        mailing = self._mass_email("<p>New terms</p>", campaign_id=campaign.id)
        self.send(mailing)
        path = f"/mailing/opt-out/{mailing.mailing_trace_ids.sudo().token}"
        unknown = self.url_open(f"/mailing/opt-out/{'0' * 32}")
        for response in (
            self.url_open(path),
            self.one_click(path),
            self.post(path, action="opt_out"),
            self.post(path, action="opt_out_of_all"),
            self.post(path, action="choose", **{f"list-{self.target_list.id}": "none"}),
        ):
            self.assertEqual((response.status_code, response.text), (404, unknown.text))
        self.assertFalse(self.opted_out_lists())
        self.assertFalse(self.is_blacklisted())
        self.assertEqual(self.events(mailing), [("Anna", "sent")])

    def test_nothing_is_kept_found_or_told_to_others(self):
        for response in (
            self.url_open(self.path),
            self.one_click(),
            self.post(action="opt_out"),
            self.url_open(f"/mailing/opt-out/{'0' * 32}"),
        ):
            self.assertEqual(response.headers["Cache-Control"], "no-store")
            self.assertIn("noindex", response.headers["X-Robots-Tag"])
            self.assertEqual(response.headers["Referrer-Policy"], "no-referrer")
            self.assertIn("default-src 'none'", response.headers["Content-Security-Policy"])
            self.assertNotIn("<script", response.text)
            self.assertNotIn("anna@", response.text)
            self.assertNotIn("Set-Cookie", response.headers)

    def test_nonsense_in_a_form_changes_nothing_and_breaks_nothing(self):
        self.trace._receive_opt_out()
        key = f"list-{self.target_list.id}"
        for form in (
            {"action": "destroy"},
            {"action": "choose", key: "-1"},
            {"action": "choose", key: "9" * 5000},
            {"action": "choose", "list-1'": "none", "list-": "7"},
            {"action": "choose", f"list-{self.excluding_list.id}": "none"},
            {"action": "tell_why", "reason": "0x1", "feedback": "\0"},
            {"action": "tell_why", "reason": "9" * 400},
            {"action": "tell_why"},
        ):
            response = self.post(**form)
            self.assertEqual(response.status_code, 200, form)
        self.assertEqual(self.opted_out_lists(), self.target_list)
        self.assertEqual(self.logged(), ["opted_out", "sent"])
        self.assertEqual(self.remembered_lists(), self.target_list)

    def test_a_form_that_is_too_long_is_not_read(self):
        response = self.post(action="tell_why", feedback="x" * 100_000)
        self.assertEqual(response.status_code, 413)


@tagged("post_install", "-at_install")
class TestGet(OptOutCase):
    """A GET changes nothing, by whatever route and under whatever name."""

    def assert_nothing_changed(self):
        self.assertFalse(self.opted_out_lists())
        self.assertFalse(self.is_blacklisted())
        self.assertFalse(self.remembered_lists())
        self.assertEqual(self.logged(), ["sent"])

    def test_no_parameter_and_no_header_makes_a_get_a_post(self):
        queries = (
            "action=opt_out",
            "action=opt_out_of_all",
            "_method=POST",
            "_method=POST&action=opt_out",
            "List-Unsubscribe=One-Click",
            "List-Unsubscribe=One-Click&_method=POST",
            f"action=choose&list-{self.target_list.id}=none",
        )
        headers = (
            {},
            {
                "X-HTTP-Method-Override": "POST",
                "X-HTTP-Method": "POST",
                "X-Method-Override": "POST",
            },
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        for query in queries:
            for header in headers:
                for method in ("GET", "HEAD", "OPTIONS"):
                    response = self.url_open(f"{self.path}?{query}", headers=header, method=method)
                    self.assertEqual(response.status_code, 200)
        self.assert_nothing_changed()

    def test_a_get_with_a_body_is_a_get(self):
        response = self.opener.request("GET", self.base_url() + self.path, data=ONE_CLICK)
        self.assertEqual(response.status_code, 200)
        self.assert_nothing_changed()

    def test_other_methods_are_not_allowed(self):
        for method in ("PUT", "DELETE", "PATCH"):
            response = self.opener.request(method, self.base_url() + self.path, data=ONE_CLICK)
            self.assertEqual(response.status_code, 405, method)
        self.assert_nothing_changed()

    def test_a_posts_url_says_nothing_but_who(self):
        self.post(f"{self.path}?action=opt_out_of_all", action="opt_in")
        self.assert_nothing_changed()
        self.url_open(f"{self.path}?action=opt_in", data=ONE_CLICK)
        self.assertEqual(self.opted_out_lists(), self.target_list)

    def test_odoos_own_routes_change_nothing_by_a_get(self):
        url = self.mailing._get_unsubscribe_url("anna@example.com", self.anna.id)
        query = url.partition("?")[2]
        for route in ("confirm_unsubscribe", "unsubscribe", "unsubscribe_oneclick"):
            for method in ("GET", "HEAD"):
                self.opener.request(
                    method,
                    f"{self.base_url()}/mailing/{self.mailing.id}/{route}?{query}&_method=POST",
                    headers={"X-HTTP-Method-Override": "POST"},
                )
        self.url_open(f"/mailing/confirm_unsubscribe?mailing_id={self.mailing.id}&{query}")
        self.url_open("/unsubscribe_from_list")
        self.authenticate("marketer", "marketer")
        self.marketer.email = "anna@example.com"
        self.url_open("/mailing/my")
        self.url_open(f"/mailing/{self.mailing.id}/unsubscribe")
        self.assert_nothing_changed()

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
