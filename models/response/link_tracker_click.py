from odoo import api, models


class LinkTrackerClick(models.Model):
    """Odoo's own, countable click route is kept out of the campaign log."""

    _inherit = "link.tracker.click"

    @api.model
    def add_click(self, code, **route_values):
        """Odoo's own route names the message by its number, which anybody can count up.

        A click is a mass email's recipient's only when her token was shown, see
        ``mailing.trace._receive_hit``.
        """
        trace = self.env["mailing.trace"].browse(route_values.get("mailing_trace_id"))
        if trace.exists().token:
            del route_values["mailing_trace_id"]
        return super().add_click(code, **route_values)
