import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from . import console

START_SECONDS = 180
STOP_SECONDS = 15


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configuration(environment, database, **options):
    """Write Odoo's configuration file for a database and return its path."""
    cache = environment.cache
    options = {
        "addons_path": ",".join(map(str, [*environment.odoo.addons, cache.addon.parent])),
        "data_dir": cache.path("data"),
        "db_name": database,
        "dbfilter": f"^{database}$",
        "list_db": False,
        "http_interface": "127.0.0.1",
        "email_from": "odoo@garden.example.com",
        "from_filter": "garden.example.com",
        **environment.postgres.options,
        **options,
    }
    file = cache.path("conf", f"{database}.conf")
    file.parent.mkdir(exist_ok=True)
    lines = "".join(f"{name} = {value}\n" for name, value in options.items())
    file.write_text(f"[options]\n{lines}")
    return file


def process_environment(environment):
    """The environment variables Odoo runs with."""
    return os.environ | {
        "PYTHONPATH": str(environment.odoo.path),
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
        **environment.postgres.environment,
    }


def odoo_command(environment, database, *argv, **options):
    """Return the command line of Odoo and the options to start it with."""
    file = configuration(environment, database, **options)
    command = [environment.python, "-m", "odoo", *argv, "--config", str(file)]
    return command, {"env": process_environment(environment)}


@contextmanager
def process(command, log, mode="wb", **options):
    """A process that is stopped at the end; Ctrl-C reaches it through us only.

    :param mode: of the log file, ``ab`` to add to it
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open(mode) as output:
        child = subprocess.Popen(
            list(map(str, command)),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **options,
        )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


@contextmanager
def mail_catcher(environment, folder):
    """A mail server that keeps every mail as a file in ``folder``; gives its port."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    program = Path(__file__).with_name("mail_catcher.py")
    log = environment.cache.log("mail-catcher")
    with process([environment.python, program, port, folder], log) as child:
        wait(child, log, "Starting the mail catcher", lambda: answers(port))
        yield port


@contextmanager
def odoo(environment, database, port, smtp_port, max_cron_threads=2):
    """The Odoo server; gives its process."""
    log = environment.cache.log(f"odoo-{database}")
    command, options = odoo_command(
        environment,
        database,
        "server",
        http_port=port,
        smtp_server="127.0.0.1",
        smtp_port=smtp_port,
        max_cron_threads=max_cron_threads,
    )
    if answers(port):
        raise console.StepFailed(f"Starting Odoo on port {port}", "choose another --port")
    with process(command, log, **options) as child:
        wait(child, log, "Starting Odoo", lambda: _is_healthy(port))
        yield child


def wait(child, log, title, is_ready):
    with console.step(title):
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            if child.poll() is not None or time.monotonic() > deadline:
                raise console.StepFailed(title, "read the log", log)
            time.sleep(0.2)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_healthy(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/web/health", timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False
