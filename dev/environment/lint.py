import subprocess
from pathlib import Path

from . import console
from .cache import NAME

CHECKS = {
    "style": ["ruff", "check", "--no-cache", NAME],
    "layout": ["ruff", "format", "--no-cache", "--check", NAME],
    "Odoo's conventions": ["pylint", "--rcfile", f"{NAME}/pyproject.toml", NAME],
    "who imports whom": ["lint-imports", "--no-logo", "--no-cache", f"{NAME}/pyproject.toml"],
}
# What it cannot mend is left for the checks to tell.
MENDERS = {
    "style": ["ruff", "check", "--no-cache", "--fix-only", NAME],
    "layout": ["ruff", "format", "--no-cache", NAME],
}


def check(cache, python):
    """Run all checks, and tell what they find."""
    passed = [
        _passes(f"Checking {what}", command, cache, python) for what, command in CHECKS.items()
    ]
    if not all(passed):
        raise console.StepFailed("Lint", "mend what was found; ./dev/lint --fix does what ruff can")


def mend(cache, python):
    """Let ruff mend what it can."""
    for what, command in MENDERS.items():
        _passes(f"Mending {what}", command, cache, python)


def _passes(title, command, cache, python):
    """Run a command beside the addon, under its technical name; show its output if it fails."""
    tool = Path(python).with_name(command[0])
    try:
        with console.step(title):
            subprocess.run(
                [tool, *command[1:]],
                cwd=cache.addon.parent,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=True,
            )
    except subprocess.CalledProcessError as found:
        console.say(found.stdout)
        return False
    return True
