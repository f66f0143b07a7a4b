import os
import re
import shutil
from pathlib import Path

from . import console

SID, STABLE = "sid", "bookworm"


def unpack(cache, what, packages, folder):
    """Download Debian packages and unpack them into a folder, installing nothing.

    A private apt does it, so that the machine's own package lists stay as they are.

    :param packages: names with their suite, like ``postfix/bookworm``
    """
    work = folder.with_name(f"{folder.name}.download")
    shutil.rmtree(work, ignore_errors=True)
    environment = os.environ | {"APT_CONFIG": str(_write_apt_configuration(work))}
    log = cache.log(f"{folder.name}-download")
    remedy = "check that this machine reaches its Debian mirror, then start again"
    options = {"env": environment, "cwd": work}
    console.run("Reading Debian's package lists", ["apt-get", "update"], log, remedy, **options)
    download = ["apt-get", "download", *packages]
    console.run(f"Downloading {what}", download, log, remedy, **options)
    with console.step(f"Unpacking {what}"):
        for package in sorted(work.glob("*.deb")):
            _extract(package, work / "root", log)
    (work / "root").rename(folder)
    shutil.rmtree(work)


def _extract(package, root, log):
    argv = ["dpkg-deb", "--extract", package, root]
    console.call(argv, log, f"Unpacking {package.name}", "free some disk space")


def _write_apt_configuration(work):
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    mirror, keyring = _mirror()
    source = f"deb [signed-by={keyring}] {mirror}"
    (work / "sources.list").write_text(f"{source} {SID} main\n{source} {STABLE} main\n")
    configuration = work / "apt.conf"
    configuration.write_text(
        f'Dir::State::lists "{work}/lists";\n'
        f'Dir::State::status "{work}/status";\n'
        f'Dir::Cache "{work}/cache";\n'
        f'Dir::Etc::sourcelist "{work}/sources.list";\n'
        'Dir::Etc::sourceparts "/dev/null";\n'
        'APT::Sandbox::User "root";\n'
        'Acquire::Languages "none";\n'
    )
    return configuration


def _mirror():
    """Return the address and the keyring of the mirror this machine uses."""
    folder = Path("/etc/apt")
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    for file in [folder / "sources.list", *sorted(folder.glob("sources.list.d/*"))]:
        text = file.read_text() if file.is_file() else ""
        # both forms of sources: "URIs: http://…/debian" and "deb [options] http://…/debian …"
        match = re.search(r"^(?:URIs:|deb .*?)\s*(https?://\S+/debian)/?\s", text, re.MULTILINE)
        if match:
            return match[1], keyring
    raise console.StepFailed(
        "Looking for a Debian mirror in /etc/apt",
        "set ODOO_HOME to a checkout of Odoo 19; this is no Debian",
    )
