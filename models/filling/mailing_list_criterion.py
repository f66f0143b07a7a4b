from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class MailingListCriterion(models.Model):
    """Criteria at work: how a list is brought in line with one."""

    _inherit = "mailing.list.criterion"

    def action_sync(self):
        """Bring the target list in line with this criterion."""
        self.ensure_one()
        self.check_access("write")
        self.list_id._sync(self)
        return self._tell_result()

    def action_delete(self):
        """Delete this criterion; its members stay."""
        self.unlink()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _tell_result(self):
        """Return an action that tells the user what a sync did, and shows it."""
        broken = self.filtered("error")
        counts = {
            "added": sum(self.mapped("added_count")),
            "removed": sum(self.mapped("removed_count")),
            "already": sum(self.mapped("already_count")),
        }
        message = self.env._(
            "%(added)s added, %(removed)s removed, %(already)s already there.", **counts
        )
        if broken:
            message = self.env._("%s of the criteria do not work, see above.", len(broken))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if broken else "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _sync(self, adds=True):
        """Note who fits, in its list's sync, and add them if that is wanted.

        :raise Exception: whatever is wrong with this criterion
        """
        if adds:
            self._add_fitting()
        self._note_fitting()

    def _add_fitting(self):
        mine = self._as_author()
        counts = mine.list_id._add_targets(
            mine.model, mine._fitting_domain(), {"criterion_id": self.id}
        )
        self.sudo().write(
            {
                "error": False,
                "added_count": counts["added"],
                "already_count": counts["already"],
                "without_address_count": counts["without_address"],
                "left_before_count": counts["left_before"],
            }
        )

    # ------------------------------------------------------------
    # Those who fit, for as long as a sync takes
    # ------------------------------------------------------------

    @api.model
    def _forget_fitting(self):
        """Have an empty table for who fits which criterion."""
        self.env.cr.execute(
            "CREATE TEMP TABLE IF NOT EXISTS mailing_list_fitting"
            " (criterion_id integer, contact_id integer) ON COMMIT DROP;"
            " TRUNCATE mailing_list_fitting"
        )

    def _note_fitting(self):
        """Note all targets that fit; raw SQL, for they may be as many as there are.

        Where the list excludes, those as well whom this criterion brought and may not ask about any
        more, for its author lost a right: they may fit as before, and in doubt nobody is mailed.
        """
        mine = self._as_author()
        fitting = mine._targets(mine._fitting_domain())
        if self.list_id._excludes():
            fitting = SQL(
                "(SELECT id FROM %s fitting UNION ("
                " SELECT contact_id FROM mailing_subscription WHERE criterion_id = %s"
                " EXCEPT SELECT id FROM %s readable))",
                fitting,
                self.id,
                mine._targets(mine._found_by_other(Domain.TRUE)),
            )
        self.env.cr.execute(
            SQL(
                "INSERT INTO mailing_list_fitting (criterion_id, contact_id)"
                " SELECT %s, id FROM mailing_contact WHERE id IN %s",
                self.id,
                fitting,
            )
        )

    def _fail(self, reason):
        """Tell on this criterion why it does not work."""
        counts = [name for name in self._fields if name.endswith("_count")]
        self.sudo().write({"error": reason, **dict.fromkeys(counts, 0)})

    def _as_author(self):
        """Where the list excludes, who is archived fits as well: another may have her address."""
        mine = super()._as_author()
        return mine.with_context(active_test=False) if self.list_id._excludes() else mine

    def _fitting_domain(self):
        """Where the list excludes, nobody is spared for what else is archived.

        Who fits "no lead of this kind" on the screen does so, though she has one that is archived.
        And who fits by something that is archived since fits as before.
        """
        domain = super()._fitting_domain()
        if self.env.context.get("active_test", True):
            return domain
        on_screen = self.with_context(active_test=True)
        fitting = super(MailingListCriterion, on_screen)._fitting_domain()
        fitting = on_screen.env[self.model]._search(fitting, active_test=False)
        return domain | Domain("id", "in", fitting)

    def _is_out_of_date(self):
        """Tell whether there was no sync yet of what it asks, or in vain."""
        changed = self.kind == "filter" and self.filter_id.write_date
        return bool(self.error or not self.sync_date or (changed and changed > self.sync_date))

    def _targets(self, domain):
        """Return SQL of the ids of all targets that stand for records of a domain."""
        ids = self.env[self.model]._search(domain).subselect()
        if self.model == "mailing.contact":
            return ids
        source = SQL.identifier(self.env["mailing.contact"]._sources()[self.model])
        return SQL("(SELECT id FROM mailing_contact WHERE %s IN %s)", source, ids)

    def _move_to(self, target_list):
        """Fill another list from now on; who was brought before, stays where she is."""
        brought = SQL(
            "(SELECT contact_id FROM mailing_subscription WHERE criterion_id = ANY(%s))", self.ids
        )
        self.env["mailing.subscription"]._make_by_hand(self.list_id, brought)
        self.sudo().list_id = target_list
