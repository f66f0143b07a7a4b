from odoo import api, models
from odoo.fields import Domain
from odoo.tools import escape_psql

from .ir_config_parameter import PURGED_AT_ONCE


class MailingOptOut(models.Model):
    """What people wrote when they opted out goes after some time; that they did is remembered."""

    _name = "mailing.opt.out"
    _inherit = ["mailing.opt.out", "mailing.safe.export.mixin"]

    def unlink(self):
        """Deleting one is no opt-in: who does that erases a person, as Odoo's privacy lookup.

        Nobody is mailed at her address all the same, and no more than that is kept.
        """
        if not self.env.context.get("opt_out_is_taken_back"):
            addresses = {*self.mapped("email"), *self.contact_id.mapped("address")} - {False}
            self.env["mailing.erased.address"].sudo()._keep(addresses)
        return super().unlink()

    @api.model
    def _of_person(self, address, contacts):
        """Return what is remembered of an address, and of contacts that have it."""
        return self.search(Domain("email", "=", address) | Domain("contact_id", "in", contacts.ids))

    @api.autovacuum
    def _gc_words(self):
        """Purge the words of old opt-outs, here and in notes."""
        parameters = self.env["ir.config_parameter"]
        before = parameters._kept_since()
        notes = self._notes_of_words(before) if before else self.env["mail.message"]
        note_count = len(notes)
        notes.unlink()
        count, are_more = parameters._purge(
            """
            UPDATE mailing_opt_out SET feedback = NULL WHERE id IN (
                SELECT id FROM mailing_opt_out
                 WHERE feedback IS NOT NULL AND create_date < %s
                 LIMIT %s)
            """
        )
        return count + note_count, are_more or int(note_count == PURGED_AT_ONCE)

    @api.model
    def _notes_of_words(self, before):
        """Return old notes with the words of opt-outs, in whatever language they were written."""
        traces = self.env["mailing.trace"]
        begins = {
            traces.with_context(lang=code)._note_of_words("")
            for code, _name in self.env["res.lang"].get_installed()
        }
        return (
            self.env["mail.message"]
            .sudo()
            .search(
                Domain("model", "in", ["mailing.contact", "mail.blacklist"])
                & Domain("date", "<", before)
                & Domain.OR(
                    Domain("body", "=like", f"{tag}{escape_psql(begin)}%")
                    for begin in begins
                    for tag in ("", "<p>")
                ),
                limit=PURGED_AT_ONCE,
            )
        )
