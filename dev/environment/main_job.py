"""The main job: the demo campaign played to its end, through the doors its users have.

A marketer's doors are RPC calls as the web client makes them, a recipient's are the links in the
mails that really arrived, a mail server's is Odoo's mail gateway.
"""

import email
import email.policy
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime

from .cache import REPOSITORY
from .console import say, step

ADDON = "mass_mailing_campaign"
DELIVERY_SECONDS = 120
MACHINE_SECONDS = 6  # who is faster after sending is no person, see delivery/robots
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}

# What the demo data implies: 13 members of two lists, 7 of them with a reason not to be mailed;
# then what is done below with the mails of the other six.
EXPECTED = {
    "members": 13,
    "queued": 6,
    "sent": 6,
    "opened": 4,
    "clicked": 2,
    "opted out": 2,
    "bounced": 1,
    "listed from log": 2,
}

BOUNCE = (REPOSITORY / "tests/data/returned/report.eml").read_text()


class Odoo:
    """Odoo as a user's program sees it."""

    def __init__(self, url, database, login="admin", password="admin", timeout=DELIVERY_SECONDS):
        self.url = url
        self.timeout = timeout
        uid = self._rpc("common", "login", database, login, password)
        self._credentials = (database, uid, password)

    def call(self, model, method, *args, **kwargs):
        return self._rpc("object", "execute_kw", *self._credentials, model, method, args, kwargs)

    def _rpc(self, service, method, *args):
        params = {"service": service, "method": method, "args": args}
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = urllib.request.Request(
            f"{self.url}/jsonrpc", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=self.timeout) as answer:
            result = json.load(answer)
        if "error" in result:
            raise RuntimeError(result["error"]["data"]["debug"])
        return result.get("result")

    def ref(self, name):
        domain = [("module", "=", ADDON), ("name", "=", name)]
        [record] = self.call("ir.model.data", "search_read", domain, ["res_id"])
        return record["res_id"]

    def read(self, model, record_id, *fields):
        [record] = self.call(model, "read", [record_id], fields)
        return record


class Inbox:
    """The mails the catcher kept, by recipient."""

    def __init__(self, folder):
        self._mails = {}
        for file in sorted(folder.glob("*.eml")):
            mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if mail["List-Unsubscribe"]:  # Odoo's own notifications have none
                self._mails[mail["To"].addresses[0].addr_spec] = mail

    def __len__(self):
        return len(self._mails)

    def mail(self, address):
        return self._mails[address]

    def text(self, address, subtype):
        """Return what a recipient reads in the part of a subtype, html or plain."""
        return self.mail(address).get_body((subtype,)).get_content()

    def link(self, address, pattern):
        """Return the first URL in a recipient's HTML part that fits a pattern."""
        html = self.text(address, "html")
        return re.search(rf'(?:href|src)="([^"]*{pattern}[^"]*)"', html)[1]

    def one_click(self, address):
        return self.mail(address)["List-Unsubscribe"].strip().strip("<>")


class KeepRedirect(urllib.request.HTTPRedirectHandler):
    """The web is not there: look where a link leads, do not go."""

    def redirect_request(self, *_args):
        return None


def fetch(url, form=None):
    """Follow a link as a browser does; return status, text and where it redirects."""
    data = urllib.parse.urlencode(form).encode() if form else None
    request = urllib.request.Request(url, data, BROWSER)
    try:
        with urllib.request.build_opener(KeepRedirect).open(request, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace"), None
    except urllib.error.HTTPError as answer:
        return answer.code, "", answer.headers["Location"]


def play(url, database, mails):
    """Play the main job and print what came out.

    :return: exit code, 0 when every figure is what the demo data implies
    """
    odoo = Odoo(url, database)
    mailing = odoo.ref("mass_email_spring")
    with step("Sending the demo mass email"):
        send(odoo, mailing)
    inbox = Inbox(mails)
    problems = []
    with step("Waiting, for who opens at once is taken for a machine"):
        time.sleep(MACHINE_SECONDS)
    with step("Opening, clicking, opting out and bouncing"):
        receive(odoo, inbox, problems)
    with step("Creating a target list from the log"):
        listed = list_from_log(odoo)
    figures = count(odoo, mailing, listed)
    show(odoo, mailing)
    if len(inbox) != figures["queued"]:
        problems.append(f"{len(inbox)} mails arrived, {figures['queued']} were queued")
    problems += [
        f"{name}: {figures[name]} instead of {expected}"
        for name, expected in EXPECTED.items()
        if figures[name] != expected
    ]
    for problem in problems:
        say(f"WRONG  {problem}")
    say("main job: " + ", ".join(f"{figure} {name}" for name, figure in figures.items()))
    return 1 if problems else 0


def send(odoo, mailing):
    """Set the mass email pending and let the server's own cron send it."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    odoo.call("mailing.mailing", "write", [mailing], {"schedule_date": now})
    odoo.call("mailing.mailing", "action_set_pending", [mailing])
    deadline = time.monotonic() + DELIVERY_SECONDS
    while odoo.read("mailing.mailing", mailing, "state")["state"] != "done":
        if time.monotonic() > deadline:
            issue = odoo.read("mailing.mailing", mailing, "state", "delivery_issue")
            raise TimeoutError(f"The mass email is not complete: {issue}")
        time.sleep(0.5)


def receive(odoo, inbox, problems):
    """Do what recipients and their mail servers do."""

    def check(is_right, problem):
        if not is_right:
            problems.append(problem)

    anna, boris = "anna@alder-lumber.example.com", "boris@borealis-glass.example.com"
    erik, hugo = "erik@fern.example.com", "hugo@ivy.example.com"
    marc, account = "mark.brown23@example.com", "office@alder-lumber.example.com"
    check("Dear Anna Alder" in inbox.text(anna, "plain"), "a personal value is missing")
    check("<span>Борис Ёлкин</span>" in inbox.text(boris, "html"), "a personal value is missing")
    for address in (anna, erik, hugo):
        status, *_rest = fetch(inbox.link(address, "/mailing/open/"))
        check(status == 200, "the open pixel was not served")
    for address, name in ((anna, "link_offer"), (anna, "link_demo"), (boris, "link_offer")):
        link = odoo.read("link.tracker", odoo.ref(name), "code", "url")
        pattern = f"/mailing/click/{link['code']}/"
        status, _text, target = fetch(inbox.link(address, pattern))
        check(status == 302 and target.startswith(link["url"]), f"a click leads to {target}")
    fetch(inbox.one_click(hugo), {"List-Unsubscribe": "One-Click"})
    page = inbox.link(marc, "/mailing/opt-out/")
    _status, text, _target = fetch(page)
    check('value="opt_out"' in text, "the opt-out page has no button")
    check(len(events(odoo, "opted_out")) == 1, "looking at the opt-out page opted somebody out")
    fetch(page, {"action": "opt_out"})
    bounce = BOUNCE.format(
        id="bounce",
        to="bounce@garden.example.com",
        status="5.1.1",
        words="no such user",
        address=account,
        returned=inbox.mail(account).as_string(),
    )
    odoo.call("mail.thread", "message_process", False, bounce)


def list_from_log(odoo):
    """Make a target list of all who clicked the offer; return how many it holds."""
    field = [("field_id.model", "=", "mailing.trace.event"), ("field_id.name", "=", "event_type")]
    clicked = odoo.call("ir.model.fields.selection", "search", [*field, ("value", "=", "clicked")])
    wizard = odoo.call(
        "mailing.list.from.log",
        "create",
        {
            "campaign_id": odoo.ref("campaign_spring"),
            "name": "Clicked the spring offer",
            "did_ids": [(6, 0, clicked)],
            "did_link_ids": [(6, 0, [odoo.ref("link_offer")])],
        },
    )
    action = odoo.call("mailing.list.from.log", "action_create", [wizard])
    opened = action["params"]["next"]["res_id"]
    return odoo.read("mailing.list", opened, "contact_count")["contact_count"]


def events(odoo, event_type):
    """Return the recipients of one kind of log line, each once."""
    domain = [("campaign_id", "=", odoo.ref("campaign_spring")), ("event_type", "=", event_type)]
    lines = odoo.call("mailing.trace.event", "search_read", domain, ["email"])
    return {line["email"] for line in lines}


def count(odoo, mailing, listed):
    counts = odoo.read("mailing.mailing", mailing, "member_count", "queued_count")
    figures = {"members": counts["member_count"], "queued": counts["queued_count"]}
    for event_type in ("sent", "opened", "clicked", "opted_out", "bounced"):
        figures[event_type.replace("_", " ")] = len(events(odoo, event_type))
    return figures | {"listed from log": listed}


def show(odoo, mailing):
    """Print what became of every member."""
    fields = ["contact_id", "email", "trace_status", "failure_type"]
    domain = [("mass_mailing_id", "=", mailing)]
    say(f"\n{'Member':28} {'Address':34} {'Status':9} Reason")
    for trace in odoo.call("mailing.trace", "search_read", domain, fields, order="id"):
        name = trace["contact_id"][1] if trace["contact_id"] else ""
        say(
            f"{name:28} {trace['email'] or '':34} {trace['trace_status']:9} "
            f"{trace['failure_type'] or ''}"
        )
    say()
