import subprocess
import sys
import threading
import time
from contextlib import contextmanager

# Without a sign of life for this long, people reach for Ctrl-C.
TICK_SECONDS = 5


class StepFailed(Exception):
    """A step that did not work, with what to do about it."""

    def __init__(self, step, remedy, log=None):
        super().__init__(step)
        self.step = step
        self.remedy = remedy
        self.log = log


def say(text=""):
    print(text, flush=True)


@contextmanager
def step(title):
    """Print what is done, dots while it goes on, and how long it took."""
    print(f"· {title} ", end="", flush=True)
    start = time.monotonic()
    done = threading.Event()

    def tick():
        while not done.wait(TICK_SECONDS):
            print(".", end="", flush=True)

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
    except BaseException:
        print(" failed", flush=True)
        raise
    else:
        print(f" {time.monotonic() - start:.0f} s", flush=True)
    finally:
        done.set()


def run(title, argv, log, remedy, **options):
    """Run a command as a step; its output goes to a log file."""
    with step(title):
        call(argv, log, title, remedy, **options)


def call(argv, log, title, remedy, **options):
    """Run a command; its output goes to a log file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        files = {"stdout": output, "stderr": output, "stdin": subprocess.DEVNULL}
        try:
            code = subprocess.call(list(map(str, argv)), **files, **options)
        except subprocess.TimeoutExpired:
            raise StepFailed(f"{title} in {options['timeout']} seconds", remedy, log) from None
    if code:
        raise StepFailed(title, remedy, log)


def main(command):
    """Run a command's main function; tell failures in plain words."""
    try:
        sys.exit(command())
    except StepFailed as failure:
        say(f"\n{failure.step}: failed.")
        if failure.log and failure.log.exists():
            tail = failure.log.read_text(errors="replace").splitlines()[-15:]
            say("\n".join(f"    {line}" for line in tail))
            say(f"The whole log: {failure.log}")
        say(f"What to do: {failure.remedy}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("\nStopped.")
        sys.exit(130)
