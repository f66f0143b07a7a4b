"""One mass email in one portion: its queue, its sending slice by slice, its screens and figures."""

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


def read(model, view_type, records, view_id):
    """Read what a screen shows of some records, as a browser asks for it."""
    models = bench.env[model].get_views([(view_id, view_type)])["models"]
    names = models[model]["fields"]
    records().web_read({name: {} for name in names})


def screen(way, model, view_type, records, view_id=False):
    bench.env.flush_all()
    bench.env.invalidate_all()
    bench.measure(way, 1, lambda: read(model, view_type, records, view_id))


def lines(model, field):
    domain = [(field, "=", mass_email.id)]

    def search():
        bench.env[model].search_count(domain, limit=10_001)  # as the pager does
        return bench.env[model].search(domain, limit=PAGE)

    return search


def answer():
    """Four in ten open, one in ten clicks; written directly, as it is not what is measured."""
    bench.env.cr.execute(
        """
        INSERT INTO mailing_trace_event (
            event_type, event_datetime, campaign_id, mailing_id, contact_id, trace_id, is_test,
            link_id)
        SELECT kind.event_type, now() + random() * interval '3 days', sent.campaign_id,
               sent.mailing_id, sent.contact_id, sent.trace_id, FALSE, kind.link_id
          FROM (VALUES ('opened', 4, NULL), ('clicked', 1, %(link)s))
               kind (event_type, of_ten, link_id)
          JOIN mailing_trace_event sent ON sent.trace_id %% 10 < kind.of_ten
         WHERE sent.mailing_id = %(mailing)s AND sent.event_type = 'sent'
        """,
        {"mailing": mass_email.id, "link": bench.links[0].id},
    )


def figure(way, ask):
    bench.env.invalidate_all()
    bench.measure(way, 1, ask)


def behind(name):
    """The first page of the people behind a figure."""
    domain = bench.campaign.action_view_figure(name)["domain"]
    bench.env["mailing.trace"].search_count(domain, limit=10_001)
    return bench.env["mailing.trace"].search(domain, limit=PAGE)


answer()
log = bench.env["mailing.trace.event"]
figure("figures", bench.campaign.get_figures)
figure("chips", bench.campaign.get_log_figures)
figure("statistics", lambda: log.get_statistics(campaign_id=bench.campaign.id))
figure("curve", lambda: log.get_curve(campaign_id=bench.campaign.id))
screen("people who clicked", "mailing.trace", "list", lambda: behind("clicked"))
form = bench.env.ref("mass_mailing_campaign.mailing_mailing_view_form_mass_email")
screen("form", "mailing.mailing", "form", lambda: mass_email, form.id)
screen("members", "mailing.trace", "list", lines("mailing.trace", "mass_mailing_id"))
screen("log", "mailing.trace.event", "list", lines("mailing.trace.event", "mailing_id"))
