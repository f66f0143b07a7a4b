from collections import Counter

from odoo import models


class MailingList(models.Model):
    """Target lists that are filled with many records at once."""

    _inherit = "mailing.list"

    def _add_targets(self, model, domain, values=None):
        """Make records that the user may read members of these lists.

        Who is a member stays as she is. Who left a list before is a member with Opt Out ticked
        from then on. Takes a fixed number of statements, and nothing is loaded.

        :param model: a source of targets, or ``mailing.contact``
        :param values: columns of the new subscriptions
        :return: a ``Counter`` of memberships: ``added``, and of those ``without_address`` and
            ``left_before``, of those who ``must_opt_in``; ``already`` there
        """
        return sum(self._add_targets_by_list(model, domain, values).values(), Counter())

    def _add_targets_by_list(self, model, domain, values=None):
        """``_add_targets``, with a ``Counter`` for each list."""
        self.check_access("write")
        query = self.env[model]._search(domain)
        contacts = query.subselect()
        if model != "mailing.contact":
            contacts = self.env["mailing.contact"]._stand_for(model, query)
        return self.env["mailing.subscription"]._join(self, contacts, values or {})
