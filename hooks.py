def remember_earlier_opt_outs(env):
    """Opt-outs from before the installation hold, too."""
    env["mailing.subscription"].search([("opt_out", "=", True)])._remember_opt_outs()
