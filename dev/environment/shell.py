"""Scripts that run in Odoo's shell, in the database for measuring."""

import json
import subprocess
from pathlib import Path

from . import console, server

SCRIPTS = Path(__file__).parents[1] / "bench_scripts"
DATABASE = "campaign_bench"


def run_script(env, name, **variables):
    """Run a script in Odoo's shell; return what it reports."""
    command, options = server.odoo_command(env, DATABASE, "shell", "--no-http")
    options["env"]["PYTHONPATH"] += f":{SCRIPTS.parent}"
    options["env"] |= {f"BENCH_{key.upper()}": str(value) for key, value in variables.items()}
    log = env.cache.log(f"bench-{name}")
    with console.step(f"Measuring {name}"):
        done = subprocess.run(
            command,
            input=(SCRIPTS / f"{name}.py").read_text(),
            capture_output=True,
            text=True,
            **options,
        )
    log.write_text(done.stdout + done.stderr)
    lines = done.stdout.splitlines()
    reports = [json.loads(line[len("BENCH ") :]) for line in lines if line.startswith("BENCH ")]
    if done.returncode or not reports or "Traceback" in done.stderr:
        raise console.StepFailed(f"Measuring {name}", "read the log", log)
    return {report["way"]: report for report in reports}
