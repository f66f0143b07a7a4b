from odoo import api, fields, models
from odoo.tools import email_normalize

from ...delivery.address import wire_address


class MailBlacklist(models.Model):
    """Blacklisted addresses, comparable with those that mass emails are sent to."""

    _inherit = "mail.blacklist"

    address = fields.Char(
        "Address on the Wire",
        compute="_compute_address",
        store=True,
        precompute=True,
        index="btree_not_null",
    )
    opt_out_trace_id = fields.Many2one(
        "mailing.trace",
        "Opted Out By",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The message whose opt-out put the address here; only its opt-in takes it back.",
    )

    @api.depends("email")
    def _compute_address(self):
        for entry in self:
            entry.address = wire_address(entry.email or "")

    # Whoever blacklists an address that is blacklisted already means it, too: from then on it is
    # not for a recipient's message to take back.

    @api.model_create_multi
    def create(self, vals_list):
        entries = super().create(vals_list)
        entries.opt_out_trace_id = False
        # of what was taken off the blacklist once, Odoo returns the archived entries
        off = {email_normalize(vals["email"]) for vals in vals_list if not vals.get("active", True)}
        entries.filtered(lambda entry: not entry.active and entry.email not in off).active = True
        return entries

    def write(self, vals):
        if "active" in vals:
            vals = {"opt_out_trace_id": False, **vals}
        return super().write(vals)

    def _add(self, email, message=None):
        entry = super()._add(email, message=message)
        entry.opt_out_trace_id = False
        return entry
