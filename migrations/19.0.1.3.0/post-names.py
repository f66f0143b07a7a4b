from odoo import SUPERUSER_ID, api
from odoo.tools import format_date


def migrate(cr, _version):
    """Name mass emails by campaign and day, where Odoo made their names of the raw subject.

    A few statements for each mass email, which are few.
    """
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False, "tracking_disable": True})
    for mailing in env["mailing.mailing"].search([("delivery_mode", "=", "portions")], order="id"):
        if not mailing.name.startswith((mailing.subject or "")[:20]):
            continue  # a user's own
        reader = env(context={**env.context, "lang": mailing.user_id.lang})
        day = format_date(reader, (mailing.schedule_date or mailing.create_date).date())
        mailing.name = f"{mailing.campaign_id.title or reader._('Mass Email')} {day}"
