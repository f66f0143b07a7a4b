"""The addon's life: into a database that Odoo has lived in, from release to release, and out.

Mail goes to a real mail server; what runs inside Odoo are the scripts of ``life_scripts/``.
"""

import email
import email.policy
import io
import shutil
import subprocess
import tarfile
import zipfile
from collections import Counter

from . import console, server, shell
from .cache import NAME, REPOSITORY
from .database import StockDatabase
from .inventory import inventory, rows

# The tag of the previous release; from before there were any, a commit. 4f3adab was the last of
# version 19.0.1.1.0, ad7da5b of 1.2.0, 50b7abb of 1.3.0.
PREVIOUS_RELEASE = "326524a"
STOCK_TABLES = ["crm_lead", "link_tracker", "link_tracker_click", "mail_blacklist"]
STOCK_TABLES += ["mailing_contact", "mailing_list", "mailing_mailing", "mailing_subscription"]
STOCK_TABLES += ["mailing_trace", "res_partner", "utm_campaign"]
OUR_TABLES = [
    "mailing_trace_event",
    "mailing_mailing_excluding_list_rel",
    "utm_campaign_target_list_rel",
    "utm_campaign_excluding_list_rel",
]
# What this release takes out of tables.
GONE = {"mailing_trace": {"mail_server_id"}}
# The setting "Mailing Campaigns" stays ticked, and with it Odoo's cron for A/B tests. Of every
# module Odoo keeps the names that foreign keys had.
STAYS = ("implied group|", "cron|Mail Marketing: A/B Testing|", "reflected constraint|")

# Who reads the list that stock_life.py fills, and may be mailed. An odd address is excluded.
MAY_BE_MAILED = {f"reader{number}@example.com" for number in [*range(8), 11]}
WRITERS = {f"reader{number}@example.com" for number in (*range(9), 11)}
HALF_SENT = 5
IN_A_PORTION = "FROM mailing_trace WHERE portion_datetime IS NOT NULL"


def play(env, release=PREVIOUS_RELEASE):
    """Live through it all, and raise on what went wrong.

    :param release: tag or commit of what is upgraded from
    """
    stock = StockDatabase(env)
    stock.prepare()
    mails = env.cache.path("mails", "life")
    shutil.rmtree(mails, ignore_errors=True)
    present, previous = _present_release(env), _earlier_release(env, release)
    with server.mail_catcher(env, mails) as port:
        post = Post(mails)
        stage = Stage(env, stock.copy("campaign_life"), present, port)
        stage.script("Living with stock Odoo", "stock_life")
        next_stage = Stage(env, stage.database.copy("campaign_life_next"), previous, port)
        _in_and_out(stage, post)
        _from_release_to_release(next_stage, present, post)
    console.say("life: installed, upgraded, uninstalled and installed again")
    return 0


def _in_and_out(stage, post):
    """Install the addon, leave with mass emails in every state, and come back."""
    before = stage.inventory()
    stock_rows, columns = stage.rows(STOCK_TABLES)
    stage.odoo("Installing the addon", "server", "--init", NAME, "--stop-after-init")
    check("Stock data is as it was", stock_rows - stage.rows(STOCK_TABLES, columns)[0])
    stage.script("Sending stock mailings with it", "stock_crons")
    post.check("Stock due", WRITERS)
    post.check(
        "Stock half sent", WRITERS - {f"reader{each}@example.com" for each in range(HALF_SENT)}
    )
    stage.script("Beginning mass emails", "mass_emails_begin")
    sent = post.count()

    stage.odoo("Uninstalling it", "module", "uninstall", NAME)
    stage.script("Running Odoo's crons without it", "stock_crons")
    check("Nothing goes out by uninstalling", post.count() - sent)
    under_way = "SELECT id, subject FROM mailing_mailing WHERE state IN ('in_queue', 'sending')"
    check("Nothing is left in line", stage.lines(f"{under_way} AND subject LIKE '%Mass email%'"))
    placeholders = (
        "SELECT id, subject FROM mailing_mailing WHERE body_html ~ '{(trackingUrl|optOut)'"
    )
    check("No placeholder waits to be sent", stage.lines(f"{placeholders} AND state != 'done'"))
    after = stage.inventory()
    check("Nothing of the addon is left", _but_what_stays(after - before))
    check("Nothing of Odoo's is gone", _but_what_stays(before - after))
    stage.script("Sending a stock mailing without it", "stock_crons", subject="Stock again")
    post.check("Stock again", WRITERS)

    stage.odoo("Installing it again", "server", "--init", NAME, "--stop-after-init")
    stage.script("Sending a mass email again", "mass_email_again")
    post.check("Mass email again", MAY_BE_MAILED)


def _from_release_to_release(stage, present, post):
    """Upgrade from the previous release with mass emails under way, and send them to their end."""
    post.forget()
    stage.odoo("Installing an earlier release", "server", "--init", NAME, "--stop-after-init")
    begun = stage.script("Beginning mass emails", "mass_emails_begin")
    settings = f"SELECT key, value FROM ir_config_parameter WHERE key LIKE '{NAME}.%'"
    lanes = f"SELECT name FROM ir_model_data WHERE model = 'ir.cron' AND module = '{NAME}'"
    # others take the form they have on the wire, or go with an address that has none
    usable = "^[a-z0-9.-]{1,64}@[a-z0-9.-]+[a-z0-9]$"
    opt_outs = f"SELECT list_id, email FROM mailing_opt_out WHERE email ~ '{usable}'"
    kept = stage.lines(settings) | stage.lines(lanes)
    left = stage.lines(opt_outs)
    places = stage.lines(f"SELECT id, mail_server_id {IN_A_PORTION}")
    _rows, columns = stage.rows(STOCK_TABLES + OUR_TABLES)
    columns |= {table: set(columns[table]) - gone for table, gone in GONE.items()}
    our_rows, columns = stage.rows(STOCK_TABLES + OUR_TABLES, columns)

    stage.addons = present
    stage.odoo("Upgrading to this one", "server", "--update", NAME, "--stop-after-init")
    check("Data are kept", our_rows - stage.rows(STOCK_TABLES + OUR_TABLES, columns)[0])
    check("Places are kept", places - stage.lines(f"SELECT id, portion_server {IN_A_PORTION}"))
    check("Opt-outs are kept", left - stage.lines(opt_outs))
    check("Settings and lanes are kept", kept - stage.lines(settings) - stage.lines(lanes))
    ended = stage.script("Sending mass emails to their end", "mass_emails_end")
    expected = {
        "Mass email paused": "done",
        "Mass email in process": "done",
        "Mass email pending": "done",
        "Mass email pending and paused": "in_queue",
        "Mass email of tomorrow": "in_queue",
        "Mass email of an inactive campaign": "in_queue",
    }
    check("They stand as they should", set(ended["states"].items()) ^ set(expected.items()))
    for subject, state in expected.items():
        doubtful = {begun["doubtful"]} if subject == "Mass email in process" else set()
        post.check(subject, MAY_BE_MAILED - doubtful if state == "done" else set())


def _but_what_stays(lines):
    return {line for line in lines if not line.startswith(STAYS)}


def check(what, wrong):
    """Tell that something holds, or fail with what speaks against it."""
    with console.step(what):
        if wrong:
            shown = "\n".join(f"    {line}" for line in sorted(map(str, wrong))[:40])
            raise console.StepFailed(f"{what}\n{shown}", "see above what is wrong")


class Stage:
    """A database and the release whose code runs in it.

    :ivar addons: folder that holds the addon
    """

    def __init__(self, env, database, addons, port):
        self.env = env
        self.database = database
        self.addons = addons
        self.port = port

    def _options(self):
        return {
            "addons_path": ",".join(map(str, [*self.env.odoo.addons, self.addons])),
            "smtp_server": "127.0.0.1",
            "smtp_port": self.port,
        }

    def odoo(self, title, *argv):
        """Run Odoo's command line as a step; an error in its log is a failure."""
        command, options = server.odoo_command(
            self.env, self.database.name, *argv, **self._options()
        )
        if argv[0] == "server":
            command += ["--no-http", "--with-demo"]
        log = self.env.cache.log(f"{self.database.name}-{argv[1].strip('-')}")
        log.unlink(missing_ok=True)
        console.run(title, command, log, "read the log", timeout=shell.SECONDS, **options)
        text = log.read_text(errors="replace")
        if any(f" {level} {self.database.name} " in text for level in ("ERROR", "CRITICAL")):
            raise console.StepFailed(title, "read the log: it has errors", log)

    def script(self, title, name, **variables):
        script = f"life_scripts/{name}.py"
        return shell.run(title, self.env, self.database.name, script, self._options(), **variables)

    def lines(self, query):
        return set(self.env.postgres.psql(query, self.database.name).splitlines())

    def inventory(self):
        return inventory(self.env.postgres, self.database.name)

    def rows(self, tables, columns=None):
        return rows(self.env.postgres, self.database.name, tables, columns)


class Post:
    """The mails the catcher kept."""

    def __init__(self, folder):
        self.folder = folder

    def _mails(self):
        for file in self.folder.glob("*.eml"):
            yield email.message_from_bytes(file.read_bytes(), policy=email.policy.default)

    def count(self):
        """Return how often each address got each subject."""
        return Counter(
            (mail["To"].addresses[0].addr_spec, mail["Subject"]) for mail in self._mails()
        )

    def check(self, subject, addresses):
        """See that these addresses got a mail once, and nobody else did."""
        got = Counter({who: n for (who, what), n in self.count().items() if what == subject})
        expected = Counter(addresses)
        check(
            f"“{subject}” reached {len(addresses)}, once each", (got - expected) + (expected - got)
        )

    def forget(self):
        for file in self.folder.glob("*.eml"):
            file.unlink()


def _present_release(env):
    """Unpack the wheel that is made of this checkout; return the folder that holds the addon."""
    folder = env.cache.path("life", "present")
    shutil.rmtree(folder, ignore_errors=True)
    argv = [env.python, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    argv += ["--no-index", "--wheel-dir", folder, REPOSITORY]
    console.run("Building the wheel", argv, env.cache.log("life-wheel"), "read the log")
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    addon = folder / "odoo/addons" / NAME
    unwanted = [file.name for file in addon.iterdir() if file.name.startswith((".", "dev", "py"))]
    check("The wheel holds the addon alone", unwanted)
    return addon.parent


def _earlier_release(env, release):
    """Unpack an earlier release; return the folder that holds the addon."""
    folder = env.cache.path("life", "previous")
    shutil.rmtree(folder, ignore_errors=True)
    with console.step(f"Unpacking release {release}"):
        argv = ["git", "-C", REPOSITORY, "archive", "--prefix", f"{NAME}/", release]
        done = subprocess.run(argv, capture_output=True)
        if done.returncode:
            remedy = "get the whole history: git fetch --unshallow"
            raise console.StepFailed(f"Unpacking release {release}", remedy)
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder)
    return folder
