import fcntl
import os
import pwd
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import console, system

ROLE = "odoo"  # Odoo refuses the role postgres
ANSWER_SECONDS = 300


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL server.

    :ivar dict options: Odoo's database options
    :ivar dict environment: the same for PostgreSQL's own programs
    :ivar Path binaries: folder of those programs, None to search the PATH
    :ivar Cluster cluster: the private cluster it is, if it is one
    """

    options: dict
    environment: dict
    binaries: Path | None = None
    cluster: "Cluster | None" = None

    def psql(self, query, database="postgres"):
        program = self.binaries / "psql" if self.binaries else "psql"
        argv = [str(program), "-XAtqc", query, database]
        done = subprocess.run(
            argv,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
        )
        if done.returncode:
            raise console.StepFailed(f"Asking PostgreSQL: {done.stderr.strip()}", "is it running?")
        return done.stdout.strip()


@contextmanager
def running(cache):
    """The server PGHOST names, or a private cluster that stops behind its last user."""
    if os.environ.get("PGHOST"):
        names = {"PGHOST": "db_host", "PGPORT": "db_port", "PGUSER": "db_user"}
        names["PGPASSWORD"] = "db_password"
        options = {option: os.environ[n] for n, option in names.items() if n in os.environ}
        yield Postgres(options, {})
        return
    cluster = Cluster(cache)
    with cluster.in_use():
        yield Postgres(
            {"db_host": str(cluster.socket_folder), "db_user": ROLE},
            {"PGHOST": str(cluster.socket_folder), "PGUSER": ROLE},
            cluster.binaries,
            cluster,
        )


class Cluster:
    """A private PostgreSQL cluster, reached only through a socket in a closed folder.

    PostgreSQL refuses to run as root, so root runs it as the package's own user.
    """

    def __init__(self, cache):
        self.cache = cache
        self.binaries = system.postgres_binaries()
        self.log = cache.log("postgres")
        self.owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        # the owner must reach the folder, and root's home is closed to it
        self.folder = (
            Path("/var/tmp", cache.short_name, "cluster")
            if self.owner
            else cache.path("postgres", "cluster")
        )
        # a socket's path holds about a hundred characters
        self.socket_folder = Path("/tmp", cache.short_name)

    @contextmanager
    def in_use(self):
        with self.cache.lock("postgres-users", fcntl.LOCK_SH) as users:
            with self.cache.lock("postgres"):
                self._start()
            try:
                yield
            finally:
                with self.cache.lock("postgres"):
                    self._stop_if_last(users)

    def restart(self, mode):
        """Restart the server: ``fast`` in good order, ``immediate`` as after a power cut."""
        argv = ["-D", self.folder, "-w", "-m", mode, "-l", self.folder / "server.log", "restart"]
        self._do("Restarting PostgreSQL", "pg_ctl", *argv)

    def _start(self):
        if self._call("pg_ctl", "status", "-D", self.folder) == 0:
            return
        if not (self.folder / "PG_VERSION").exists():
            self._make_folder(self.folder)
            argv = ["-D", self.folder, "-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
            self._run("Creating a PostgreSQL cluster", "initdb", *argv)
        self._make_folder(self.socket_folder)
        settings = f"-c listen_addresses= -c unix_socket_directories={self.socket_folder}"
        # without a terminal's process group, Ctrl-C does not stop it before Odoo
        argv = ["-D", self.folder, "-w", "-o", settings, "-l", self.folder / "server.log", "start"]
        self._run("Starting PostgreSQL", "pg_ctl", *argv)

    def _stop_if_last(self, users):
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        self._call("pg_ctl", "-D", self.folder, "-m", "fast", "-w", "stop")
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    def _make_folder(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self.owner:
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)

    def _run(self, title, program, *argv):
        with console.step(title):
            self._do(title, program, *argv)

    def _do(self, title, program, *argv):
        remedy = f"read the log; if the cluster is broken, delete {self.folder}"
        argv = [self.binaries / program, *argv]
        console.call(argv, self.log, title, remedy, **self._as_owner())

    def _call(self, program, *argv):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        argv = [str(self.binaries / program), *map(str, argv)]
        return subprocess.call(argv, **quiet, **self._as_owner())

    def _as_owner(self):
        if not self.owner:
            return {"start_new_session": True}
        return {
            "user": self.owner.pw_uid,
            "group": self.owner.pw_gid,
            "extra_groups": [],
            "cwd": "/",
            "start_new_session": True,
        }
