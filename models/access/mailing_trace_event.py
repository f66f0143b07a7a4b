from odoo import api, models


class MailingTraceEvent(models.Model):
    """Figures are counted without record rules, so of the campaigns in reach alone."""

    _inherit = "mailing.trace.event"

    @api.model
    def _count_people(self, by, ids, with_machines=False):
        if by == "campaign_id":
            ids = self.env["utm.campaign"].browse(ids)._in_reach().ids
        return super()._count_people(by, ids, with_machines)
