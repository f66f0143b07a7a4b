"""Put a mass email in line for two lanes."""

from bench_scripts.material import Bench, report

bench = Bench(env)
bench.use_server(VARIABLES["port"])
bench.use_lanes(2)
mass_email = bench.mass_email(bench.target_list(VARIABLES["recipients"], "r"))
mass_email.action_set_pending()
bench.env.cr.commit()
report("begin", mailing=mass_email.id)
