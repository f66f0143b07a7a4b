"""Build a queue and send it; how much memory did it take at most?"""

COUNT = variable("recipients")
use_server(variable("port"))
email = mass_email(target_list(COUNT, "r"))
env.cr.commit()
report("idle", messages=COUNT, peak_mb=peak_mb())
email._build_queue()
measure("sent", COUNT, lambda: send_all(email))
assert email.sent_count == COUNT
