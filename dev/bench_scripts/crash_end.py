"""Tell what became of everybody."""

email = env["mailing.mailing"].browse(variable("mailing"))
env["mailing.mailing"]._set_lane_count(1)
env.cr.commit()
traces = env["mailing.trace"].sudo().search_read(
    [("mass_mailing_id", "=", email.id)],
    ["email", "trace_status", "failure_type", "claim_key"],
)
for trace in traces:
    print("TRACE", json.dumps(trace))
events = env["mailing.trace.event"].search_count([("mailing_id", "=", email.id)])
report("end", state=email.state, events=events)
