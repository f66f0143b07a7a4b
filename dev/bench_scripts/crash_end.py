"""Tell what became of everybody."""

import json

from bench_scripts.material import report, variable

mass_email = env["mailing.mailing"].browse(variable("mailing"))  # noqa: F821 (Odoo's shell)
mass_email.env["ir.cron"]._set_lane_count(1)
mass_email.env.cr.commit()
fields = ["email", "trace_status", "failure_type", "claim_key"]
for trace in mass_email.mailing_trace_ids.sudo().read(fields):
    print("TRACE", json.dumps(trace))
report("end", state=mass_email.state)
