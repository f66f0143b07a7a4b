import json

from odoo.tests import tagged
from odoo.tests.common import ChromeBrowser

from .controllers.test_opt_out import OptOutCase

# What a tidy page has none of, whatever the size of the screen.
UNTIDY = """
(() => {
    const shown = (each) => each.getClientRects().length > 0;
    const name = (each) => `${each.tagName} ${each.textContent.trim().slice(0, 40)}`;
    const found = [];
    if (document.documentElement.scrollWidth > window.innerWidth) {
        found.push("the page is wider than the screen");
    }
    for (const each of document.querySelectorAll("body *")) {
        if (shown(each) && each.scrollWidth > each.clientWidth + 1 && each.clientWidth) {
            found.push(`clipped: ${name(each)}`);
        }
        const { left, right } = each.getBoundingClientRect();
        if (shown(each) && (left < -1 || right > window.innerWidth + 1)) {
            found.push(`off the screen: ${name(each)}`);
        }
    }
    for (const each of document.querySelectorAll("button, select, textarea")) {
        if (shown(each) && each.getBoundingClientRect().height < 44) {
            found.push(`too small for a finger: ${name(each)}`);
        }
    }
    for (const each of document.querySelectorAll("img")) {
        if (!each.naturalWidth) {
            found.push(`no image: ${each.src}`);
        }
    }
    return found;
})()
"""


class Reader:
    """A recipient with a browser, who sees the page and uses what is on it."""

    def __init__(self, case, size):
        case.browser_size = size
        self.case = case
        self.browser = ChromeBrowser(case)
        case.addCleanup(self.browser.stop)

    def evaluate(self, expression):
        answer = self.browser._websocket_request(
            "Runtime.evaluate", params={"expression": expression, "returnByValue": True}
        )
        self.case.assertNotIn("exceptionDetails", answer)
        return answer["result"].get("value")

    def open(self, url):
        self.browser.navigate_to(url, wait_stop=True)
        self.case.assertTrue(self.browser._wait_ready())

    def submit(self, button):
        """Press a button, and wait for what the page says then."""
        self.evaluate("document.body.dataset.before = 'yes'")
        self.evaluate(f"document.querySelector({json.dumps(button)}).click()")
        came = "document.readyState === 'complete' && !document.body.dataset.before"
        self.case.assertTrue(self.browser._wait_ready(came, timeout=20), button)
        return self.evaluate("document.querySelector('.done').innerText")


@tagged("post_install", "-at_install")
class TestOptOutInBrowser(OptOutCase):
    """The opt-out page on a phone and on a large screen, in two languages, without scripts."""

    def setUp(self):
        super().setUp()
        self.env["res.lang"]._activate_lang("fr_FR")
        self.target_list.write(
            {
                "is_public": True,
                "public_name": "Donaudampfschifffahrtsgesellschaftskapitänsnachrichtenbrief",
                "public_description": "News and offers, twice a month",
            }
        )
        self.other_list.is_public = True
        partner = self.env["res.partner"].create({"name": "Zoe", "email": "zoe@example.com"})
        self.anna.partner_id = partner

    def play(self, size, lang):
        self.anna.partner_id.lang = lang
        reader = Reader(self, size)
        with self.allow_requests(browser=reader.browser):
            self.authenticate(None, None, browser=reader.browser)
            self.cr.flush()
            self.cr.clear()
            reader.open(self.base_url() + self.path)
            self.assertEqual(
                reader.evaluate("document.documentElement.lang"), lang.replace("_", "-")
            )
            self.assertEqual(reader.evaluate(UNTIDY), [])

            told = reader.submit("button[value=opt_out]")
            self.assertIn(self.target_list.public_name, told)
            self.assertEqual(reader.evaluate(UNTIDY), [])
            has_focus = "document.activeElement === document.querySelector('.done')"
            self.assertTrue(reader.evaluate(has_focus), "what was done is read out")
            self.assertEqual(self.opted_out_lists(), self.target_list)

            words = "document.querySelector('.words').getClientRects().length > 0"
            self.assertFalse(reader.evaluate(words))
            reader.evaluate("[...document.querySelectorAll('input[name=reason]')].at(-1).click()")
            self.assertTrue(reader.evaluate(words), "the reason asks for her own words")
            self.assertEqual(reader.evaluate(UNTIDY), [])
            reader.evaluate("document.querySelector('textarea').value = 'Too much'")
            reader.submit("button[value=tell_why]")
            self.env.invalidate_all()
            memory = self.env["mailing.opt.out"].search([("list_id", "=", self.target_list.id)])
            self.assertEqual(set(memory.mapped("feedback")), {"Too much"})

            reader.submit("button[value=opt_in]")
            self.assertFalse(self.opted_out_lists())
            select = f"select[name=list-{self.other_list.id}]"
            reader.evaluate(f"document.querySelector('{select}').value = '30'")
            self.assertIn("Other", reader.submit("button[value=choose]"))
            self.env.invalidate_all()
            of_other = self.anna.subscription_ids.filtered(
                lambda each: each.list_id == self.other_list
            )
            self.assertEqual(of_other.interval_days, 30)
            self.assertEqual(reader.evaluate(UNTIDY), [])

            reader.submit("button[value=opt_out_of_all]")
            self.assertTrue(self.is_blacklisted("zoe@example.com"))
            self.assertEqual(reader.evaluate(UNTIDY), [])
            self.assertEqual(reader.evaluate("document.scripts.length"), 0)

    def test_on_a_phone_in_english(self):
        self.play("390x844", "en_US")

    def test_on_a_phone_in_french(self):
        self.play("390x844", "fr_FR")

    def test_on_a_large_screen_in_english(self):
        self.play("1440x900", "en_US")

    def test_on_a_large_screen_in_french(self):
        self.play("1440x900", "fr_FR")
