import hashlib
import shutil

from . import console
from .cache import NAME, REPOSITORY
from .server import odoo_command

# Nothing below these changes what is installed.
NOT_INSTALLED = {"dev", "tests", ".git", ".ci", "doc", "__pycache__"}


class Database:
    """A database with demo data and the addon, installed once and upgraded after changes."""

    what = "the addon"

    def __init__(self, environment, name, modules=()):
        self.environment = environment
        self.cache = environment.cache
        self.name = name
        self.modules = [NAME, *modules]
        self.data_folder = self.cache.path("data")
        self.stamp = self.cache.path("stamps", name)

    def prepare(self, fresh=False):
        """Create, install or upgrade; with ``fresh`` from nothing."""
        with self.cache.lock(f"database-{self.name}"):
            if fresh:
                self.drop()
            if not self._exists():
                self._odoo("Installing", "--init")
            elif not self.stamp.exists() or self.stamp.read_text() != _addon_hash():
                self._odoo("Upgrading", "--update")

    def copy(self, name):
        """Make this database anew under another name."""
        copy = Database(self.environment, name)
        copy.drop()
        self.environment.postgres.psql(f'CREATE DATABASE "{name}" TEMPLATE "{self.name}"')
        files = self.data_folder / "filestore"
        if (files / self.name).exists():
            shutil.copytree(files / self.name, files / name)
        return copy

    def set_base_url(self, url):
        """Let the links in mails lead to the server that is about to start."""
        query = f"UPDATE ir_config_parameter SET value = '{url}' WHERE key = 'web.base.url'"
        self.environment.postgres.psql(query, self.name)

    def drop(self):
        self.environment.postgres.psql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        shutil.rmtree(self.data_folder / "filestore" / self.name, ignore_errors=True)
        self.stamp.unlink(missing_ok=True)

    def _exists(self):
        query = f"SELECT 1 FROM pg_database WHERE datname = '{self.name}'"
        installed = self.environment.postgres.psql(query) and self.stamp.exists()
        if not installed:
            self.drop()  # what an interrupted installation left behind
        return installed

    def _odoo(self, verb, option):
        log = self.cache.log(f"install-{self.name}")
        log.unlink(missing_ok=True)
        argv = ["server", option, ",".join(self.modules), "--with-demo", "--stop-after-init"]
        command, options = odoo_command(self.environment, self.name, *argv, "--no-http")
        remedy = "read the log; with --fresh the database is made anew"
        console.run(f"{verb} {self.what} in database {self.name}", command, log, remedy, **options)
        if " CRITICAL " in log.read_text(errors="replace"):
            raise console.StepFailed(f"{verb} {self.what}", remedy, log)
        self.stamp.parent.mkdir(exist_ok=True)
        self.stamp.write_text(_addon_hash())


class StockDatabase(Database):
    """A database with demo data and all that the addon depends on, but without it; made once."""

    what = "Odoo"

    def __init__(self, environment):
        super().__init__(environment, "campaign_stock_life")
        self.modules = ["mass_mailing_crm"]

    def prepare(self):
        with self.cache.lock(f"database-{self.name}"):
            if not self._exists():
                self._odoo("Installing", "--init")


def _addon_hash():
    """A hash of the files that an upgrade would read."""
    digest = hashlib.sha1()
    for file in sorted(REPOSITORY.rglob("*")):
        parts = file.relative_to(REPOSITORY).parts
        if file.is_file() and not NOT_INSTALLED.intersection(parts):
            digest.update(file.as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
