from odoo import SUPERUSER_ID, api
from odoo.addons.mass_mailing_campaign.hooks.installing import keep_what_users_see


def migrate(cr, _version):
    """Let users of Email Marketing go on seeing all campaigns: access by group is new.

    Costs one row per user.
    """
    keep_what_users_see(api.Environment(cr, SUPERUSER_ID, {}))
