"""Mass emails in every state that is not an end, three messages of some of them sent."""

from datetime import timedelta

from life_scripts.material import Material, report

from odoo.fields import Datetime

material = Material(env)
material.settings(portion_size=3, lanes=2, open_tracking=True, max_attempts=5)
# she left the list, and somebody puts her on it again
gone = material.readers.contact_ids.filtered(lambda each: each.email == "reader9@example.com")
material.readers.contact_ids -= gone
material.readers.contact_ids += gone
paused = material.pending("Mass email paused")
material.run_lanes()
paused.action_pause()
env.cr.commit()
material.settings(portion_size=6)
in_process = material.pending("Mass email in process")
material.run_lanes()
# a server was killed with this one on the wire
waiting = in_process.mailing_trace_ids.filtered(lambda each: each.trace_status == "outgoing")
waiting[0].sudo().write({"trace_status": "process", "claim_key": "killed"})

material.pending("Mass email pending")
material.pending("Mass email pending and paused").action_pause()
material.pending("Mass email of tomorrow", schedule_date=Datetime.now() + timedelta(days=1))
inactive = material.campaign.copy()
material.campaign = inactive
material.pending("Mass email of an inactive campaign", body_arch="<p>Hello</p>")
inactive.campaign_status = "inactive"
if "mailing.address" in env:  # not in every release that is upgraded from
    env["mailing.address"]._receive_failures([("dead@example.com", True, "no such user", None)])
env.cr.commit()
report(doubtful=waiting[0].email)
