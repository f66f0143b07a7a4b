from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL


class MailingList(models.Model):
    """Target lists copied, merged, archived or deleted; who left or is excluded stays so."""

    _inherit = "mailing.list"

    subscription_ids = fields.One2many(copy=False)  # not one by one
    heir_id = fields.Many2one(
        "mailing.list",
        "Merged Into",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="Who opts out by a letter to this list leaves that one.",
    )

    # ------------------------------------------------------------
    # Copy and merge
    # ------------------------------------------------------------

    def copy(self, default=None):
        """Copy lists with their members, but for those who left them.

        Whom a list excludes its copy is to exclude: they come along opted out.
        """
        copies = super().copy(default)
        subscriptions = self.env["mailing.subscription"].with_context(opt_in_is_settled=True)
        for target_list, copy in zip(self, copies, strict=True):
            subscriptions._join(copy, target_list._who_stayed(), {})
            self.env["mailing.opt.out"]._hand_down(target_list, copy)
            if target_list._excludes():
                members = target_list._who_comes_along_to(copy)
                subscriptions._bring_who_is_out(target_list, copy, members)
                subscriptions._join(copy, members, {})
            subscriptions._hand_down_intervals(target_list, copy)
        return copies

    def _who_stayed(self):
        """SQL of contacts, id and address, who are members and have not left."""
        return SQL(
            """(
            SELECT contact.id, contact.address
              FROM mailing_subscription subscription
              JOIN mailing_contact contact ON contact.id = subscription.contact_id
             WHERE subscription.list_id = ANY(%s) AND subscription.opt_out IS NOT TRUE
               AND NOT %s
            )""",
            self.ids,
            self._memory_of_members(),
        )

    def action_merge(self, src_lists, archive):
        """Merge lists into this one, which takes their place in mass emails if they are archived.

        Odoo leaves out who opted out or is blacklisted. They come along, for they may be excluded
        by being members; and opt-outs hold, as do an opt-in that is waited for, and intervals.
        """
        self.check_access("write")  # Odoo merges for whoever calls
        sources = src_lists - self
        if archive:
            sources._pass_on_opt_outs_to(self)
            sources._hold_members()
            sources._replace_in_mass_emails(self)
        (self | sources)._show_opt_outs()
        result = super().action_merge(src_lists, archive)
        self.env["mailing.opt.out"]._hand_down(sources, self)
        subscriptions = self.env["mailing.subscription"].with_context(opt_in_is_settled=True)
        members = sources._who_comes_along_to(self)
        subscriptions._bring_who_is_out(sources, self, members)
        subscriptions._join(self, members, {})
        self._show_opt_outs()
        subscriptions._hand_down_intervals(sources, self)
        return result

    def _who_comes_along_to(self, heir):
        """SQL of contacts, id and address: members whom another list does not have yet.

        Who is but an address has it once; people who share one may part.
        """
        return SQL(
            """(
            SELECT DISTINCT contact.id, contact.address
              FROM mailing_subscription subscription
              JOIN mailing_contact contact ON contact.id = subscription.contact_id
             WHERE subscription.list_id = ANY(%s)
               AND (contact.target_type IS DISTINCT FROM 'plain' OR NOT EXISTS (
                SELECT FROM mailing_contact namesake
                  JOIN mailing_subscription known ON known.contact_id = namesake.id
                 WHERE namesake.address = contact.address AND known.list_id = %s))
            )""",
            self.ids,
            heir.id,
        )

    def _replace_in_mass_emails(self, heir):
        """Let campaigns, and mass emails that are not complete, name another list for these.

        A complete one may go on, and excludes the other's members, too.
        """
        commands = [Command.link(heir.id), *(Command.unlink(each.id) for each in self)]
        mass_email = Domain("delivery_mode", "=", "portions")
        open_mass_email = mass_email & Domain("state", "!=", "done")
        for model, name, which in (
            ("mailing.mailing", "contact_list_ids", open_mass_email),
            ("mailing.mailing", "excluding_list_ids", open_mass_email),
            ("utm.campaign", "target_list_ids", Domain.TRUE),
            ("utm.campaign", "excluding_list_ids", Domain.TRUE),
        ):
            self._users_of_lists(model, which & Domain(name, "in", self.ids)).write(
                {name: commands}
            )
        excluding = mass_email & Domain("excluding_list_ids", "in", self.ids)
        self._users_of_lists("mailing.mailing", excluding).write(
            {"excluding_list_ids": commands[:1]}
        )

    def _pass_on_opt_outs_to(self, heir):
        """Let opt-outs by letters to these lists, which may come years later, mean another list."""
        merged_before = Domain("heir_id", "in", self.ids)
        lists = self.sudo().with_context(active_test=False)
        (lists | lists.search(merged_before)).heir_id = heir

    def _still_in_use(self):
        """Return these lists, or what they were merged into; raise if one is in use no more."""
        in_use = self.browse()
        for target_list in self:
            kept = target_list if target_list.active else target_list.heir_id
            if not kept.active:
                raise UserError(
                    self.env._(
                        "Target list “%s” was archived meanwhile, and an archived list reaches "
                        "nobody. Choose another one.",
                        target_list.name,
                    )
                )
            in_use |= kept
        return in_use

    def _hold_members(self):
        """Begin anew where a member left a moment ago. Raw SQL: there may be a million."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "SELECT COUNT(*) FROM (SELECT FROM mailing_subscription WHERE list_id = ANY(%s)"
                " FOR NO KEY UPDATE) member",
                self.ids,
            )
        )

    def _show_opt_outs(self):
        """Tick Opt Out for whom the memory knows, for Odoo goes by that alone.

        Raw SQL: one statement, a list may have a million members.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE mailing_subscription subscription
                   SET opt_out = TRUE, opt_out_datetime = %(now)s, write_date = %(now)s
                  FROM mailing_contact contact
                 WHERE contact.id = subscription.contact_id
                   AND subscription.list_id = ANY(%(lists)s) AND subscription.opt_out IS NOT TRUE
                   AND %(left)s
                RETURNING subscription.id
                """,
                lists=self.ids,
                left=self._memory_of_members(),
                now=fields.Datetime.now(),
            )
        )
        ticked = [subscription_id for (subscription_id,) in self.env.cr.fetchall()]
        self.env.invalidate_all(flush=False)
        self.env["mailing.subscription"].browse(ticked)._remember_opt_outs()

    def _memory_of_members(self):
        return self.env["mailing.opt.out"]._knows(
            SQL("subscription.list_id"), SQL("contact.id"), SQL("contact.address")
        )

    # ------------------------------------------------------------
    # Archive and delete
    # ------------------------------------------------------------

    def write(self, vals):
        if "active" in vals and not vals["active"]:
            self._check_archive()
        return super().write(vals)

    def _check_archive(self):
        """Odoo refuses the same, but does not say what the user can do."""
        targets = Domain("contact_list_ids", "in", self.ids) & Domain("state", "!=", "done")
        mass_emails = Domain("delivery_mode", "=", "portions")
        if mass_email := self._users_of_lists("mailing.mailing", targets & mass_emails, limit=1):
            raise UserError(
                self.env._(
                    "Mass email “%s” is still to be sent to this target list, and an archived list "
                    "reaches nobody. Remove the list there or end the mass email first.",
                    mass_email.display_name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_use(self):
        """Who is excluded by a list must not be mailed because the list is deleted.

        Not even by code while a mass email is under way; users are kept from it before and after,
        too, for members of a complete mass email tell of their lists.
        """
        targets = Domain("contact_list_ids", "in", self.ids)
        excluding = Domain("excluding_list_ids", "in", self.ids)
        mass_emails = Domain("delivery_mode", "=", "portions")
        if self.env.su:
            mass_emails &= Domain("state", "in", ("in_queue", "sending"))
        is_open = mass_emails & Domain("state", "!=", "done")
        if mass_email := self._users_of_lists("mailing.mailing", is_open & targets, limit=1):
            raise UserError(
                self.env._(
                    "Mass email “%s” is still to be sent to this target list. Remove the list "
                    "there or end the mass email before you delete it.",
                    mass_email.display_name,
                )
            )
        in_use = mass_emails & (targets | excluding)
        user = self._users_of_lists("mailing.mailing", in_use, limit=1)
        if not user and not self.env.su:
            of_campaign = excluding | Domain("target_list_ids", "in", self.ids)
            user = self._users_of_lists("utm.campaign", of_campaign, limit=1)
        if user:
            raise UserError(
                self.env._(
                    "“%s” points to this target list. Archive the list instead of deleting it "
                    "(Actions > Archive): nobody is mailed by an archived list, and where it is "
                    "excluded its members stay excluded.",
                    user.display_name,
                )
            )

    def _excludes(self):
        """Tell whether a campaign or mass email excludes the members of this list."""
        names_it = Domain("excluding_list_ids", "in", self.ids)
        return any(
            self._users_of_lists(model, names_it, limit=1)
            for model in ("utm.campaign", "mailing.mailing")
        )

    def _users_of_lists(self, model, domain, limit=None):
        return self.env[model].sudo().with_context(active_test=False).search(domain, limit=limit)
