import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import console

# Odoo 19 with all community addons; its links lead to the other packages' files.
SID_PACKAGES = [
    "odoo-19",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
]
# Odoo's icons are those of version 4, which newer releases dropped.
STABLE_PACKAGES = ["fonts-font-awesome"]
STABLE = "bookworm"
# Left out of the Debian package; without it every page logs an error.
MISSING_FILE = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


@dataclass(frozen=True)
class OdooSource:
    """Where Odoo is.

    :ivar Path path: the folder to put on PYTHONPATH
    :ivar list addons: folders for the addons path
    :ivar Path requirements: Odoo's own requirements, None for those we keep
    """

    path: Path
    addons: list
    requirements: Path | None = None


def locate(cache):
    """Return the checkout that ODOO_HOME names, or Debian's package, unpacked once."""
    home = os.environ.get("ODOO_HOME")
    if home:
        return _checkout(Path(home).resolve())
    root = cache.path("odoo")
    if not root.exists():
        _unpack(cache, root)
    path = root / "usr/lib/python3/dist-packages"
    return OdooSource(path, [path / "odoo/addons"])


def _checkout(home):
    if not (home / "odoo/release.py").exists():
        raise console.StepFailed(
            f"Looking for Odoo in {home}", "set ODOO_HOME to a checkout of Odoo 19, or unset it"
        )
    addons = [folder for folder in (home / "addons", home / "odoo/addons") if folder.exists()]
    requirements = home / "requirements.txt"
    return OdooSource(home, addons, requirements if requirements.exists() else None)


def _unpack(cache, root):
    """Download with a private apt, so that the machine's own package lists stay as they are."""
    work = cache.path("odoo.download")
    shutil.rmtree(work, ignore_errors=True)
    environment = os.environ | {"APT_CONFIG": str(_write_apt_configuration(work))}
    log = cache.log("odoo-download")
    remedy = "check that this machine reaches its Debian mirror, then start again"
    options = {"env": environment, "cwd": work}
    console.run("Reading Debian's package lists", ["apt-get", "update"], log, remedy, **options)
    packages = [f"{name}/sid" for name in SID_PACKAGES]
    packages += [f"{name}/{STABLE}" for name in STABLE_PACKAGES]
    download = ["apt-get", "download", *packages]
    console.run("Downloading Odoo 19 (130 MB)", download, log, remedy, **options)
    unpacked = work / "root"
    for package in sorted(work.glob("*.deb")):
        argv = ["dpkg-deb", "--extract", package, unpacked]
        console.run(f"Unpacking {package.name.split('_')[0]}", argv, log, "free some disk space")
    stand_in = unpacked / "usr/lib/python3/dist-packages/odoo/addons" / MISSING_FILE
    stand_in.parent.mkdir(parents=True, exist_ok=True)
    stand_in.touch()
    unpacked.rename(root)
    shutil.rmtree(work)


def _write_apt_configuration(work):
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    mirror, signed_by = _debian_mirror()
    source = f"deb [signed-by={signed_by}] {mirror}"
    (work / "sources.list").write_text(f"{source} sid main\n{source} {STABLE} main\n")
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


def _debian_mirror():
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
