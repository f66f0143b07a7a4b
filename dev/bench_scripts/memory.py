"""Build a queue and send it; how much memory did it take at most?"""

from bench_scripts.material import Bench, peak_mb, report

bench = Bench(env)
count = VARIABLES["recipients"]
bench.use_server(VARIABLES["port"])
mass_email = bench.mass_email(bench.target_list(count, "r"))
bench.env.cr.commit()
report("idle", peak_mb=peak_mb())
mass_email._build_queue()
bench.measure_sending("sent", mass_email, count)
