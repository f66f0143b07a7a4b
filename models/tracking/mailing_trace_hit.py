from odoo import fields, models

from ..response.mailing_trace_event import MADE_BY


class MailingTraceHit(models.Model):
    """One time that the open pixel or a tracking URL was fetched; kept where a setting says so.

    The log has the first of each kind. Written by ``mailing.trace._receive_hit``.
    """

    _name = "mailing.trace.hit"
    _description = "Opening or Click"
    _order = "hit_datetime DESC, id DESC"
    _rec_name = "event_type"
    _log_access = False

    event_type = fields.Selection(
        [("opened", "Opened"), ("clicked", "Clicked")], "Action", required=True, readonly=True
    )
    hit_datetime = fields.Datetime("Date", required=True, readonly=True, index=True)
    trace_id = fields.Many2one(
        "mailing.trace", "Message", required=True, readonly=True, index=True, ondelete="cascade"
    )
    email = fields.Char("Email", related="trace_id.email")
    mailing_id = fields.Many2one(related="trace_id.mass_mailing_id", string="Mass Email")
    is_test = fields.Boolean("Test", related="trace_id.is_test_trace")
    link_id = fields.Many2one(
        "link.tracker", "Tracking URL", readonly=True, index="btree_not_null", ondelete="set null"
    )
    made_by = fields.Selection(MADE_BY, readonly=True)
    ip = fields.Char("IP Address", readonly=True)
    user_agent = fields.Char(readonly=True)
