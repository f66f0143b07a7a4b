import io
import json
import zipfile
from unittest.mock import patch

from lxml import etree

from odoo import http
from odoo.addons.mail.tools import link_preview
from odoo.tests import HttpCase, tagged

from ...common import MassEmailCase, MassEmailData

FORMULA = '=HYPERLINK("https://evil.example.com","Click")'
# Fields that hold what recipients and mail servers say.
FOREIGN_WORDS = {"words", "feedback", "smtp_reply", "failure_reason", "user_agent", "why_not"}


@tagged("post_install", "-at_install")
class TestSafeExport(MassEmailData, HttpCase):
    def setUp(self):
        super().setUp()
        self.contact = self._contact(FORMULA, self.target_list, email="anna@example.com")
        self.authenticate("admin", "admin")

    def export(self, kind, records, *names):
        data = {
            "model": records._name,
            "fields": [{"name": name, "label": name, "type": "char"} for name in names],
            "ids": records.ids,
            "domain": [],
            "groupby": [],
            "context": {},
            "import_compat": False,
        }
        response = self.url_open(
            f"/web/export/{kind}",
            data={"data": json.dumps(data), "csrf_token": http.Request.csrf_token(self)},
        )
        self.assertEqual(response.status_code, 200)
        return response.content

    def line(self):
        mailing = self._mass_email()
        mailing._build_queue()
        trace = mailing.mailing_trace_ids.sudo()
        trace._log_event("bounced", bounce_type="final", words=FORMULA)
        return self.env["mailing.trace.event"].search([("mailing_id", "=", mailing.id)])

    def test_a_csv_file_holds_no_formula(self):
        for record, name in ((self.contact, "name"), (self.line(), "words")):
            [_head, row] = self.export("csv", record, name).decode("utf-8-sig").splitlines()
            self.assertEqual(row[:3], "\"'=", record)

    def test_an_excel_file_holds_no_formula(self):
        for record, name in ((self.contact, "name"), (self.line(), "words")):
            with zipfile.ZipFile(io.BytesIO(self.export("xlsx", record, name))) as book:
                sheet = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))
                strings = book.read("xl/sharedStrings.xml").decode()
            self.assertFalse(sheet.findall(".//{*}f"), record)
            self.assertIn("HYPERLINK", strings)


class TestForeignWords(MassEmailCase):
    def test_no_view_shows_what_others_say_as_html(self):
        views = self.env["ir.ui.view"].search([("model", "!=", False)])
        for view in views.filtered(
            lambda view: (view.xml_id or "").startswith("mass_mailing_campaign.")
        ):
            arch = etree.fromstring(view.arch)
            self.assertFalse(arch.xpath("//*[@t-raw]"), view.xml_id)
            for field in arch.iter("field"):
                if field.get("name") in FOREIGN_WORDS:
                    self.assertNotIn(field.get("widget"), ("html", "html_mail"), view.xml_id)

    def test_what_others_say_is_text(self):
        for model in self.env.registry.values():
            if model._name.startswith("mailing."):
                for name in FOREIGN_WORDS & model._fields.keys():
                    self.assertIn(model._fields[name].type, ("char", "text"), model._name)

    def test_words_of_an_opt_out_are_no_markup(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        trace = mailing.mailing_trace_ids.sudo()
        reason = self.env["mailing.subscription.optout"].search([], limit=1)
        reason.is_feedback = True
        trace._receive_opt_out()
        trace._receive_reason(reason, "<img src=x onerror=alert(1)>")
        note = self.env["mail.message"].search(
            [("model", "=", "mailing.contact"), ("res_id", "=", trace.res_id)], limit=1
        )
        self.assertIn("&lt;img", note.body)

    def test_no_page_is_fetched_for_a_tracking_url(self):
        def fetch(*_args, **_kwargs):
            self.fail("a page was fetched")

        with (
            patch.object(link_preview, "get_link_preview_from_url", fetch),
            patch("requests.Session.request", fetch),
        ):
            link = self._tracking_url("Inside", "http://169.254.169.254/latest/meta-data")
            link.url = "http://127.0.0.1:8069/other"
            link.title = "Other"
            link.copy({"title": "Copy", "url": "http://127.0.0.1/copy"})
            with self.assertRaisesRegex(Exception, "needs a name"):
                self._tracking_url(False, "http://127.0.0.1/nameless")
