"""One mass email in one portion: its queue, its sending slice by slice, its screens."""

from bench_scripts.material import Bench

# Lines of a list on a screen.
PAGE = 80

bench = Bench(env)
count, size = VARIABLES["recipients"], VARIABLES["slice"]
bench.use_server(VARIABLES["port"])
mass_email = bench.mass_email(bench.target_list(count, "r"))
bench.measure_queue("queue", mass_email, count)
for start in range(0, count, size):
    end = min(start + size, count)
    bench.measure_slice(f"{start + 1:,} to {end:,}", mass_email, end - start)


def read(model, view_type, records):
    """Read what a screen shows of some records, as a browser asks for it."""
    models = bench.env[model].get_views([(False, view_type)])["models"]
    names = models[model]["fields"]
    records().web_read({name: {} for name in names})


def screen(way, model, view_type, records):
    bench.env.flush_all()
    bench.env.invalidate_all()
    bench.measure(way, 1, lambda: read(model, view_type, records))


def lines(model, field):
    domain = [(field, "=", mass_email.id)]

    def search():
        bench.env[model].search_count(domain, limit=10_001)  # as the pager does
        return bench.env[model].search(domain, limit=PAGE)

    return search


screen("form", "mailing.mailing", "form", lambda: mass_email)
screen("members", "mailing.trace", "list", lines("mailing.trace", "mass_mailing_id"))
screen("log", "mailing.trace.event", "list", lines("mailing.trace.event", "mailing_id"))
