from odoo import api, fields, models
from odoo.exceptions import UserError

from ..delivery.address import wire_address

FLAGS = [("yes", "Yes"), ("no", "No")]


class MailingAddressFlags(models.TransientModel):
    """Say of the addresses of some records whether they are mailed at all."""

    _name = "mailing.address.flags"
    _description = "Address Flags"

    addresses = fields.Json()
    summary = fields.Char("Email", compute="_compute_summary")
    opted_out = fields.Selection(
        FLAGS,
        "Opted Out of Everything",
        help="On the blacklist: no mailing of any kind goes there.",
    )
    dead = fields.Selection(
        FLAGS,
        "Address Is Dead",
        help="Nobody is mailed at this address any more, whoever carries it.",
    )
    words = fields.Char("Reason")

    @api.model
    def default_get(self, fields):
        """The addresses of the records that are opened or ticked, and how it is with them."""
        model = self.env.context.get("active_model", "mailing.contact")
        records = self.env[model].browse(self.env.context.get("active_ids", []))
        addresses = {wire_address(email or "") for email in records.mapped("email_normalized")}
        addresses = sorted(addresses - {None})
        return super().default_get(fields) | {
            "addresses": addresses,
            "opted_out": self._common(addresses, self._blacklisted(addresses)),
            "dead": self._common(addresses, self._dead(addresses)),
        }

    @api.depends("addresses")
    def _compute_summary(self):
        for wizard in self:
            addresses = wizard.addresses or []
            shown = ", ".join(addresses[:3])
            rest = len(addresses) - 3
            wizard.summary = (
                self.env._("%(some)s and %(count)s more", some=shown, count=rest)
                if rest > 0
                else shown
            )

    # ------------------------------------------------------------
    # How it is, and how it shall be
    # ------------------------------------------------------------

    @api.model
    def _blacklisted(self, addresses):
        entries = self.env["mail.blacklist"].search([("address", "in", addresses)])
        return entries.grouped("address")

    @api.model
    def _dead(self, addresses):
        dead = [("address", "in", addresses), ("dead_datetime", "!=", False)]
        return self.env["mailing.address"].search(dead).grouped("address")

    @api.model
    def _common(self, addresses, flagged):
        """Return what holds of all addresses; nothing when they differ."""
        if len(flagged) in (0, len(addresses)):
            return "yes" if flagged else "no"
        return False

    def action_apply(self):
        if not self.addresses:
            raise UserError(self.env._("There is no usable e-mail address to flag."))
        self._flag_opted_out()
        self._flag_dead()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _flag_opted_out(self):
        blacklist = self.env["mail.blacklist"]
        blacklisted = self._blacklisted(self.addresses)
        if self.opted_out == "yes":
            for address in set(self.addresses) - blacklisted.keys():
                blacklist._add(address, message=self.words)
        elif self.opted_out == "no":
            for entry in blacklist.concat(*blacklisted.values()):
                entry._remove(entry.email, message=self.words)

    def _flag_dead(self):
        dead = self._dead(self.addresses)
        if self.dead == "yes":
            words = self.words or self.env._("said by %s", self.env.user.name)
            self.env["mailing.address"]._receive_failures(
                [(address, True, words, None) for address in set(self.addresses) - dead.keys()]
            )
        elif self.dead == "no":
            self.env["mailing.address"].concat(*dead.values()).action_clear()
