import os
from dataclasses import dataclass
from pathlib import Path

from . import console, debian

# Odoo 19 with all community addons; its links lead to the other packages' files.
PACKAGES = [
    "odoo-19/sid",
    "libjs-jquery/sid",
    "libjs-jquery-form/sid",
    "libjs-underscore/sid",
    "fonts-roboto-unhinted/sid",
    "fonts-montserrat/sid",
    # Odoo's icons are those of version 4, which sid dropped
    "fonts-font-awesome/bookworm",
]
# Left out of the Debian package; without it every page logs an error.
MISSING_FILE = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


@dataclass(frozen=True)
class OdooSource:
    """Where Odoo is.

    :ivar Path path: the folder to put on PYTHONPATH
    :ivar list addons: folders for the addons path
    """

    path: Path
    addons: list


def locate(cache):
    """Return the checkout that ODOO_HOME names, or Debian's package, unpacked once."""
    home = os.environ.get("ODOO_HOME")
    if home:
        return _checkout(Path(home).resolve())
    root = cache.path("odoo")
    if not root.exists():
        debian.unpack(cache, "Odoo 19 (130 MB)", PACKAGES, root)
    path = root / "usr/lib/python3/dist-packages"
    stand_in = path / "odoo/addons" / MISSING_FILE
    if not stand_in.exists():
        stand_in.parent.mkdir(parents=True, exist_ok=True)
        stand_in.touch()
    return OdooSource(path, [path / "odoo/addons"])


def requirements():
    """Return the requirements of the checkout that ODOO_HOME names, None for those we keep."""
    home = os.environ.get("ODOO_HOME")
    file = Path(home, "requirements.txt") if home else None
    return file if file and file.exists() else None


def _checkout(home):
    if not (home / "odoo/release.py").exists():
        raise console.StepFailed(
            f"Looking for Odoo in {home}", "set ODOO_HOME to a checkout of Odoo 19, or unset it"
        )
    addons = [folder for folder in (home / "addons", home / "odoo/addons") if folder.exists()]
    return OdooSource(home, addons)
