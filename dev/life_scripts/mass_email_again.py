"""One mass email, begun and sent to its end."""

from life_scripts.material import Material, report

material = Material(env)
mass_email = material.pending("Mass email again")
material.run_lanes()
report(
    state=mass_email.state, lanes=len(env["ir.cron"].search([("code", "like", "deliver_portion")]))
)
