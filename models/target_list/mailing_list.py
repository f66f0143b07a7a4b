from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL

from ...engine.replica import read_from_replica

# The figures of a list, with the reasons not to mail (failure types) that each adds up.
OBJECTIONS = {
    "opted_out": ("mail_optout",),
    "blacklisted": ("mail_bl",),
    "no_address": ("mail_email_missing", "mail_email_invalid"),
    "dead": ("dead",),
}


class MailingList(models.Model):
    """What a marketer sees of a target list, and does to its members."""

    _inherit = "mailing.list"

    category_ids = fields.Many2many("mailing.list.category", string="Categories")
    description = fields.Text(help="For colleagues; recipients do not see it.")
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
    )
    contact_count = fields.Integer(compute="_compute_contact_count")

    @api.depends("contact_ids")
    def _compute_contact_count(self):
        """Apart from Odoo's other statistics, for it is in every list's name."""
        counts = dict(
            self.env["mailing.subscription"]
            .sudo()
            ._read_group([("list_id", "in", self.ids)], ["list_id"], ["__count"])
        )
        for target_list in self:
            target_list.contact_count = counts.get(target_list._origin, 0)

    def _get_contact_statistics_fields(self):
        statistics = super()._get_contact_statistics_fields()
        statistics.pop("contact_count")
        # who waits for her own opt-in left nothing
        statistics["contact_count_opt_out"] = (
            "COUNT(*) FILTER (WHERE r.opt_out AND r.awaits_opt_in IS NOT TRUE)"
            " AS contact_count_opt_out"
        )
        statistics["contact_count_email"] = (
            "COUNT(*) FILTER (WHERE c.email_normalized IS NOT NULL AND r.opt_out IS NOT TRUE"
            " AND bl.id IS NULL AND dead.id IS NULL) AS contact_count_email"
        )
        return statistics

    def _get_contact_statistics_joins(self):
        return (
            super()._get_contact_statistics_joins()
            + " LEFT JOIN mailing_address dead"
            + " ON dead.address = c.address AND dead.dead_datetime IS NOT NULL"
        )

    def action_view_contacts_email(self):
        """Open who would be mailed, as the figure on the form does."""
        return self.action_view_figure("will_receive")

    @api.depends("mailing_ids")
    @api.depends_context("uid")
    def _compute_mailing_count(self):
        """Those that the button beside it opens: not the mass emails of campaigns of others."""
        counts = dict(
            self.env["mailing.mailing"]._read_group(
                [("contact_list_ids", "in", self.ids)], ["contact_list_ids"], ["__count"]
            )
        )
        for target_list in self:
            target_list.mailing_count = counts.get(target_list._origin, 0)

    @api.depends("name", "contact_count")
    def _compute_display_name(self):
        """A list that is new has neither name nor members yet."""
        new = self.filtered(lambda each: not each.id)
        for target_list in new:
            target_list.display_name = target_list.name or self.env._("New Target List")
        return super(MailingList, self - new)._compute_display_name()

    def action_send_mailing(self):
        """Start a mass email to these lists; Odoo's button starts a standard mailing."""
        context = super().action_send_mailing()["context"]
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_campaign.mailing_mailing_action_mass_email"
        )
        return action | {"context": {**context, "default_delivery_mode": "portions"}}

    # ------------------------------------------------------------
    # Figures
    # ------------------------------------------------------------

    @read_from_replica
    def get_figures(self):
        """Return how many members there are, would be mailed, and would not be, by reason.

        It is what a mass email to this list alone would make of them now, and they add up to the
        members. Raw SQL: one statement, a list may have a million members.

        :return: a list of ``{"name", "label", "count"}``
        """
        self.check_access("read")
        counts = Counter(self._count_members())
        figures = {"members": counts.total(), "will_receive": counts.pop(None, 0)}
        figures |= {
            name: sum(counts.pop(reason, 0) for reason in reasons)
            for name, reasons in OBJECTIONS.items()
        }
        figures |= counts
        labels = self._figure_labels()
        return [
            {"name": name, "label": labels[name], "count": count} for name, count in figures.items()
        ]

    def _count_members(self):
        mass_email = self._mass_email_to_it_alone()
        mass_email._prepare_to_judge()
        rows = self.env.execute_query(
            SQL(
                "SELECT reason, COUNT(*) FROM (%s) member GROUP BY reason ORDER BY reason",
                mass_email._judged_members(),
            )
        )
        return dict(rows)

    def _mass_email_to_it_alone(self):
        self.ensure_one()
        mailings = self.env["mailing.mailing"].with_context(active_test=False)
        return mailings.new(
            {"delivery_mode": "portions", "contact_list_ids": [Command.set(self.ids)]}
        )

    def _figure_labels(self):
        reasons = self.env["mailing.trace"]._fields["failure_type"]
        return dict(reasons._description_selection(self.env)) | {
            "members": self.env._("Members"),
            "will_receive": self.env._("Will Receive"),
            "opted_out": self.env._("Opted Out"),
            "blacklisted": self.env._("Blacklisted"),
            "no_address": self.env._("No Address"),
            "dead": self.env._("Dead Address"),
            "mail_dup": self.env._("Same Address"),
            "removed": self.env._("List Is Archived"),
        }

    def action_view_figure(self, name):
        """Open the members behind a figure."""
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "mass_mailing_campaign.mailing_subscription_action_members"
        )
        domain = Domain("list_id", "=", self.id)
        if name != "members":
            reasons = [False] if name == "will_receive" else OBJECTIONS.get(name, [name])
            domain &= Domain("objection", "in", reasons)
        return action | {
            "display_name": f"{self.name}: {self._figure_labels().get(name, name)}",
            "domain": list(domain),
            "context": {"target_list_id": self.id},
        }

    # ------------------------------------------------------------
    # Members
    # ------------------------------------------------------------

    @read_from_replica
    def get_target_kinds(self):
        """Return the kinds of targets that the list has or can have, each a tab of its form.

        What the user may not read she is only shown when there are members of the kind.

        :return: a list of ``{"type", "label", "count", "model", "domain", "context",
            "selection_context", "may_select", "may_create"}``
        """
        self.check_access("read")
        counts = self._target_type_counts()
        kinds = [
            self._target_kind(model, target_type, domain, counts)
            for model in self.env["mailing.contact"]._sources()
            for target_type, domain in self.env[model]._target_types_apart().items()
        ]
        order = [*self._target_type_labels()]
        kinds.sort(key=lambda kind: order.index(kind["type"]))
        plain = Domain("target_type", "=", "plain")
        kinds.append(self._target_kind("mailing.contact", "plain", plain, counts))
        return [kind for kind in kinds if kind["may_select"] or kind["count"]]

    def _target_kind(self, model, target_type, domain, counts):
        records = self.env[model]
        context = {
            f"default_{condition.field_expr}": condition.value
            for condition in domain.iter_conditions()
            if condition.operator == "="
        }
        if target_type == "plain":
            context = {"form_view_ref": "mass_mailing_campaign.mailing_contact_view_form_address"}
        selection_view = target_type != "plain" and records._target_selection_view
        return {
            "type": target_type,
            "label": self._target_type_labels()[target_type],
            "count": counts[target_type],
            "model": model,
            "domain": list(domain),
            "context": context,
            "selection_context": {"list_view_ref": selection_view} if selection_view else {},
            "may_select": records.has_access("read"),
            "may_create": records.has_access("read") and records.has_access("create"),
        }

    def _target_type_counts(self):
        """Raw SQL: one look at all members."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT contact.target_type, COUNT(*)
                  FROM mailing_subscription member
                  JOIN mailing_contact contact ON contact.id = member.contact_id
                 WHERE member.list_id = ANY(%s)
                 GROUP BY contact.target_type
                """,
                self.ids,
            )
        )
        return Counter(dict(rows))

    def _target_type_labels(self):
        target_type = self.env["mailing.contact"]._fields["target_type"]
        return dict(target_type._description_selection(self.env)) | {
            "account": self.env._("Accounts"),
            "contact": self.env._("Contacts"),
            "lead": self.env._("Leads"),
            "user": self.env._("Users"),
            "plain": self.env._("Addresses"),
        }

    def add_targets(self, model, domain):
        """``_add_targets`` for the form of the list.

        :return: what became of it, in words
        """
        if model != "mailing.contact" and model not in self.env["mailing.contact"]._sources():
            raise AccessError(self.env._("Records of this kind cannot be members of target lists."))
        self._check_not_deleted()
        return self._told(self._add_targets_by_list(model, domain))

    def _check_not_deleted(self):
        """Raise in the user's words if a colleague deleted one of these lists meanwhile."""
        if self != self.exists():
            raise self._deleted_meanwhile()

    @api.model
    def _deleted_meanwhile(self):
        return UserError(self.env._("A target list was deleted meanwhile. Choose another one."))

    def remove_members(self, domain):
        """Remove members; that somebody opted out is remembered.

        Raw SQL: one statement, a list may have a million members.

        :param domain: of subscriptions
        :return: how many there were
        """
        self.check_access("write")
        members = self.env["mailing.subscription"]
        members.check_access("unlink")
        self.env.flush_all()
        query = members._search(Domain("list_id", "in", self.ids) & Domain(domain))
        self.env.cr.execute(
            SQL("DELETE FROM mailing_subscription WHERE id IN %s", query.subselect())
        )
        removed = self.env.cr.rowcount
        self.env.invalidate_all(flush=False)
        return removed
