import os
import time
from contextlib import contextmanager

from . import console, debian, server


@contextmanager
def smtp_sink(cache, *options):
    """A mail server that takes everything and keeps nothing, Postfix's own; gives its port."""
    folder = cache.path("postfix")
    if not folder.exists():
        debian.unpack(cache, "Postfix for its mail sink", ["postfix/bookworm"], folder)
    port = server.free_port()
    argv = [folder / "usr/sbin/smtp-sink", *options, f"127.0.0.1:{port}", "1000"]
    if os.geteuid() == 0:
        argv[1:1] = ["-u", "nobody"]
    environment = os.environ | {"LD_LIBRARY_PATH": str(folder / "usr/lib/postfix")}
    log = cache.log("smtp-sink")
    with server.process(argv, log, env=environment) as child:
        while not server.answers(port):
            if child.poll() is not None:
                raise console.StepFailed("Starting the mail sink", "read the log", log)
            time.sleep(0.05)
        yield port
