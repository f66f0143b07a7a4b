import os
import signal
from contextlib import contextmanager
from pathlib import Path

from . import debian, server


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
        server.wait(child, log, "Starting the mail sink", lambda: server.answers(port))
        yield port


@contextmanager
def slow_sink(environment, milliseconds, record):
    """A mail server that takes its time for each reply; gives its port.

    :param record: file for the recipients of what it took
    """
    port = server.free_port()
    program = Path(__file__).with_name("slow_sink.py")
    log = environment.cache.log("slow-sink")
    with server.process([environment.python, program, port, milliseconds, record], log) as child:
        server.wait(child, log, "Starting the slow mail sink", lambda: server.answers(port))
        yield port


@contextmanager
def unruly_server(environment, record, options):
    """A mail server that misbehaves, see ``unruly.py``; gives its port and what calms it.

    :param record: file for what it took
    """
    port = server.free_port()
    program = Path(__file__).with_name("unruly.py")
    log = environment.cache.log("unruly")
    with server.process([environment.python, program, port, record, *options], log) as child:
        server.wait(child, log, "Starting the unruly mail server", lambda: server.answers(port))
        yield port, lambda: child.send_signal(signal.SIGUSR1)


@contextmanager
def distant_sink(environment, milliseconds, *options):
    """:func:`smtp_sink`, with its replies that much late; gives its port."""
    port = server.free_port()
    program = Path(__file__).with_name("distance.py")
    log = environment.cache.log("distant-sink")
    with smtp_sink(environment.cache, *options) as near:
        argv = [environment.python, program, port, near, milliseconds]
        with server.process(argv, log) as child:
            server.wait(child, log, "Putting it at a distance", lambda: server.answers(port))
            yield port
