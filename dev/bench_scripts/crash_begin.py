"""Put a mass email in line for two lanes."""

use_server(variable("port"))
env["mailing.mailing"]._set_lane_count(2)
env["mailing.mailing"].search([("delivery_mode", "=", "portions")]).state = "done"
email = mass_email(target_list(variable("recipients"), "r"))
email.action_set_pending()
env.cr.commit()
report("begin", mailing=email.id)
