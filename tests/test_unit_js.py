from odoo.addons.web.tests import test_js
from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestUnitJs(HttpCase):
    def test_unit_tests_of_the_web_client(self):
        """Those in static/tests/unit, in Odoo's own runner."""
        self.browser_js(
            "/web/tests?headless&loglevel=2&preset=desktop&filter=@mass_mailing_campaign",
            "",
            login="admin",
            timeout=300,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=test_js.unit_test_error_checker,
        )
