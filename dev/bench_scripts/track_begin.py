"""A mass email that was sent an hour ago, and a standard mailing beside it, to be fetched."""

import datetime

from bench_scripts.material import Bench, report

from odoo import fields

bench = Bench(env)
count = VARIABLES["messages"]
bench.env["ir.config_parameter"].set_param("mass_mailing_campaign.open_tracking", "True")
mass_email = bench.mass_email(bench.target_list(count, "track."), open_tracking=True)
mass_email._build_queue()
bench.env.flush_all()
hour_ago = fields.Datetime.now() - datetime.timedelta(hours=1)
bench.env.cr.execute(
    "UPDATE mailing_trace SET trace_status = 'sent', sent_datetime = %s WHERE mass_mailing_id = %s"
    " RETURNING token",
    [hour_ago, mass_email.id],
)
tokens = [token for (token,) in bench.env.cr.fetchall()]
bench.env.invalidate_all()
mass_email.state = "done"

standard = bench._mailing(bench.target_list(1, "standard."), state="done")
mails = bench.env["mail.mail"].create(
    [{"body_html": "x", "mailing_id": standard.id} for _number in range(count)]
)
traces = bench.env["mailing.trace"].create(
    [
        {
            "mass_mailing_id": standard.id,
            "model": "mailing.contact",
            "res_id": number,
            "mail_mail_id": mail.id,
            "trace_status": "sent",
        }
        for number, mail in enumerate(mails, 1)
    ]
)
link = bench.env["link.tracker"].create(
    {
        "url": f"https://www.example.com/{bench.run}",
        "title": "Stock",
        "mass_mailing_id": standard.id,
    }
)
bench.env.cr.commit()
report(
    "paths",
    **{
        "open": [f"/mailing/open/{token}.gif" for token in tokens],
        "click": [f"/mailing/click/{bench.links[0].code}/{token}" for token in tokens],
        "opt-out": [f"/mailing/opt-out/{token}" for token in tokens],
        "stock open": [
            f"/mail/track/{mail.id}/{mail._generate_mail_recipient_token(mail.id)}/blank.gif"
            for mail in mails
        ],
        "stock click": [f"/r/{link.code}/m/{trace.id}" for trace in traces],
        "empty route": ["/web/health"],
    },
)
report("mailing", id=mass_email.id, link=bench.links[0].id)
