from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import Form

from ...common import MassEmailCase


class TestOptInRequired(MassEmailCase):
    """Whom others add to a list that requires opt-in is opted out until she wants it herself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.target_list.opt_in_required = True
        cls.anna = cls._contact("Anna")

    def subscription(self, contact=None):
        return self.env["mailing.subscription"].search(
            [("list_id", "=", self.target_list.id), ("contact_id", "=", (contact or self.anna).id)]
        )

    def ways(self):
        """All the ways in which others add somebody."""
        of_marketer = self.anna.with_user(self.marketer)
        return {
            "a form": lambda: self.env["mailing.subscription"].create(
                {"list_id": self.target_list.id, "contact_id": self.anna.id}
            ),
            "the list's contacts": lambda: self.target_list.write(
                {"contact_ids": [Command.link(self.anna.id)]}
            ),
            "a contact's lists": lambda: of_marketer.write(
                {"list_ids": [Command.link(self.target_list.id)]}
            ),
            "many at once": lambda: self.target_list.with_user(self.marketer)._add_targets(
                "mailing.contact", [("id", "=", self.anna.id)]
            ),
        }

    def test_whoever_others_add_is_opted_out_and_nothing_is_remembered(self):
        for way, add in self.ways().items():
            with self.subTest(way):
                self.target_list.contact_ids = [Command.clear()]
                add()
                self.env.invalidate_all()
                subscription = self.subscription()
                self.assertTrue(subscription.opt_out and subscription.awaits_opt_in)
                self.assertFalse(subscription.opt_out_datetime)
                memory = self.env["mailing.opt.out"].search([("list_id", "=", self.target_list.id)])
                self.assertFalse(memory, "she left nothing")
                mailing = self._mass_email()
                mailing._build_queue()
                self.assertEqual(self.outcomes(mailing), {"Anna": "opt_in"})

    def test_members_that_a_list_is_made_with_wait(self):
        self.set_setting("opt_in_required", True)
        new_list = self._list("New", self.anna)
        self.env.invalidate_all()
        self.assertTrue(new_list.subscription_ids.awaits_opt_in)

    def test_who_left_one_list_and_waits_in_another_has_opted_out(self):
        other = self._list("Other", self.anna)
        other.subscription_ids.opt_out = True
        self.target_list.contact_ids = [Command.set(self.anna.ids)]
        self.env.invalidate_all()
        mailing = self._mass_email(contact_list_ids=[Command.set((self.target_list + other).ids)])
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing), {"Anna": "mail_optout"})

    def test_who_waits_is_a_figure_of_her_own(self):
        bob = self._contact("Bob", self.target_list)
        self.target_list.contact_ids += self.anna
        self.env.invalidate_all()
        self.subscription(bob).opt_out = True
        figures = {each["name"]: each for each in self.target_list.get_figures()}
        self.assertEqual((figures["opted_out"]["count"], figures["opt_in"]["count"]), (1, 1))
        self.assertEqual(figures["opt_in"]["label"], "Has Not Confirmed Yet")
        self.assertEqual(self.target_list.contact_pct_opt_out, 50, "in lists of lists, too")
        action = self.target_list.action_view_figure("opt_in")
        members = self.env["mailing.subscription"].with_context(**action["context"])
        self.assertEqual(members.search(action["domain"]).contact_id, self.anna)

    def test_many_added_at_once_are_counted(self):
        added = self.target_list._add_targets("mailing.contact", [("id", "=", self.anna.id)])
        self.assertEqual((added["added"], added["must_opt_in"], added["left_before"]), (1, 1, 0))
        self.assertEqual(
            self.target_list._told({self.target_list: added}),
            "Customers: 1 added, 1 of them wait for their own opt-in.",
        )

    def test_who_left_before_is_opted_out_for_that(self):
        self.env["mailing.opt.out"]._remember(self.target_list, self.anna, [self.anna.address])
        for way, add in self.ways().items():
            with self.subTest(way):
                self.target_list.contact_ids = [Command.clear()]
                add()
                self.env.invalidate_all()
                self.assertTrue(self.subscription().opt_out)
                self.assertFalse(self.subscription().awaits_opt_in)

    def test_she_is_in_when_she_signs_up_herself_or_a_user_unticks(self):
        for opt_in in (
            lambda: self.target_list._update_subscription_from_email(
                "anna@example.com", opt_out=False
            ),
            lambda: self.subscription().with_user(self.marketer).write({"opt_out": False}),
        ):
            self.target_list.contact_ids = [Command.set(self.anna.ids)]
            self.env.invalidate_all()
            opt_in()
            self.assertFalse(self.subscription().opt_out or self.subscription().awaits_opt_in)
            mailing = self._mass_email()
            self.send(mailing)
            self.assertEqual(self.outcomes(mailing), {"Anna": "sent"})
            self.target_list.contact_ids = [Command.clear()]

    def test_who_signs_up_or_adds_herself_is_in_at_once(self):
        me = self._contact("Marta", email="marta@example.com")
        subscriptions = self.env["mailing.subscription"]
        values = {"list_id": self.target_list.id, "contact_id": me.id}
        self.assertFalse(subscriptions.with_user(self.marketer).create(values).opt_out)
        visitor = self.env.ref("base.public_user")
        values["contact_id"] = self.anna.id
        self.assertFalse(subscriptions.with_user(visitor).sudo().create(values).opt_out)

    def test_a_second_target_of_her_address_does_not_put_her_out(self):
        self.target_list.contact_ids = [Command.set(self.anna.ids)]
        self.env.invalidate_all()
        self.subscription().opt_out = False
        self._contact("Anna's record", self.target_list, email="Anna@example.com")
        mailing = self._mass_email()
        self.send(mailing)
        self.assertEqual(self.outcomes(mailing), {"Anna": "sent", "Anna's record": "opt_in"})

    def test_merging_keeps_either_ones_opt_in(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n}@example.com"} for n in range(2)]
        )
        for chosen in (0, 1):
            kept = partners.copy()
            contacts = self.env["mailing.contact"]._for_records(kept).sorted("partner_id")
            self.target_list.contact_ids = [Command.set(contacts.ids)]
            self.env.invalidate_all()
            self.subscription(contacts[chosen]).opt_out = False
            self.env["base.partner.merge.automatic.wizard"]._merge(kept.ids, kept[0])
            self.env.invalidate_all()
            subscription = self.subscription(contacts[0])
            self.assertFalse(subscription.opt_out or subscription.awaits_opt_in)

    def test_merging_several_keeps_the_opt_in_of_one(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n}@example.com"} for n in range(3)]
        )
        contacts = self.env["mailing.contact"]._for_records(partners).sorted("partner_id")
        self.target_list.contact_ids = [Command.set(contacts[1:].ids)]
        self.env.invalidate_all()
        self.subscription(contacts[1]).opt_out = False
        self.env["base.partner.merge.automatic.wizard"]._merge(partners.ids, partners[0])
        self.env.invalidate_all()
        subscription = self.subscription(contacts[0])
        self.assertEqual((subscription.opt_out, subscription.awaits_opt_in), (False, False))

    def test_merging_two_who_wait_leaves_one_who_waits(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "email": f"p{n}@example.com"} for n in range(2)]
        )
        contacts = self.env["mailing.contact"]._for_records(partners).sorted("partner_id")
        self.target_list.contact_ids = [Command.set(contacts.ids)]
        self.env.invalidate_all()
        self.env["base.partner.merge.automatic.wizard"]._merge(partners.ids, partners[0])
        self.env.invalidate_all()
        self.assertTrue(self.subscription(contacts[0]).awaits_opt_in)
        self.assertFalse(self.env["mailing.opt.out"].search([("contact_id", "=", contacts[0].id)]))

    def test_copies_and_merged_lists_keep_how_their_members_stand(self):
        bob = self._contact("Bob", self.target_list)
        self.target_list.contact_ids += self.anna
        self.env.invalidate_all()
        self.subscription().opt_out = False
        copy = self.target_list.copy()
        self.assertTrue(copy.opt_in_required)
        self.assertEqual(copy.contact_ids, self.anna, "who waits is no member to copy")
        self.assertFalse(copy.subscription_ids.opt_out)
        merged = self._list("Merged")
        merged.opt_in_required = True
        merged.action_merge(self.target_list, archive=False)
        self.env.invalidate_all()
        by_contact = {each.contact_id: each for each in merged.subscription_ids}
        self.assertFalse(by_contact[self.anna].opt_out)
        self.assertTrue(by_contact[bob].opt_out and by_contact[bob].awaits_opt_in)

    def test_the_setting_is_the_default_of_new_lists(self):
        lists = self.env["mailing.list"]
        self.assertFalse(lists.create({"name": "Old"}).opt_in_required)
        with patch.object(type(self.env["ir.cron"]), "_set_lane_count"):
            settings = self.env["res.config.settings"].create({"mass_email_opt_in_required": True})
            settings.set_values()
        form = Form(lists.with_user(self.marketer), view="mass_mailing.mailing_list_view_form")
        form.name = "New"
        self.assertTrue(form.opt_in_required)
        form.opt_in_required = False
        self.assertFalse(form.save().opt_in_required, "each list has its own switch")
