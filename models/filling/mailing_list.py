from collections import Counter

from odoo import api, models
from odoo.tools import SQL


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
            ``left_before``; ``already`` there
        """
        return sum(self._add_targets_by_list(model, domain, values).values(), Counter())

    @api.model
    def _told(self, counts):
        """Return in words what became of those who were to be members, by list.

        :param counts: of ``_add_targets_by_list``
        """
        return " ".join(
            f"{target_list.name}: {', '.join(self._words(count))}."
            for target_list, count in counts.items()
        )

    def _words(self, count):
        yield self.env._("%s added", count["added"])
        if count["without_address"]:
            yield self.env._("%s of them without a usable address", count["without_address"])
        if count["left_before"]:
            yield self.env._("%s left the list before and stay opted out", count["left_before"])
        if count["already"]:
            yield self.env._("%s there already", count["already"])

    def _add_targets_by_list(self, model, domain, values=None):
        """``_add_targets``, with a ``Counter`` for each list."""
        self.check_access("write")
        query = self.env[model]._search(domain)
        if model == "mailing.contact":
            contacts = query.subselect(
                SQL.identifier(query.table, "id"), SQL.identifier(query.table, "address")
            )
        else:
            contacts = self.env["mailing.contact"]._stand_for(model, query)
        return self.env["mailing.subscription"]._join(self, contacts, values or {})
