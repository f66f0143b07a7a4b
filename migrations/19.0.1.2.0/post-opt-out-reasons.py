from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """The memory of opt-outs has their reasons, too, as they stand at subscriptions."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    gone = [("opt_out", "=", True), ("opt_out_reason_id", "!=", False)]
    env["mailing.subscription"].search(gone)._remember_reasons()
