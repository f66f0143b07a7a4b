import logging
from collections import Counter
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize

from ...delivery.address import wire_address
from ...engine.turns import retried

_logger = logging.getLogger(__name__)

# What was synced a moment ago, by a user or by a job that was cut short, waits for the next day.
JUST_NOW = timedelta(minutes=30)


class MailingList(models.Model):
    """Target lists that are filled with many records at once, and by criteria."""

    _inherit = "mailing.list"

    criterion_ids = fields.One2many("mailing.list.criterion", "list_id", "Criteria")
    is_synced = fields.Boolean(
        "Sync Every Day",
        default=True,
        help="And right before a mass email is sent to this list, or excludes its members.",
    )
    criteria_issue = fields.Text(compute="_compute_criteria_issue")

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
        if count["must_opt_in"]:
            yield self.env._("%s of them wait for their own opt-in", count["must_opt_in"])
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

    # ------------------------------------------------------------
    # Criteria
    # ------------------------------------------------------------

    @api.depends("criterion_ids.error")
    def _compute_criteria_issue(self):
        for target_list in self:
            target_list.criteria_issue = "\n".join(
                self.env._(
                    "“%(criterion)s” by %(author)s: %(reason)s",
                    criterion=criterion.display_name,
                    author=criterion.user_id.sudo().name or "?",
                    reason=criterion.error,
                )
                for criterion in target_list.criterion_ids.filtered("error")
            )

    def action_sync(self):
        """Bring this list in line with its criteria."""
        self.ensure_one()
        self.check_access("write")
        self._sync()
        return self.criterion_ids._tell_result()

    def _sync(self, criteria=None):
        """Add who fits a criterion, and remove who does not any more where that is wanted.

        A criterion that does not work is told on itself; its members stay as they are, and it
        stops no other. The first statement makes two who sync the same list take their turns: the
        second begins anew when the first has committed.

        :param criteria: those of this list to be synced; the others only keep who fits them
        """
        self.ensure_one()
        of_list = self.sudo().with_context(active_test=False).criterion_ids
        synced = of_list if criteria is None else of_list & criteria.sudo()
        synced.write({"sync_date": fields.Datetime.now()})
        self.env.flush_all()
        working = of_list.browse()
        of_list._forget_fitting()
        # those that are synced first: they make the targets that fit others, too
        for criterion in synced | of_list:
            error = criterion._attempt(criterion._sync, criterion in synced)
            if not error:
                working += criterion
            elif criterion in synced:
                criterion._fail(error)
        removed = self.env["mailing.subscription"].sudo()._let_go(self, working & synced)
        for criterion in working & synced:
            criterion.removed_count = removed[criterion.id]

    @retried
    def _sync_and_commit(self):
        self._sync()

    @api.model
    def _cron_sync_criteria(self):
        """Sync all lists that are to be, one transaction each."""
        cron = self.env["ir.cron"]
        earlier = Domain("sync_date", "<=", fields.Datetime.now() - JUST_NOW)
        to_do = Domain("sync_date", "=", False) | earlier
        lists = self.search(Domain("is_synced", "=", True) & Domain("criterion_ids", "any", to_do))
        cron._commit_progress(remaining=len(lists))
        for target_list in lists:
            try:
                # what does not work is told to who is responsible
                target_list.with_context(lang=target_list.user_id.lang)._sync_and_commit()
            except Exception:
                # one list does not hold up the others
                self.env.cr.rollback()
                _logger.exception("Target list %s could not be synced", target_list.id)
            if not cron._commit_progress(1):
                break

    # ------------------------------------------------------------
    # By hand
    # ------------------------------------------------------------

    def write(self, vals):
        result = super().write(vals)
        subscriptions = self.env["mailing.subscription"]
        contact_ids = subscriptions._added_by_hand(vals.get("contact_ids"))
        subscriptions._make_by_hand(self, self.env["mailing.contact"].browse(contact_ids))
        return result

    def _update_subscription_from_email(self, email, opt_out=True, force_message=None):
        result = super()._update_subscription_from_email(
            email, opt_out=opt_out, force_message=force_message
        )
        if not opt_out:
            normalized = email_normalize(email) or ""
            hers = Domain("email_normalized", "=", normalized)
            if address := wire_address(normalized):
                hers |= Domain("address", "=", address)
            contacts = self.env["mailing.contact"].sudo().search(hers)
            self.env["mailing.subscription"]._make_by_hand(self, contacts)
        return result

    def action_merge(self, src_lists, archive):
        """The members of merged lists are ones by hand; the criteria go where the lists go.

        Where they were synced every day they are from then on, too: they may exclude somebody.
        """
        result = super().action_merge(src_lists, archive)
        sources = src_lists - self
        members = [("list_ids", "in", sources.ids)]
        self.env["mailing.subscription"]._make_by_hand(
            self, self.env["mailing.contact"].sudo()._search(members).subselect()
        )
        if archive:
            criteria = sources.sudo().criterion_ids
            if any(criteria.list_id.mapped("is_synced")):
                self.is_synced = True
            criteria._move_to(self)
        return result
