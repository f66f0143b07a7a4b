"""Put a mass email in line for so many lanes."""

from bench_scripts.material import Bench, report

bench = Bench(env)
bench.use_server(VARIABLES["port"], VARIABLES["sessions"])
bench.use_lanes(VARIABLES["lanes"])
mass_email = bench.mass_email(bench.target_list(VARIABLES["recipients"], "r"))
mass_email.action_set_pending()
bench.env.cr.commit()
report("begin", mailing=mass_email.id)
