from odoo import models
from odoo.fields import Domain


class MailingMailing(models.Model):
    """Mass emails to lists that are filled by criteria.

    Lists that are synced every day are synced once more right before the queue is built, so that
    who fits by then is mailed, or excluded. A criterion that does not work counts differently by
    what its list is for: a target list mails whom it has; but an excluding list may lack somebody,
    so nothing goes out, neither at first nor later, until the criterion works, is deleted, or the
    list is taken off the daily sync. A list that is synced by hand only is as its user left it.
    """

    _inherit = "mailing.mailing"

    def _sync_lists(self):
        """Bring the lists in line with their criteria; always in the same order."""
        for target_list in self._synced(self.contact_list_ids | self._excluding()).sorted("id"):
            target_list._sync()

    def _is_exclusion_out_of_date(self):
        """Tell whether an excluding list was never synced by what its criteria ask, or in vain."""
        criteria = self._synced(self._excluding()).criterion_ids
        return any(criterion._is_out_of_date() for criterion in criteria)

    def _doubt_about_excluded(self):
        """Return why somebody might be mailed who must not be, in words; None if nobody is."""
        broken = Domain("list_id", "in", self._synced(self._excluding()).ids)
        broken &= Domain("error", "!=", False)
        criterion = self.env["mailing.list.criterion"].sudo().search(broken, limit=1)
        return criterion and self.env._(
            "Excluding list “%(list)s” may lack somebody, for its criterion “%(criterion)s” "
            "does not work. Mend or delete it, or take the list off the daily sync.",
            list=criterion.list_id.name,
            criterion=criterion.display_name,
        )

    def _excluding(self):
        # an archived list excludes as before
        return self.with_context(active_test=False).excluding_list_ids

    def _synced(self, lists):
        return lists.sudo().filtered(lambda each: each.is_synced and each.criterion_ids)
