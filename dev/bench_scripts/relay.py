"""Send one letter over different numbers of sessions, to a server that takes its time."""

from bench_scripts.material import Bench

bench = Bench(env)
ours, stock = VARIABLES["ours"], VARIABLES["stock"]
for sessions in (10, 20):
    bench.use_server(VARIABLES["port"], sessions)
    mass_email = bench.mass_email(bench.target_list(ours, f"ours{sessions}."))
    mass_email._build_queue()
    bench.measure_sending(f"ours, {sessions} sessions", mass_email, ours)
bench.measure_standard("stock", bench.target_list(stock, "stock"), stock)
