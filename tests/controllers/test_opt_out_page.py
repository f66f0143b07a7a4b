from lxml import html

from odoo.addons.mass_mailing_campaign.controllers.opt_out import LONGEST_FORM
from odoo.addons.mass_mailing_campaign.controllers.public_page import (
    READABLE,
    _button_colors,
    _contrast,
    _rgb,
)
from odoo.fields import Command
from odoo.tests import tagged

from .test_opt_out import OptOutCase


@tagged("post_install", "-at_install")
class TestOptOutPage(OptOutCase):
    """What a recipient reads on the page, and decides."""

    def setUp(self):
        super().setUp()
        self.target_list.write(
            {
                "is_public": True,
                "public_name": "Garden News",
                "public_description": "News and offers, twice a month",
            }
        )
        self.other_list.is_public = True
        self.anna.invalidate_recordset()

    def page(self, response=None):
        response = response or self.url_open(self.path)
        self.assertEqual(response.status_code, 200)
        return html.fromstring(response.content)

    def text(self, page):
        return " ".join(page.find("body").text_content().split())

    def done(self, response):
        return " ".join(self.page(response).find_class("done")[0].text_content().split())

    def options(self, page, target_list):
        [select] = page.xpath(f"//select[@name='list-{target_list.id}']")
        chosen = select.xpath("option[@selected]/@value")
        return select.xpath("option/@value"), chosen[0] if chosen else None

    def subscription(self, target_list):
        self.env.invalidate_all()
        return self.anna.subscription_ids.filtered(lambda each: each.list_id == target_list)

    # ------------------------------------------------------------
    # What it shows
    # ------------------------------------------------------------

    def test_it_names_her_lists_and_what_she_gets(self):
        text = self.text(self.page())
        self.assertIn("Garden News", text)
        self.assertIn("News and offers, twice a month", text)
        self.assertIn("Other", text)
        self.assertNotIn("Customers", text, "the name that colleagues use")
        self.other_list.active = False
        self.assertNotIn("Other", self.text(self.page()))

    def test_lists_that_are_not_public_are_shown_only_if_they_are_this_mailings(self):
        secret = self._list("Never pays", self.anna)
        self.target_list.write({"is_public": False, "public_name": False})
        text = self.text(self.page())
        self.assertNotIn("Never pays", text)
        self.assertNotIn("Customers", text)
        self.assertIn("This mailing", text)
        secret.public_name = "Reminders"
        self.assertNotIn("Reminders", self.text(self.page()))
        self.target_list.public_name = "Garden News"
        self.assertIn("Garden News", self.text(self.page()))

    def test_markup_in_a_name_is_no_markup(self):
        self.target_list.public_name = "<b>Garden</b> & <script>x</script>"
        page = self.page()
        self.assertIn("<b>Garden</b> & <script>x</script>", self.text(page))
        self.assertFalse(page.xpath("//script") + page.xpath("//b"))

    def test_many_lists_take_as_many_statements_as_few(self):
        def statements():
            self.env.flush_all()
            before = self.cr.sql_log_count
            self.url_open(self.path)
            return self.cr.sql_log_count - before

        statements()  # compiles the template
        few = statements()
        for number in range(30):
            self._list(f"List {number}", self.anna).is_public = True
        self.assertEqual(statements(), few)

    def test_her_address_is_masked(self):
        self.assertIn("a***@example.com", self.text(self.page()))

    def test_the_company_is_that_of_who_is_responsible(self):
        company = self.env["res.company"].create({"name": "Gardeners Abroad"})
        self.marketer.write({"company_ids": [Command.link(company.id)], "company_id": company.id})
        company.email_secondary_color = "#0a3d0a"
        if "company_id" in self.campaign._fields:  # of Sales, which fills it
            self.campaign["company_id"] = False
        page = self.page()
        self.assertIn("Gardeners Abroad", self.text(page))
        self.assertIn("All emails from Gardeners Abroad", self.text(page))
        self.assertIn("#0a3d0a", html.tostring(page).decode())
        self.assertTrue(page.xpath(f"//img[contains(@src, 'company={company.id}')]"))

    def test_letters_on_buttons_can_be_read_whatever_colours_a_company_has(self):
        company = self.env.company
        for button, text in (
            ("#875A7B", "#FFFFFF"),
            ("#ffff00", "#ffffff"),
            ("#777777", "#888888"),
            ("#000000", "#000000"),
            (False, False),
            ("red", "rgb(0, 0, 0)"),
            ("#12345é", "}"),
        ):
            company.write({"email_secondary_color": button, "email_primary_color": text})
            colors = _button_colors(company)
            self.assertGreaterEqual(_contrast(*map(_rgb, colors)), READABLE, button)

    def test_a_screen_reader_finds_its_way(self):
        self.trace._receive_opt_out()
        page = self.page()
        self.assertEqual(page.get("lang"), "en-US")
        self.assertTrue(page.findtext(".//title"))
        self.assertEqual(len(page.xpath("//h1")), 1)
        self.assertEqual(len(page.xpath("//main")), 1)
        for field in page.xpath("//select | //textarea | //input"):
            self.assertEqual(len(page.xpath("//label[@for=$id]", id=field.get("id"))), 1)
        for name in ("labelledby", "describedby"):
            for target in page.xpath(f"//@aria-{name}"):
                self.assertEqual(len(page.xpath("//*[@id=$id]", id=target)), 1)
        ids = page.xpath("//@id")
        self.assertEqual(len(ids), len(set(ids)))
        for image in page.xpath("//img"):
            self.assertTrue(image.get("alt"))
        for fieldset in page.xpath("//fieldset"):
            self.assertTrue(fieldset.findtext("legend"))

    def test_what_was_done_is_told_and_gets_the_focus(self):
        [told] = self.page(self.post(action="opt_out")).find_class("done")
        self.assertEqual((told.get("role"), told.get("tabindex")), ("status", "-1"))
        self.assertIsNotNone(told.get("autofocus"))

    def test_a_test_message_says_so(self):
        self.assertNotIn("test", self.text(self.page()).lower())
        self.trace.is_test_trace = True
        self.assertIn("You came here from a test", self.text(self.page()))

    # ------------------------------------------------------------
    # Language
    # ------------------------------------------------------------

    def test_it_speaks_the_recipients_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["res.lang"]._activate_lang("ar_001")
        self.target_list.with_context(lang="fr_FR").public_name = "Nouvelles du jardin"
        reasons = self.env["mailing.subscription.optout"].search([])
        reasons.with_context(lang="fr_FR").name = "J'ai changé d'avis"
        partner = self.env["res.partner"].create(
            {"name": "Zoe", "email": "zoe@example.com", "lang": "fr_FR"}
        )
        zoe = self.env["mailing.contact"]._for_records(partner)
        self.target_list.contact_ids += zoe
        lead = self.env["crm.lead"].create(
            {
                "name": "Deal",
                "email_from": "lee@example.com",
                "lang_id": self.env["res.lang"].search([("code", "=", "ar_001")]).id,
            }
        )
        lee = self.env["mailing.contact"]._for_records(lead)
        self.target_list.contact_ids += lee
        mailing = self._mass_email()
        self.send(mailing)
        tokens = {trace.contact_id: trace.sudo().token for trace in mailing.mailing_trace_ids}
        path = f"/mailing/opt-out/{tokens[zoe]}"
        english = {"Accept-Language": "en-US,en;q=0.9"}
        page = self.page(self.url_open(path, headers=english))
        self.assertEqual((page.get("lang"), page.get("dir")), ("fr-FR", "ltr"))
        self.assertIn("Nouvelles du jardin", self.text(page))
        page = self.page(self.post(path, action="opt_out"))
        self.assertIn("J'ai changé d'avis", self.text(page))
        path = f"/mailing/opt-out/{tokens[lee]}"
        page = self.page(self.url_open(path, headers=english))
        self.assertIn("Unsubscribe", self.text(page))
        self.assertEqual(page.get("dir"), "ltr", "its sentences are English")
        self.env.ref("mass_mailing_campaign.opt_out_page").update_field_translations(
            "arch_db", {"ar_001": {"Unsubscribe": "إلغاء الاشتراك"}}
        )
        page = self.page(self.url_open(path, headers=english))
        self.assertIn("إلغاء الاشتراك", self.text(page))
        self.assertEqual(page.get("dir"), "rtl")

    def test_else_it_speaks_the_browsers_language_or_that_of_who_wrote(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["res.lang"]._activate_lang("de_DE")
        self.marketer.lang = "de_DE"
        for accepted, expected in (
            ("fr-FR,fr;q=0.9", "fr-FR"),
            ("fr-CA", "fr-FR"),
            ("ja,fr;q=0.5", "fr-FR"),
            ("ja", "de-DE"),
            ("*;q=x,,;", "de-DE"),
            ("", "de-DE"),
        ):
            page = self.page(self.url_open(self.path, headers={"Accept-Language": accepted}))
            self.assertEqual(page.get("lang"), expected, accepted)

    # ------------------------------------------------------------
    # What she decides
    # ------------------------------------------------------------

    def test_opting_out_says_of_what(self):
        self.assertIn("Garden News", self.done(self.post(action="opt_out")))
        self.assertEqual(self.opted_out_lists(), self.target_list)

    def test_opting_out_of_everything_blacklists_and_says_for_whom(self):
        response = self.post(action="opt_out_of_all")
        self.assertIn("a***@example.com", self.done(response))
        self.assertTrue(self.is_blacklisted())
        self.assertFalse(self.opted_out_lists(), "she may come back to where she was")
        page = self.page(self.post(action="opt_in"))
        self.assertFalse(self.is_blacklisted())
        self.assertTrue(page.xpath("//button[@value='opt_out_of_all']"))
        self.assertEqual(self.logged(), ["opted_in", "opted_out", "sent"])

    def test_who_was_blacklisted_by_others_cannot_take_it_back_here(self):
        self.env["mail.blacklist"]._add("anna@example.com")
        page = self.page()
        self.assertIn("You are unsubscribed from everything", self.text(page))
        self.assertFalse(page.xpath("//button"))
        self.post(action="opt_in")
        self.assertTrue(self.is_blacklisted())

    def test_each_list_can_be_left_and_taken_back(self):
        field = f"list-{self.other_list.id}"
        response = self.post(action="choose", **{field: "none"})
        self.assertIn("Other", self.done(response))
        self.assertEqual(self.opted_out_lists(), self.other_list)
        self.assertEqual(self.options(self.page(response), self.other_list)[1], "none")
        response = self.post(action="choose", **{field: "0"})
        self.assertIn("Other", self.done(response))
        self.assertFalse(self.opted_out_lists())
        self.assertEqual(self.logged(), ["opted_in", "opted_out", "sent"])

    def test_taking_back_one_list_leaves_the_others(self):
        lists = self.target_list + self.other_list
        self.post(action="choose", **{f"list-{each.id}": "none" for each in lists})
        self.assertEqual(self.opted_out_lists(), lists)
        self.post(action="choose", **{f"list-{self.other_list.id}": "30"})
        self.assertEqual(self.opted_out_lists(), self.target_list)
        self.assertEqual(self.subscription(self.other_list).interval_days, 30)

    def test_a_list_she_left_by_another_way_is_not_for_this_page_to_bring_back(self):
        self.other_list._update_subscription_from_email("anna@example.com", opt_out=True)
        page = self.page()
        self.assertIn("You unsubscribed from this earlier.", self.text(page))
        self.assertFalse(page.xpath(f"//select[@name='list-{self.other_list.id}']"))
        self.post(action="choose", **{f"list-{self.other_list.id}": "0"})
        self.assertEqual(self.opted_out_lists(), self.other_list)

    def test_a_list_that_waits_for_her_was_not_left(self):
        courses = self._list("Courses")
        courses.write({"is_public": True, "opt_in_required": True})
        courses.contact_ids = self.anna
        page = self.page()
        self.assertIn("You have not confirmed that you want this.", self.text(page))
        self.assertNotIn("You unsubscribed from this earlier.", self.text(page))
        self.post(action="choose", **{f"list-{courses.id}": "0"})
        self.assertEqual(self.opted_out_lists(), courses)

    def test_she_may_want_to_hear_less_often(self):
        field = f"list-{self.target_list.id}"
        self.assertEqual(
            self.options(self.page(), self.target_list), (["0", "7", "30", "none"], "0")
        )
        response = self.post(action="choose", **{field: "30"})
        self.assertIn("Garden News: Not more than once a month", self.done(response))
        self.assertEqual(self.subscription(self.target_list).interval_days, 30)
        mailing = self._mass_email()
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing), {"Anna": "too_soon"})
        self.post(action="choose", **{field: "0"})
        self.assertEqual(self.subscription(self.target_list).interval_days, 0)

    def test_an_interval_that_a_colleague_set_is_shown_and_kept(self):
        self.subscription(self.target_list).interval_days = 14
        options, chosen = self.options(self.page(), self.target_list)
        self.assertEqual((options, chosen), (["0", "7", "14", "30", "none"], "14"))
        response = self.post(action="choose", **{f"list-{self.target_list.id}": "14"})
        self.assertIn("Nothing has changed", self.done(response))

    def test_who_is_not_on_the_list_any_more_is_promised_no_interval(self):
        self.subscription(self.target_list).unlink()
        self.env.flush_all()
        answers, _chosen = self.options(self.page(), self.target_list)
        self.assertEqual(answers, ["0", "none"])
        response = self.post(action="choose", **{f"list-{self.target_list.id}": "30"})
        self.assertEqual(self.done(response), "Nothing has changed.")
        response = self.post(action="choose", **{f"list-{self.target_list.id}": "none"})
        self.assertIn("unsubscribed from: Garden News", self.done(response))

    def test_the_interval_holds_for_all_contacts_of_her_address(self):
        twin = self._contact("Twin", self.target_list, email="anna@example.com")
        self.post(action="choose", **{f"list-{self.target_list.id}": "7"})
        self.env.invalidate_all()
        self.assertEqual(twin.subscription_ids.interval_days, 7)

    # ------------------------------------------------------------
    # Why
    # ------------------------------------------------------------

    def reason(self, is_feedback):
        return self.env["mailing.subscription.optout"].search(
            [("is_feedback", "=", is_feedback)], limit=1
        )

    def test_she_is_asked_why_only_after_she_opted_out(self):
        self.assertFalse(self.page().xpath("//input[@name='reason']"))
        page = self.page(self.post(action="opt_out"))
        reasons = self.env["mailing.subscription.optout"].search([])
        self.assertEqual(
            page.xpath("//input[@name='reason']/@value"), [str(each.id) for each in reasons]
        )
        self.assertEqual(len(page.xpath("//textarea")), 1)

    def test_the_reason_is_kept_with_the_opt_out(self):
        self.post(action="opt_out")
        reason = self.reason(is_feedback=False)
        response = self.post(action="tell_why", reason=reason.id, feedback="not asked for")
        self.assertIn("Thank you", self.done(response))
        self.assertEqual(self.subscription(self.target_list).opt_out_reason_id, reason)
        self.assertFalse(self.subscription(self.other_list).opt_out_reason_id)
        opt_outs = self.env["mailing.opt.out"].search([("list_id", "=", self.target_list.id)])
        self.assertEqual((opt_outs.reason_id, opt_outs.mapped("feedback")), (reason, [False] * 2))

    def test_her_own_words_are_text_wherever_a_colleague_reads_them(self):
        self.post(action="opt_out")
        words = '<img src=x onerror="alert(1)"> {{ 7 * 7 }} ${object}'
        self.post(action="tell_why", reason=self.reason(True).id, feedback=f"  {words}\0 ")
        self.env.invalidate_all()
        opt_outs = self.env["mailing.opt.out"].search([("list_id", "=", self.target_list.id)])
        self.assertEqual(set(opt_outs.mapped("feedback")), {words})
        note = self.anna.message_ids[0].body
        self.assertIn("&lt;img src=x onerror", note)
        self.assertNotIn("<img", note)
        page = self.page()
        self.assertEqual(page.xpath("//textarea")[0].text, words)
        self.assertFalse(page.xpath("//img[@onerror]"))

    def test_her_own_words_are_bounded(self):
        self.post(action="opt_out")
        self.post(action="tell_why", reason=self.reason(True).id, feedback="x" * 5000)
        self.env.invalidate_all()
        opt_outs = self.env["mailing.opt.out"].search([("list_id", "=", self.target_list.id)])
        self.assertEqual({len(each.feedback) for each in opt_outs}, {1000})
        response = self.post(action="opt_in", feedback="x" * LONGEST_FORM)
        self.assertEqual(response.status_code, 413)
        self.assertTrue(opt_outs.exists())

    def test_the_reason_of_leaving_everything_is_kept_with_the_blacklisted_address(self):
        self.post(action="opt_out_of_all")
        reason = self.reason(is_feedback=True)
        self.post(action="tell_why", reason=reason.id, feedback="<b>Enough</b>")
        self.env.invalidate_all()
        entry = self.env["mail.blacklist"].search([("email", "=", "anna@example.com")])
        self.assertEqual(entry.opt_out_reason_id, reason)
        self.assertIn("&lt;b&gt;Enough", "".join(entry.message_ids.mapped("body")))
        self.assertTrue(any(self.trace._own_opt_outs()), "it stays this message's to take back")

    def test_who_did_not_opt_out_tells_no_reason(self):
        self.other_list._update_subscription_from_email("anna@example.com", opt_out=True)
        self.post(action="tell_why", reason=self.reason(False).id)
        self.assertFalse(self.subscription(self.other_list).opt_out_reason_id)
