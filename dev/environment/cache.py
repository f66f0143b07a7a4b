import fcntl
import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAME = "mass_mailing_campaign"
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Cache:
    """The folder that downloads, databases, mails and logs live in; safe to delete when idle."""

    root: Path

    @classmethod
    def locate(cls):
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        root = Path(os.environ.get("MASS_MAILING_CAMPAIGN_CACHE") or home / NAME).resolve()
        root.mkdir(parents=True, exist_ok=True)
        return cls(root)

    def path(self, *parts):
        return self.root.joinpath(*parts)

    def log(self, name):
        return self.path("log", f"{name}.log")

    @property
    def short_name(self):
        """A name for this cache outside of it, where paths must be short."""
        return f"{NAME}-{hashlib.sha1(str(self.root).encode()).hexdigest()[:8]}"

    @property
    def addon(self):
        """The repository under the addon's technical name, whatever the checkout is called."""
        checkout = hashlib.sha1(str(REPOSITORY).encode()).hexdigest()[:8]
        link = self.path("addons", checkout, NAME)
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(REPOSITORY)
        return link

    @contextmanager
    def lock(self, name, kind=fcntl.LOCK_EX):
        """Keep other commands out of a part of the cache; a dead command holds no lock."""
        with self.path(f"{name}.lock").open("w") as file:
            fcntl.flock(file, kind)
            yield file
