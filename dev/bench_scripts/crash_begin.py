"""Put a mass email in line for two lanes."""

from bench_scripts.material import Bench, report, variable

bench = Bench(env)  # noqa: F821 (Odoo's shell)
bench.use_server(variable("port"))
mailings = bench.env["mailing.mailing"]
bench.env["ir.cron"]._set_lane_count(2)
mailings.search([("delivery_mode", "=", "portions")]).state = "done"
mass_email = bench.mass_email(bench.target_list(variable("recipients"), "r"))
mass_email.action_set_pending()
bench.env.cr.commit()
report("begin", mailing=mass_email.id)
