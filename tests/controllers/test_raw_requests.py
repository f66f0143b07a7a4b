import http.client
import string
from urllib.parse import urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import HttpCase, tagged
from odoo.tests.common import TEST_CURSOR_COOKIE_NAME
from odoo.tools import mute_logger

from ..common import MassEmailData

# 301: two slashes are one; 413: what is no UTF-8 in a form (both Werkzeug's)
ANSWERS = {200, 301, 302, 303, 308, 400, 404, 405, 413, 414}
ROUTES = ["open/{}.gif", "click/{}/{}", "view/{}", "opt-out/{}"]
# What may stand in a part of a path; a request line ends at what Python takes for white space.
# A path that is none of these routes is Odoo's, which looks for it in the database, NUL and all.
RAW = bytes({*range(0x21, 0x100)} - {0x7F, 0x85, 0xA0, *b"/?#%"})
JUNK = (
    st.lists(st.sampled_from(RAW), min_size=1, max_size=80).map(bytes)
    | st.text(string.hexdigits, min_size=28, max_size=36).map(str.encode)
    | st.lists(st.sampled_from([*{*range(0x100)} - {*b"/"}]), min_size=1, max_size=30).map(
        lambda junk: b"".join(b"%%%02X" % byte for byte in junk)
    )
    | st.integers(1, 4000).map(lambda length: b"a" * length)
    | st.sampled_from([b"%00", b"..", b"%ff%fe", b"{{7*7}}", b"'--", b"%0d%0aX:%20y"])
)


@tagged("post_install", "-at_install")
class TestRawRequests(MassEmailData, HttpCase):
    """Whatever stands in a public address, at raw HTTP: an answer, and never a traceback."""

    def request(self, method, path, body=b"", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port(), timeout=30)
        # as bytes, past what http.client would object to
        connection._validate_path = lambda _url: None
        connection._encode_request = lambda request: request.encode("latin-1")
        try:
            connection.putrequest(method, path.decode("latin-1"), skip_accept_encoding=True)
            for name, value in self.http_headers(body, headers).items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.getheader("Location") or "", response.read()
        finally:
            connection.close()

    def http_headers(self, body, headers):
        return {
            "Content-Length": str(len(body)),
            "Cookie": f"{TEST_CURSOR_COOKIE_NAME}={self.http_request_key}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }

    def assert_tame(self, method, path, body=b"", **headers):
        with mute_logger("odoo.http", "werkzeug"):
            status, location, page = self.request(method, path, body, **headers)
        self.assertIn(status, ANSWERS, path)
        host = urlsplit(location).netloc.partition(":")[0]
        self.assertIn(host, ("", "127.0.0.1", "www.example.com"), "where nobody meant it to lead")
        self.assertNotIn(b"Traceback", page)
        self.assertNotIn(b"psycopg2", page)

    def fuzz(self, examples, *strategies):
        def decorate(check):
            settings(max_examples=examples, deadline=None)(given(*strategies)(check))()

        return decorate

    def test_no_address_gives_a_traceback(self):
        with self.allow_requests(all_requests=True):

            @self.fuzz(
                60, st.sampled_from(ROUTES), JUNK, JUNK, st.sampled_from(["GET", "POST", "HEAD"])
            )
            def _check(route, one, other, method):
                parts = route.encode().split(b"{}")
                path = parts[0] + one + parts[1] + (other + parts[2] if len(parts) > 2 else b"")
                self.assert_tame(method, b"/mailing/" + path)

    def test_no_form_gives_a_traceback(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        path = f"/mailing/opt-out/{mailing.mailing_trace_ids.sudo().token}".encode()
        kinds = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x/y", ""]
        names = [b"action=", b"action=tell_why&reason=", b"action=choose&list-1=", b"feedback="]
        with self.allow_requests(all_requests=True):

            @self.fuzz(40, st.sampled_from(names), st.binary(max_size=200), st.sampled_from(kinds))
            def _check(name, junk, kind):
                self.assert_tame("POST", path, name + junk, Content_Type=kind)

    def test_words_are_kept_in_bounds(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        trace = mailing.mailing_trace_ids.sudo()
        reason = self.env["mailing.subscription.optout"].search([], limit=1)
        reason.is_feedback = True
        url = f"/mailing/opt-out/{trace.token}"
        self.url_open(url, data={"action": "opt_out"})
        words = {"action": "tell_why", "reason": str(reason.id), "feedback": "x" * 20_000}
        self.url_open(url, data=words)
        memory = self.env["mailing.opt.out"].search([("trace_id", "=", trace.id)])
        self.assertEqual({len(each.feedback) for each in memory}, {1000})
