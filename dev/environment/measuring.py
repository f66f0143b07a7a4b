from . import shell

DATABASE = "campaign_bench"
# The longest measurement, a million members, takes minutes.
SECONDS = 3600


def measure(env, name, **variables):
    """Run a script of ``bench_scripts/``; return its reports by what they are about."""
    script = f"bench_scripts/{name}.py"
    return shell.run(f"Measuring {name}", env, DATABASE, script, seconds=SECONDS, **variables)
