import secrets
from urllib.parse import urlsplit

import requests

from odoo.tools import consteq

from ...delivery.reply import describe
from ...engine.inspection import is_local
from .check import Check

# Seconds to wait for the connection, and then for the answer.
PATIENCE = 5
# By this the server that answers says that it takes the proxy before it for all recipients.
PROXY_IGNORED_HEADER = "X-Odoo-Proxy-Ignored"


class PublicAddressCheck(Check):
    """The address in every link: recipients reach it, and this database answers there.

    And at it the opt-out page, by GET and by one click (RFC 8058), as mail programs call it.
    """

    topic = "public_address"
    asks_others = True

    def findings(self):
        self.url = self.env["ir.config_parameter"]._public_url()
        if trouble := self._inner() or self._unheard():
            yield trouble
            return
        if self.url.startswith("http://"):
            yield self.warning(
                self.env._("%s answers, but not encrypted.", self.url),
                self.env._("Have it answer by https://, and set that address."),
                "open_settings",
            )
        else:
            yield self.good(self.env._("%s answers, and is this database.", self.url))
        if self._is_proxy_ignored:
            yield self.warning(
                self.env._(
                    "Odoo does not go by what the proxy before it says: all openings and clicks "
                    "seem to come from the proxy, machines count as people, and Odoo takes its "
                    "own address for one without https."
                ),
                self.env._(
                    "Start Odoo with proxy_mode, and have the proxy send X-Forwarded-Host, "
                    "X-Forwarded-For and X-Forwarded-Proto."
                ),
            )
        yield self._opt_out()

    def _inner(self):
        """Return what is wrong with the address itself."""
        if not self.url:
            return self.bad(
                self.env._("No address is set: the links of letters lead nowhere."),
                self._set_it(),
                "open_settings",
            )
        try:
            host = urlsplit(self.url).hostname or ""
        except ValueError:  # it is none
            host = ""
        if is_local(host):
            return self.bad(
                self.env._("Links in letters lead to %s, which only you can open.", self.url),
                self._set_it(),
                "open_settings",
            )
        return None

    def _set_it(self):
        return self.env._("Set the Public Address: where your recipients reach this server.")

    def _unheard(self):
        """Ask for what only this database knows; return what is wrong with the answer."""
        nonce = secrets.token_hex(16)
        answer = self._request("get", f"/mailing/check-up/{nonce}")
        if isinstance(answer, str):
            return self.bad(
                self.env._(
                    "%(url)s does not answer from here: %(reason)s", url=self.url, reason=answer
                ),
                self.env._(
                    "See that the name leads to this server, and that the server may open its own "
                    "address. An Odoo with a single HTTP worker cannot."
                ),
                "open_settings",
            )
        expected = self.env["ir.config_parameter"]._checkup_answer(nonce)
        if not consteq(answer.text.strip(), expected):
            return self.bad(
                self.env._("Another server or database answers at %s.", self.url),
                self.env._(
                    "Set the Public Address: where your recipients reach this server. If it has "
                    "several databases, “dbfilter” must tell this one by the host."
                ),
                "open_settings",
            )
        self._is_proxy_ignored = PROXY_IGNORED_HEADER in answer.headers
        return None

    def _opt_out(self):
        path = f"/mailing/opt-out/{self.env['ir.config_parameter']._checkup_token()}"
        for method, form in (("get", None), ("post", {"List-Unsubscribe": "One-Click"})):
            if reason := self._why_not_there(self._request(method, path, form), path):
                words = (
                    self.env._("The opt-out page does not open: %s", reason)
                    if method == "get"
                    else self.env._("Opting out by one click of a mail program fails: %s", reason)
                )
                return self.bad(
                    words,
                    self.env._(
                        "Let your proxy or firewall pass GET and POST of /mailing/opt-out/ without "
                        "a log-in."
                    ),
                )._replace(topic="opt_out")
        return self.good(
            self.env._("The page and the one click of mail programs answer.")
        )._replace(topic="opt_out")

    def _why_not_there(self, answer, path):
        """Return in words why an answer is not that of a path; nothing when it is."""
        if isinstance(answer, str):
            return answer
        elsewhere = answer.headers.get("Location") or answer.url or path
        if answer.is_redirect or urlsplit(elsewhere).path != path:
            return self.env._("it is led on to %s", elsewhere)
        return answer.status_code if answer.status_code != 200 else ""

    def _request(self, method, path, form=None):
        """Return the answer to a request; why there is none, in words.

        A browser follows where it is led; a mail program does not (RFC 8058, section 3.1).
        """
        try:
            return requests.request(
                method,
                self.url + path,
                data=form,
                timeout=PATIENCE,
                allow_redirects=method == "get",
            )
        except requests.Timeout:
            return self.env._("no answer within %s seconds", PATIENCE)
        except requests.exceptions.SSLError:
            return self.env._("its certificate is not valid")
        except requests.ConnectionError:
            return self.env._("no server can be reached there")
        except requests.RequestException as error:
            return describe(error)
