"""Put a mass email in line for two lanes."""

from bench_scripts.material import Bench, report, variable

bench = Bench(env)  # noqa: F821 (Odoo's shell)
bench.use_server(variable("port"))
bench.use_lanes(2)
mass_email = bench.mass_email(bench.target_list(variable("recipients"), "r"))
mass_email.action_set_pending()
bench.env.cr.commit()
report("begin", mailing=mass_email.id)
