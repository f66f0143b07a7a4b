import ast
import hashlib
import re
import sys
from pathlib import Path

from . import console, odoo_source
from .cache import REPOSITORY

HERE = Path(__file__).resolve().parents[1]
ODOO_REQUIREMENTS = HERE / "requirements-odoo.txt"
TOOLS = HERE / "requirements-tools.txt"
# Need compilers and headers, and nothing of ours needs them.
UNWANTED = re.compile(r"^(python-ldap|greenlet|rl-renderPM|pypiwin32)\b", re.IGNORECASE)


def python(cache):
    """Return the Python of a virtual environment with what Odoo, the addon and our tools need."""
    requirements = _requirements()
    digest = hashlib.sha1(requirements.encode() + sys.version.encode()).hexdigest()[:8]
    folder = cache.path("venv", digest)
    interpreter = folder / "bin/python"
    complete = folder / "complete"
    if not complete.exists():
        log = cache.log("virtualenv")
        remedy = "check that this machine reaches PyPI, then start again"
        create = [sys.executable, "-m", "venv", "--clear", folder]
        console.run("Creating the virtual environment", create, log, remedy)
        file = folder / "requirements.txt"
        file.write_text(requirements)
        install = [interpreter, "-m", "pip", "install", "--no-input", "-r", file]
        console.run("Installing Odoo's requirements", install, log, remedy)
        complete.touch()
    return str(interpreter)


def _requirements():
    """Odoo's pins, but psycopg2 as a wheel and without what must be compiled; ours; our tools."""
    lines = (odoo_source.requirements() or ODOO_REQUIREMENTS).read_text().splitlines()
    kept = [re.sub(r"^psycopg2\b(?!-)", "psycopg2-binary", line) for line in lines]
    kept = [line for line in kept if not UNWANTED.match(line)]
    manifest = ast.literal_eval((REPOSITORY / "__manifest__.py").read_text())
    return "\n".join([*kept, *manifest["external_dependencies"]["python"], TOOLS.read_text()])
