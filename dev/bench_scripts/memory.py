"""Build a queue and send it; how much memory did it take at most?"""

from bench_scripts.material import Bench, peak_mb, report, variable

bench = Bench(env)  # noqa: F821 (Odoo's shell)
count = variable("recipients")
bench.use_server(variable("port"))
mass_email = bench.mass_email(bench.target_list(count, "r"))
bench.env.cr.commit()
report("idle", peak_mb=peak_mb())
mass_email._build_queue()
bench.measure_sending("sent", mass_email, count)
