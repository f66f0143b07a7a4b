from odoo.exceptions import UserError
from odoo.fields import Command

from ...common import MassEmailCase


class TestListKeeping(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._list("Other")

    def outcome(self, target_list, **values):
        """What a mass email would make of the members of a list."""
        values = {"excluding_list_ids": False, **values}
        mailing = self._mass_email(contact_list_ids=target_list.ids, campaign_id=False, **values)
        mailing._build_queue()
        return self.outcomes(mailing)

    def membership(self, contact, target_list):
        return self.env["mailing.subscription"].search(
            [("contact_id", "=", contact.id), ("list_id", "=", target_list.id)]
        )

    # ------------------------------------------------------------
    # Copy
    # ------------------------------------------------------------

    def test_a_copy_has_the_members_who_did_not_opt_out(self):
        self._contact("Anna", self.target_list)
        bob = self._contact("Bob", self.target_list)
        bob.subscription_ids.opt_out = True
        copy = self.target_list.with_user(self.marketer).copy()
        self.assertEqual(copy.contact_ids.mapped("name"), ["Anna"])
        self.assertEqual(self.outcome(copy), {"Anna": "outgoing"})
        copy.sudo().contact_ids += bob
        self.assertEqual(self.outcome(copy)["Bob"], "mail_optout")

    def test_whom_a_list_excludes_its_copy_excludes_too(self):
        self._mass_email(excluding_list_ids=self.other.ids)
        anna = self._contact("Anna", self.target_list, self.other)
        self.membership(anna, self.other).opt_out = True
        bob = self._contact("Bob", self.target_list)
        self.other.opt_in_required = True
        bob.with_user(self.marketer).list_ids += self.other
        carl = self._contact("Carl", self.target_list, self.other, email="carl@example.com")
        self.env["mailing.opt.out"]._remember(
            self.other, self.env["mailing.contact"], ["carl@example.com"]
        )
        self.env.invalidate_all()
        copy = self.other.with_user(self.marketer).copy().sudo()
        self.assertEqual(
            self.outcome(self.target_list, excluding_list_ids=copy.ids),
            dict.fromkeys(("Anna", "Bob", "Carl"), "excluded"),
        )
        self.assertTrue(self.membership(bob, copy).awaits_opt_in)
        for contact in (anna, carl):
            self.assertTrue(self.membership(contact, copy).opt_out)
        self.assertEqual(
            self.outcome(copy), {"Anna": "mail_optout", "Bob": "opt_in", "Carl": "mail_optout"}
        )

    def test_a_copy_takes_as_many_statements_for_many_members_as_for_few(self):
        few, many = self._list("Few"), self._list("Many")
        self._contacts(2, few)
        self._contacts(60, many)
        self.env.invalidate_all()
        few.copy()  # what is looked up once
        counts = []
        for target_list in (few, many):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            copy = target_list.copy()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(copy.contact_count, target_list.contact_count)
        self.assertEqual(*counts)

    # ------------------------------------------------------------
    # Merge
    # ------------------------------------------------------------

    def test_mass_emails_and_campaigns_name_the_list_that_theirs_was_merged_into(self):
        mailing = self._mass_email()
        self.assertEqual(mailing.contact_list_ids, self.target_list)
        heir = self.other.with_user(self.marketer)
        heir.action_merge(self.target_list + self.excluding_list, archive=True)
        for record, lists in (
            (mailing, mailing.contact_list_ids),
            (mailing, mailing.excluding_list_ids),
            (self.campaign, self.campaign.target_list_ids),
            (self.campaign, self.campaign.excluding_list_ids),
        ):
            with self.subTest(record=record):
                self.assertEqual(lists, self.other)
        self.assertFalse(self.target_list.active or self.excluding_list.active)

    def test_mass_emails_in_every_open_status_name_the_other_list(self):
        for state in ("draft", "in_queue", "sending"):
            with self.subTest(state):
                source = self._list("Source")
                mailing = self._mass_email(contact_list_ids=source.ids, state=state)
                self.other.action_merge(source, archive=True)
                self.assertEqual(mailing.contact_list_ids, self.other)

    def test_a_complete_mass_email_keeps_its_lists(self):
        mailing = self._mass_email(state="done")
        self.other.action_merge(self.target_list, archive=True)
        mailing = mailing.with_context(active_test=False)
        self.assertEqual(mailing.contact_list_ids, self.target_list)

    def test_a_list_that_is_kept_after_merging_stays_in_its_mass_emails(self):
        mailing = self._mass_email()
        self.other.action_merge(self.target_list, archive=False)
        self.assertEqual(mailing.contact_list_ids, self.target_list)

    def test_whoever_an_excluding_list_excludes_its_heir_excludes(self):
        self._contact("Anna", self.excluding_list)
        left = self._contact("Bob", self.excluding_list)
        left.subscription_ids.opt_out = True
        self._contact("Carl", self.excluding_list)
        self.env["mail.blacklist"]._add("carl@example.com")
        nowhere = self._contact("Dora", self.excluding_list)
        nowhere.email = False
        everybody = self.excluding_list.contact_ids
        self.target_list.contact_ids = everybody
        mailing = self._mass_email()
        self.other.action_merge(self.excluding_list, archive=True)
        nowhere.email = "dora@example.com"
        mailing._build_queue()
        self.assertEqual(
            self.outcomes(mailing), dict.fromkeys(everybody.mapped("name"), "excluded")
        )

    def test_who_opted_out_comes_along_opted_out(self):
        anna = self._contact("Anna", self.target_list)
        anna.subscription_ids.opt_out = True
        self.other.action_merge(self.target_list, archive=True)
        self.assertTrue(self.membership(anna, self.other).opt_out)
        self.assertEqual(self.outcome(self.other), {"Anna": "mail_optout"})

    def test_who_left_the_heir_before_stays_out_of_it(self):
        anna = self._contact("Anna", self.target_list, self.other)
        membership = self.membership(anna, self.other)
        membership.opt_out = True
        membership.unlink()
        self.other.action_merge(self.target_list, archive=True)
        self.assertEqual(self.outcome(self.other), {"Anna": "mail_optout"})

    def test_an_address_comes_once(self):
        self._contact("Anna", self.other)
        self._contact("Namesake", self.target_list, email="anna@example.com")
        self.other.action_merge(self.target_list, archive=True)
        self.assertEqual(self.other.contact_ids.mapped("name"), ["Anna"])

    def test_the_merge_opens_its_list(self):
        wizard = self.env["mailing.list.merge"].with_user(self.marketer)
        wizard = wizard.create(
            {
                "src_list_ids": [Command.set((self.target_list + self.other).ids)],
                "new_list_name": "Both",
            }
        )
        action = wizard.action_merge_and_open()
        opened = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual((opened.name, action["views"]), ("Both", [(False, "form")]))

    def test_who_waits_for_her_opt_in_still_waits_in_a_merged_list(self):
        self.target_list.opt_in_required = True
        anna = self._contact("Anna", self.target_list)
        bob = self._contact("Bob", self.target_list, self._list("Theirs"))
        theirs = bob.subscription_ids.list_id - self.target_list
        self.env.invalidate_all()
        self.other.with_user(self.marketer).action_merge(self.target_list + theirs, archive=True)
        self.assertTrue(self.membership(anna, self.other).awaits_opt_in)
        self.assertEqual(
            self.outcome(self.other), {"Anna": "opt_in", "Bob": "outgoing"}, "Bob is in one"
        )

    def test_who_is_in_a_list_does_not_wait_where_it_is_merged_into_one_that_requires_opt_in(self):
        self.other.opt_in_required = True
        anna = self._contact("Anna", self.target_list)
        self.env["mail.blacklist"]._add("anna@example.com")
        self.other.action_merge(self.target_list, archive=True)
        self.assertFalse(self.membership(anna, self.other).opt_out)

    def test_who_wants_to_hear_less_often_still_does_in_a_copy_and_a_merged_list(self):
        anna = self._contact("Anna", self.target_list)
        anna.subscription_ids.interval_days = 30
        twin = self._contact("Twin", self.other, email="Anna@example.com")
        twin.subscription_ids.interval_days = 7
        bob = self._contact("Bob", self.target_list, self.other)
        copy = self.target_list.copy()
        self.assertEqual(self.membership(anna, copy).interval_days, 30)
        self.other.action_merge(self.target_list, archive=True)
        self.assertEqual(self.membership(twin, self.other).interval_days, 30)
        self.assertFalse(self.membership(bob, self.other).interval_days)

    def people_who_share_an_address(self):
        partners = self.env["res.partner"].create(
            [{"name": name, "email": "office@example.com"} for name in ("Anna", "Bob")]
        )
        anna, bob = self.env["mailing.contact"]._for_records(partners).sorted("name")
        anna.list_ids += self.other
        bob.list_ids += self.excluding_list
        self.env.invalidate_all()
        return anna, bob

    def test_who_shares_an_address_is_excluded_by_the_merged_list_when_she_has_her_own(self):
        _anna, bob = self.people_who_share_an_address()
        bob.list_ids += self.target_list
        mailing = self._mass_email()
        self.other.action_merge(self.excluding_list, archive=True)
        bob.partner_id.email = "bob@example.com"
        mailing._build_queue()
        self.assertEqual(self.outcomes(mailing), {"Bob": "excluded"})

    def test_who_shares_an_address_has_left_the_merged_list_when_she_has_her_own(self):
        _anna, bob = self.people_who_share_an_address()
        self.membership(bob, self.excluding_list).opt_out = True
        self.other.action_merge(self.excluding_list, archive=True)
        self.assertEqual(self.outcome(self.other), {"Anna": "outgoing", "Bob": "mail_optout"})
        bob.partner_id.email = "bob@example.com"
        self.assertEqual(self.outcome(self.other)["Bob"], "mail_optout")

    def test_a_letter_to_a_list_opts_out_of_what_that_was_merged_into(self):
        anna = self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        last = self._list("Last")
        self.other.with_user(self.marketer).action_merge(self.target_list, archive=True)
        last.with_user(self.marketer).action_merge(self.other, archive=True)
        trace = mailing.mailing_trace_ids.sudo()
        trace._receive_opt_out()
        self.assertTrue(self.membership(anna, last).opt_out)
        self.assertEqual(self.outcome(last), {"Anna": "mail_optout"})
        trace._receive_opt_in()
        self.assertEqual(self.outcome(last), {"Anna": "outgoing"})

    def test_who_signs_up_to_a_merged_list_is_in_what_it_was_merged_into(self):
        """A form of the website still names the first."""
        anna = self._contact("Anna", self.target_list)
        self.other.action_merge(self.target_list, archive=True)
        self.membership(anna, self.target_list).opt_out = True
        self.membership(anna, self.other).opt_out = True
        visitor = self.env(user=self.env.ref("base.public_user").id, su=True)
        self.membership(anna, self.target_list).with_env(visitor).opt_out = False
        bob = self._contact("Bob")
        values = {"list_id": self.target_list.id, "contact_id": bob.id}
        visitor["mailing.subscription"].create(values)
        values = {"name": "Cleo", "email": "cleo@example.com"}
        values["list_ids"] = [Command.link(self.target_list.id)]
        visitor["mailing.contact"].create(values)
        self.assertEqual(
            self.outcome(self.other), dict.fromkeys(["Anna", "Bob", "Cleo"], "outgoing")
        )
        # whom a colleague puts back is not
        self._contact("Dora", self.target_list)
        self.assertNotIn("Dora", self.outcome(self.other))

    def test_a_list_that_is_kept_after_merging_is_left_alone(self):
        anna = self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        self.send(mailing)
        self.other.action_merge(self.target_list, archive=False)
        mailing.mailing_trace_ids.sudo()._receive_opt_out()
        self.assertTrue(self.membership(anna, self.target_list).opt_out)
        self.assertFalse(self.membership(anna, self.other).opt_out)

    def test_merging_takes_as_many_statements_for_many_members_as_for_few(self):
        counts = []
        for size in (1, 2, 40):
            source, heir = self._list("Source"), self._list("Heir")
            contacts = self._contacts(2 * size, source)
            contacts[:size].subscription_ids.opt_out = True
            for _number in range(size):
                self._mass_email(contact_list_ids=source.ids)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            heir.action_merge(source, archive=True)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        _first, few, many = counts
        # what the caches hold by then is not quite the same
        self.assertLessEqual(many, few + 2)

    # ------------------------------------------------------------
    # Archive and delete
    # ------------------------------------------------------------

    def test_a_user_cannot_delete_a_list_in_use_and_is_offered_to_archive_it(self):
        mailing = self._mass_email()
        excluding_list = self.excluding_list.with_user(self.marketer)
        with self.assertRaisesRegex(UserError, "Summer.*Archive"):
            excluding_list.unlink()
        mailing.state = "done"
        with self.assertRaisesRegex(UserError, "Summer.*Archive"):
            excluding_list.unlink()
        mailing.excluding_list_ids = False
        with self.assertRaisesRegex(UserError, "Summer.*Archive"):
            excluding_list.unlink()
        self.campaign.excluding_list_ids = False
        excluding_list.unlink()
        with self.assertRaisesRegex(UserError, "Archive"):
            self.target_list.with_user(self.marketer).unlink()

    def test_what_is_offered_can_be_done(self):
        self._mass_email()
        with self.assertRaisesRegex(UserError, "Archive"):
            self.excluding_list.with_user(self.marketer).unlink()
        self.excluding_list.with_user(self.marketer).action_archive()
        self.assertFalse(self.excluding_list.active)

    def test_a_list_that_is_still_to_be_mailed_is_neither_deleted_nor_archived(self):
        mailing = self._mass_email()
        target_list = self.target_list.with_user(self.marketer)
        for state in ("draft", "in_queue", "sending"):
            mailing.state = state
            with self.subTest(state):
                with self.assertRaisesRegex(UserError, "Summer"):
                    target_list.action_archive()
                with self.assertRaisesRegex(UserError, "Summer"):
                    target_list.unlink()
        mailing.state = "done"
        target_list.action_archive()

    def test_members_of_a_complete_mass_email_keep_telling_of_an_archived_list(self):
        self._contact("Anna", self.target_list)
        mailing = self._mass_email()
        mailing._build_queue()
        mailing.state = "done"
        self.target_list.with_user(self.marketer).action_archive()
        self.assertEqual(mailing.mailing_trace_ids.target_list_id, self.target_list)
