"""Takes screens in a headless browser, and looks for what no screen should show.

Runs inside the virtual environment; reads what to do from standard input, as JSON:

* ``url``, ``browser``, ``folder``, ``lang``: of the server, of Chromium, for the pictures
* ``screens``: ``environment.screens`` as dicts, their names filled in
* ``docs``: whether to take the parts that the documentation shows, cropped and small
* ``english``: texts that are English, where the language is another one

Prints a line of JSON for each finding: ``{"screen", "what", "texts", "is_fault"}``.
"""

import io
import json
import sys
from contextlib import suppress
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Error, sync_playwright

HEIGHT, TALLEST = 900, 4000
PHONE = 600  # narrower is a phone
# A form's buttons are behind these on a phone.
MORE = [".o_statusbar_buttons .btn:has(.oi-ellipsis-v)", ".o_control_panel .btn:has(.fa-bolt)"]
WAIT_MS, IDLE_MS = 10000, 1500
BUNDLES_MS = 120000  # the first page has them made
# One page of a guide is this wide.
DOCS_WIDTH, DOCS_TALLEST, DOCS_COLORS, MARGIN = 1200, 800, 128, 16
IDLE = "() => !document.querySelector('.o_blockUI, .o_loading_indicator, .placeholder-glow')"
TALL = """() => Math.max(document.body.scrollHeight, ...[...document.querySelectorAll(
    '.o_content, .o_form_sheet_bg, .o_renderer, .settings, .modal-body')].map(
    (each) => each.scrollHeight + each.getBoundingClientRect().top))"""
# Nothing moves, no cursor blinks, no notification covers anything.
STILL = """*, *::before, *::after { transition: none !important; animation: none !important;
    caret-color: transparent !important; } .o_notification_manager { display: none !important; }"""
CLIPPED = """() => {
    const labels = 'th *, .badge, .o_tag_badge_text, button, .btn, .nav-link, .o_form_label,' +
        ' .o_statusbar_status *, h1, h2, h3, label, .o_stat_text, .text-truncate';
    const isClipping = (each) => each.scrollWidth > each.clientWidth + 1 &&
        getComputedStyle(each).overflowX !== 'visible' && each.checkVisibility();
    const texts = [...document.querySelectorAll(labels)].filter(
        (each) => each.innerText?.trim() && each.clientWidth && isClipping(each)
    ).map((each) => each.innerText.trim());
    return [...new Set(texts)];
}"""
# Text beyond the right edge that nobody can scroll to.
BEYOND = """() => {
    const isScrolled = (each) => ['auto', 'scroll'].includes(getComputedStyle(each).overflowX);
    const scrolls = (each) => each && each !== document.documentElement &&
        (isScrolled(each) || scrolls(each.parentElement));
    const leaves = [...document.querySelectorAll('body *')].filter((each) =>
        !each.children.length && each.textContent.trim() && each.checkVisibility() &&
        each.getBoundingClientRect().right > innerWidth + 2 && !scrolls(each));
    const texts = leaves.map((each) => each.textContent.trim().slice(0, 60));
    return [...new Set(texts)].slice(0, 5);
}"""
VISIBLE = """() => [document.title, document.body.innerText,
    ...[...document.querySelectorAll('input, textarea')].filter((each) => each.checkVisibility())
    .map((each) => each.value || each.placeholder)].join('\\n')"""
TECHNICAL = ["{{", "object.", "mass_mailing_campaign", "mailing.trace", "undefined", "NaN"]
ERROR_DIALOG = """.o_error_dialog, .modal:has(.o_error_detail),
    .modal:has(.fa-exclamation-triangle):not(:has(.o_field_widget[name=findings]))"""


class Camera:
    def __init__(self, job, browser):
        self.job = job
        self.browser = browser
        self.contexts = {}
        self.errors = []

    def take_all(self):
        for screen in self.job["screens"]:
            widths = [DOCS_WIDTH] if self.job["docs"] else screen["widths"]
            for width in widths:
                self.take(screen, width)

    def take(self, screen, width):
        name = screen["name"] if self.job["docs"] else f"{screen['name']}-{width}"
        self.errors = []
        page = self.context(screen["login"], width).new_page()
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        try:
            self.open(page, screen, width)
            self.look(page, screen, name)
            self.save(page, screen, name)
        except Error as error:
            self.errors.append(str(error).splitlines()[0])
            page.screenshot(path=self.file(name))
        finally:
            page.close()
        expected = f"status of {screen['status']}" if screen["status"] != 200 else None
        errors = [each for each in self.errors if not (expected and expected in each)]
        if errors:
            self.tell(name, "error", errors, is_fault=True)

    def context(self, login, width):
        """A browser of its own for each user and width; a phone where it is narrow."""
        key = (login, width)
        if key not in self.contexts:
            context = self.contexts[key] = self.browser.new_context(
                viewport={"width": width, "height": HEIGHT},
                locale=self.job["lang"].replace("_", "-"),
                timezone_id="UTC",
                has_touch=width < PHONE,
                is_mobile=width < PHONE,
                reduced_motion="reduce",
            )
            context.set_default_timeout(WAIT_MS)
            if login:
                params = {"db": self.job["database"], "login": login, "password": login}
                answer = context.request.post(
                    f"{self.job['url']}/web/session/authenticate",
                    data={"jsonrpc": "2.0", "params": params},
                )
                if not answer.json().get("result", {}).get("uid"):
                    raise SystemExit(f"{login} cannot log in: {answer.text()[:300]}")
        return self.contexts[key]

    def open(self, page, screen, width):
        page.goto(self.job["url"] + screen["path"], timeout=BUNDLES_MS)
        page.add_style_tag(content=STILL)
        self.settle(page, screen)
        for step in screen["steps"]:
            if isinstance(step, str):
                self.click(page, step, width)
            else:
                page.locator(step[0]).first.fill(step[1])
            self.settle(page, screen)
        height = min(max(page.evaluate(TALL), HEIGHT), TALLEST)
        if height > HEIGHT:
            page.set_viewport_size({"width": width, "height": int(height)})
            self.settle(page, screen)

    def click(self, page, selector, width):
        target = page.locator(selector).locator("visible=true").first
        for more in MORE if width < PHONE else ():
            if not target.is_visible() and page.locator(more).count():
                page.locator(more).first.click()
                page.wait_for_timeout(250)
                if not target.is_visible():
                    page.keyboard.press("Escape")
        target.click()

    def settle(self, page, screen):
        """Wait until the screen is there, and nothing is on its way any more."""
        if screen["login"]:
            page.wait_for_selector(".o_action_manager > *, .modal", state="attached")
        with suppress(Error):  # the bus keeps talking
            page.wait_for_load_state("networkidle", timeout=IDLE_MS)
        page.wait_for_function(IDLE)
        page.wait_for_timeout(250)

    # ------------------------------------------------------------
    # What no screen should show
    # ------------------------------------------------------------

    def look(self, page, screen, name):
        if page.locator(ERROR_DIALOG).count():
            words = page.locator(ERROR_DIALOG).first.inner_text()
            self.tell(name, "error dialog", [" ".join(words.split())[:300]], is_fault=True)
        self.tell(name, "clipped", page.evaluate(CLIPPED))
        self.tell(name, "beyond the edge", page.evaluate(BEYOND))
        text = page.evaluate(VISIBLE)
        lines = [line.strip() for line in text.splitlines()]
        technical = [each for each in TECHNICAL if each not in screen["allow"]]
        self.tell(
            name, "technical", {line[:80] for line in lines if any(t in line for t in technical)}
        )
        english = set(self.job["english"])
        self.tell(name, "English", {line for line in lines if line in english})

    def tell(self, name, what, texts, is_fault=False):
        if texts:
            finding = {"screen": name, "what": what, "texts": sorted(texts), "is_fault": is_fault}
            print(json.dumps(finding), flush=True)

    def _note_console(self, message):
        if message.type == "error" and "/favicon.ico" not in message.location.get("url", ""):
            where = message.location.get("url", "").removeprefix(self.job["url"])
            self.errors.append(f"{message.text[:300]} {where}")

    # ------------------------------------------------------------
    # Pictures
    # ------------------------------------------------------------

    def file(self, name):
        return Path(self.job["folder"]) / f"{name}.png"

    def save(self, page, screen, name):
        if not self.job["docs"]:
            page.screenshot(path=self.file(name))
            return
        part = page.locator(screen["docs"]).locator("visible=true").first
        image = Image.open(io.BytesIO(part.screenshot())).convert("RGB")
        image = self.trimmed(image)
        image = image.quantize(DOCS_COLORS, dither=Image.Dither.NONE)
        image.save(self.file(name), optimize=True)

    @staticmethod
    def trimmed(image):
        """Without the empty space at its lower end, and not taller than a page takes."""
        ground = Image.new("RGB", image.size, image.getpixel((2, image.height - 3)))
        (_left, _top, _right, bottom) = ImageChops.difference(image, ground).getbbox() or (0,) * 4
        return image.crop((0, 0, image.width, min(bottom + MARGIN, image.height, DOCS_TALLEST)))


def main():
    job = json.load(sys.stdin)
    Path(job["folder"]).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=job["browser"], args=["--no-sandbox", "--force-color-profile=srgb"]
        )
        Camera(job, browser).take_all()
        browser.close()


if __name__ == "__main__":
    main()
