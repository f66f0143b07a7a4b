from odoo import SUPERUSER_ID, api, fields
from odoo.tools import format_date


def migrate(cr, _version):
    """Name mass emails by campaign and day; until now Odoo made their names of the raw subject.

    A few statements for each mass email, which are few.
    """
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False, "tracking_disable": True})
    for mailing in env["mailing.mailing"].search([("delivery_mode", "=", "portions")], order="id"):
        reader = env(context={**env.context, "lang": mailing.user_id.lang})
        started = mailing.schedule_date or mailing.create_date or fields.Datetime.now()
        title = mailing.campaign_id.title or reader._("Mass Email")
        mailing.name = f"{title} {format_date(reader, started.date())}"
