from odoo import SUPERUSER_ID, api
from odoo.addons.mass_mailing_campaign.delivery.address import wire_address
from odoo.addons.mass_mailing_campaign.hooks.installing import remember_earlier_opt_outs


def migrate(cr, _version):
    """Opt-outs are remembered by person, too, and by the address as it stands on the wire."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    opt_outs = env["mailing.opt.out"].search([("email", "!=", False)])
    known = {(each.list_id, each.email) for each in opt_outs}
    for opt_out in opt_outs:
        address = wire_address(opt_out.email)
        if address == opt_out.email:
            continue
        if address and (opt_out.list_id, address) not in known:
            known.add((opt_out.list_id, address))
            opt_out.email = address
        else:
            opt_out.unlink()
    remember_earlier_opt_outs(env)
