"""Send one letter three ways, to a server that takes everything at once."""

from bench_scripts.material import Bench

bench = Bench(env)
ours, stock = VARIABLES["ours"], VARIABLES["stock"]
bench.use_server(VARIABLES["port"])

mass_email = bench.mass_email(bench.target_list(ours, "ours"))
mass_email._build_queue()
bench.measure_sending("ours", mass_email, ours)
bench.measure_standard("stock", bench.target_list(stock, "stock"), stock)
bench.measure_floor("floor", mass_email, ours)
