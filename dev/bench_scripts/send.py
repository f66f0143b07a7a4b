"""Send one letter three ways, to a server that takes everything at once."""

from odoo.addons.mass_mailing_campaign.models.mailing_claim import Claimed

OURS, STOCK = variable("ours"), variable("stock")
use_server(variable("port"))

ours = mass_email(target_list(OURS, "ours"))
ours._build_queue()
measure("ours", OURS, lambda: send_all(ours))
assert ours.sent_count == OURS

stock = standard_mailing(target_list(STOCK, "stock"))
measure("stock", STOCK, lambda: send_standard(stock))

# The floor: bytes that are ready, one session, nothing written down.
session = ours._open_session()
trace = ours.mailing_trace_ids[0].sudo()
row = Claimed(trace.id, trace.res_id, trace.email, trace.token, 1)
[envelope] = ours._letter().compose([row], session)


def send_floor():
    for _message in range(OURS):
        session.sendmail(envelope.sender, [envelope.recipient], envelope.content)


measure("floor", OURS, send_floor)
session.quit()
