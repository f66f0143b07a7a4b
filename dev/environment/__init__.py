"""The development environment, standard library only.

* ``console``: steps with their time, failures with their remedy
* ``system``: Debian packages that must be there
* ``cache``: the one folder everything lives in
* ``debian``: Debian packages unpacked into a folder, not installed
* ``odoo_source``: Odoo 19, unpacked from Debian's package or given by ODOO_HOME
* ``virtualenv``: Odoo's pinned requirements and our tools
* ``lint``: what the source must satisfy
* ``postgres``: a private cluster, or the server PGHOST names
* ``database``: a database with demo data and the addon, kept up to date
* ``server``: the Odoo server and the mail catcher
* ``mail_catcher``: keeps every mail as a file; runs inside the virtual environment
* ``sink``: a mail server for measuring; ``slow_sink``: one that takes its time; ``distance``: makes
  one distant; both run inside the virtual environment
* ``shell``: scripts that run inside Odoo
* ``measuring``: those of ``bench_scripts``, in a database of their own
* ``inventory``: what a database holds
* ``life``: the addon installed, upgraded and uninstalled
* ``recipients``: fetch what stands in their letters, many at a time
* ``lanes``: servers that send a mass email
* ``crash``: kills them, and PostgreSQL
* ``unruly``: a mail server that misbehaves; runs inside the virtual environment
* ``temper``: how it answers
* ``office``: recipients and users who change their minds
* ``chaos``: all of these at once
* ``public_bounces``: classes public collections of bounces; runs inside the virtual environment
* ``judgement``: what a mail server took, beside what the database says
* ``main_job``: plays the demo campaign against a running server
* ``screens``: which screens ``dev/screenshots`` takes
* ``camera``: takes them, and looks for faults; runs inside the virtual environment
* ``merge_translation``: brings a translation in line; runs inside the virtual environment
"""

from contextlib import contextmanager
from dataclasses import dataclass

from . import odoo_source, postgres, system, virtualenv
from .cache import Cache


@dataclass
class Environment:
    """Everything a command needs, ready to use."""

    cache: Cache
    odoo: odoo_source.OdooSource
    python: str
    postgres: postgres.Postgres


def tools():
    """Set up our tools alone; return the cache and the Python that has them."""
    cache = Cache.locate()
    with cache.lock("set-up"):
        system.install_missing(cache, server=False)
        return cache, virtualenv.python(cache)


@contextmanager
def ready(browser=False, mailbox=False):
    """Set up what is missing, start PostgreSQL, and stop it behind the last command."""
    cache = Cache.locate()
    with cache.lock("set-up"):
        system.install_missing(cache, browser=browser, mailbox=mailbox)
        odoo = odoo_source.locate(cache)
        python = virtualenv.python(cache)
    with postgres.running(cache) as server:
        yield Environment(cache, odoo, python, server)
