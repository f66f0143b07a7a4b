from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, escape_psql

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
        """Purge the words of old opt-outs, here and in notes. Raw SQL: so many at once."""
        before = self.env["ir.config_parameter"]._kept_since()
        if not before:
            return 0, 0
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_opt_out SET feedback = NULL WHERE id IN (
                    SELECT id FROM mailing_opt_out
                     WHERE feedback IS NOT NULL AND create_date < %s
                     LIMIT %s)
                """,
                before,
                PURGED_AT_ONCE,
            )
        )
        count = self.env.cr.rowcount
        self.invalidate_model(["feedback"])
        notes = self._notes_of_words(before)
        notes.unlink()
        return count + len(notes), int(PURGED_AT_ONCE in (count, len(notes)))

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
