from odoo import fields, models


class MailingOptOut(models.Model):
    """The memory of opt-outs: this address left this list.

    A subscription forgets when it is removed or its contact deleted; this does not. Mass emails
    look here, so that adding somebody again does not bring her back. Only opting in does: on the
    opt-out page, in the portal, or by unticking Opt Out on a subscription.
    """

    _name = "mailing.opt.out"
    _description = "Opt-Out of a Mailing List"
    _rec_name = "email"

    list_id = fields.Many2one("mailing.list", required=True, readonly=True, ondelete="cascade")
    email = fields.Char("E-mail Address", required=True, readonly=True)

    _once = models.UniqueIndex("(list_id, email)")
