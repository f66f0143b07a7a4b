"""Scripts that run inside Odoo, in its shell, and report to the command that runs them."""

import json
import subprocess

from . import console, server
from .cache import REPOSITORY

MARK = "REPORT "
SECONDS = 300


def run(title, env, database, script, options=None, seconds=SECONDS, **variables):
    """Run a script in Odoo's shell as a step; its output goes to a log file.

    :param script: file in ``dev/``; what it imports is found from there
    :param options: of Odoo's configuration
    :param seconds: after which it is given up
    :param variables: what ``VARIABLES`` holds in the script
    :return: what the script printed behind ``REPORT``, put together
    """
    command, process = server.odoo_command(env, database, "shell", "--no-http", **(options or {}))
    process["env"]["PYTHONPATH"] += f":{REPOSITORY / 'dev'}"
    source = f"VARIABLES = {variables!r}\n{(REPOSITORY / 'dev' / script).read_text()}"
    log = env.cache.log(f"{database}-{script.replace('/', '-')}")
    log.parent.mkdir(parents=True, exist_ok=True)
    with console.step(title):
        try:
            with log.open("w") as errors:
                output = subprocess.run(
                    command,
                    input=source,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    timeout=seconds,
                    check=True,
                    **process,
                ).stdout
        except subprocess.SubprocessError as error:
            raise console.StepFailed(title, f"read the log: {error}", log) from error
        if "Traceback" in log.read_text():
            raise console.StepFailed(title, "read the log", log)
    report = {}
    for line in output.splitlines():
        if line.startswith(MARK):
            report |= json.loads(line[len(MARK) :])
    return report
