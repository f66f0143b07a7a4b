import importlib.util
import os
import shutil
from pathlib import Path

from . import console

# What must be there, and the Debian package that brings it.
TOOLS = {"dpkg-deb": "dpkg", "git": "git"}
BROWSERS = ["google-chrome", "chromium", "chromium-browser", "google-chrome-stable"]


def postgres_binaries():
    """Return the folder of the newest PostgreSQL server binaries, or None."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    installed = [folder for folder in folders if (folder / "postgres").exists()]
    return max(installed, key=lambda folder: int(folder.parent.name), default=None)


def missing_packages(server, browser, mailbox):
    packages = [] if importlib.util.find_spec("ensurepip") else ["python3-venv"]
    if server:
        packages += [package for tool, package in TOOLS.items() if not shutil.which(tool)]
        if not os.environ.get("PGHOST") and not postgres_binaries():
            packages.append("postgresql")
    if browser and not any(map(shutil.which, BROWSERS)):
        packages.append("chromium")
    if mailbox and not shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin"):
        packages.append("dovecot-imapd")
    return packages


def install_missing(cache, server=True, browser=False, mailbox=False):
    """Install Debian packages that are missing, after naming them.

    :param server: with those that Odoo runs with, not the virtual environment's alone
    """
    packages = missing_packages(server, browser, mailbox)
    if not packages:
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    remedy = f"as root, run: apt-get update && {' '.join(install)}"
    if os.geteuid() != 0:
        raise console.StepFailed("Debian packages are missing", remedy)
    console.say(f"Installing Debian packages that are missing: {', '.join(packages)}")
    log = cache.log("apt")
    options = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
    console.run("Reading Debian's package lists", ["apt-get", "update"], log, remedy, **options)
    console.run(f"Installing {', '.join(packages)}", install, log, remedy, **options)
