from odoo.fields import Command

from .test_claim import ClaimCase


class TestRecordChanges(ClaimCase):
    """What becomes of a target when its record changes, before a mass email and while it waits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.env["res.partner"].create(
            {"name": "Acme", "is_company": True, "email": "office@acme.example.com"}
        )
        cls.person = cls.env["res.partner"].create(
            {"name": "Ann", "parent_id": cls.account.id, "email": "ann@acme.example.com"}
        )
        cls.lead = cls.env["crm.lead"].create(
            {
                "name": "Big deal",
                "contact_name": "Lee",
                "partner_name": "Lee & Co",
                "email_from": "lee@example.com",
            }
        )
        cls.user = cls.env["res.users"].create(
            {"name": "Uma", "login": "uma_user", "email": "uma@example.com"}
        )

    def join(self, *records):
        targets = self.env["mailing.contact"]
        for record in records:
            targets += targets._for_records(record)
        self.target_list.contact_ids = [Command.link(target.id) for target in targets]
        self.env.invalidate_all()
        return targets

    def mailed(self, mailing=None):
        """Who would be mailed now, and the reasons why others are not."""
        mailing = mailing or self.queue()
        addresses = sorted(self.claim(mailing).values())
        self.env.invalidate_all()
        reasons = sorted(
            trace.failure_type for trace in mailing.mailing_trace_ids if trace.failure_type
        )
        return addresses, reasons

    def assert_outcome(self, change, addresses, reasons=()):
        """The outcome of a change is the same before the queue is built and while it waits."""
        for is_waiting in (False, True):
            with self.subTest(is_waiting=is_waiting), self.env.cr.savepoint() as savepoint:
                mailing = self.queue() if is_waiting else None
                change()
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertEqual(self.mailed(mailing), (list(addresses), list(reasons)))
                savepoint.rollback()
            self.env.invalidate_all(flush=False)

    def test_name_address_and_company_follow_at_once(self):
        of_person, of_lead, of_user = self.join(self.person, self.lead, self.user)
        self.person.write({"name": "Ann Smith", "email": "smith@acme.example.com"})
        self.account.name = "Acme Ltd"
        self.lead.write({"contact_name": "Lou", "email_from": "lou@example.com"})
        self.lead.partner_name = "Lou & Co"
        self.user.write({"name": "Ute", "email": "ute@example.com"})
        for target, values in (
            (of_person, ("Ann Smith", "smith@acme.example.com", "Acme Ltd")),
            (of_lead, ("Lou", "lou@example.com", "Lou & Co")),
            (of_user, ("Ute", "ute@example.com", False)),
        ):
            self.assertEqual((target.name, target.address, target.company_name), values)
        self.assertEqual(
            self.mailed(), (["lou@example.com", "smith@acme.example.com", "ute@example.com"], [])
        )

    def test_a_new_address_is_written_to_even_while_the_message_waits(self):
        self.join(self.person)
        self.assert_outcome(
            lambda: self.person.write({"email": "new@acme.example.com"}), ["new@acme.example.com"]
        )

    def test_a_lead_without_a_person_is_named_after_its_company_then_after_itself(self):
        [target] = self.join(self.lead)
        self.lead.contact_name = False
        self.assertEqual(target.name, "Lee & Co")
        self.lead.partner_name = False
        self.assertEqual((target.name, target.company_name), ("Big deal", False))

    def test_who_is_archived_is_not_mailed_and_comes_back_with_her_memberships(self):
        targets = self.join(self.person, self.lead, self.user)
        self.user.partner_id.email = "uma@example.com"
        records = (self.person, self.lead, self.user)

        def archive():
            for record in records:
                record.action_archive()

        self.assert_outcome(archive, [], ["archived"] * 3)
        archive()
        for record in records:
            record.action_unarchive()
        self.assertEqual(len(self.mailed()[0]), 3)
        self.assertEqual(self.target_list.contact_ids, targets)

    def test_who_is_deleted_is_no_member_any_more_and_her_opt_out_is_remembered(self):
        target = self.join(self.person)
        target.subscription_ids.opt_out = True
        self.person.unlink()
        self.assertFalse(target.exists())
        self.assertEqual(self.mailed(), ([], []))
        again = self.env["res.partner"].create({"name": "Ann", "email": "ann@acme.example.com"})
        self.join(again)
        self.assertEqual(self.mailed(), ([], ["mail_optout"]))

    def test_who_is_deleted_excludes_her_address_as_before(self):
        target = self.join(self.person)
        self._list("Third", target)
        self.excluding_list.contact_ids = [Command.link(target.id)]
        self._contact("Namesake", self.target_list, email=target.email)

        self.excluding_list.active = False
        self.env.invalidate_all()
        self.person.unlink()
        self.assertEqual(self.mailed(), ([], ["excluded"]))
        self.assertEqual(target.subscription_ids.list_id, self.excluding_list)
        self.assertEqual((target.target_type, target.name), ("plain", "Ann"))

    def test_whoever_is_deleted_while_her_message_waits_is_not_mailed(self):
        self.join(self.person, self.lead)
        mailing = self.queue()
        (self.person.unlink(), self.lead.unlink())
        self.assertEqual(self.mailed(mailing), ([], ["archived", "archived"]))

    def test_an_address_lost(self):
        self.join(self.person, self.lead)

        def lose():
            self.person.email = False
            self.lead.email_from = "  "

        self.assert_outcome(lose, [], ["mail_email_missing"] * 2)

    def test_an_address_that_is_none(self):
        self.join(self.person, self.lead)

        def spoil():
            self.person.email = "ann at acme"
            self.lead.email_from = "lee@localhost"

        self.assert_outcome(spoil, [], ["mail_email_invalid"] * 2)

    def test_an_address_shared_with_another_target_is_mailed_once(self):
        self.join(self.person, self.lead)
        self.assert_outcome(
            lambda: self.lead.write({"email_from": "Ann <ANN@acme.example.com>"}),
            ["ann@acme.example.com"],
            ["mail_dup"],
        )

    def test_the_other_is_mailed_when_who_comes_first_goes(self):
        self.lead.email_from = "ann@acme.example.com"
        self.join(self.person, self.lead)
        self.assert_outcome(self.person.action_archive, ["ann@acme.example.com"], ["archived"])

    def test_of_several_addresses_in_one_field_the_first_that_can_be_used_is_mailed(self):
        [target] = self.join(self.person)
        for email, address in (
            ("a@example.com, b@example.com", "a@example.com"),
            ("a@example.com; b@example.com", "a@example.com"),
            ("junk, b@example.com", "b@example.com"),
            ("a@localhost, b@example.com", "b@example.com"),
            ("Ann <a@example.com>, Bea <b@example.com>", "a@example.com"),
            ("a@example.com\nb@example.com", "a@example.com"),
        ):
            with self.subTest(email):
                self.person.email = email
                self.assertEqual(target.address, address)
                self.assertEqual(self.mailed(), ([address], []))

    def test_a_contact_that_becomes_a_company_stays_where_it_is(self):
        [target] = self.join(self.person)
        self.person.write({"is_company": True, "parent_id": False})
        self.assertEqual((target.target_type, target.company_name), ("account", "Ann"))
        self.assertEqual(self.mailed(), (["ann@acme.example.com"], []))

    def test_a_contact_that_changes_companies_takes_the_new_name(self):
        [target] = self.join(self.person)
        self.person.parent_id = self.env["res.partner"].create({"name": "Bolt", "is_company": True})
        self.assertEqual(target.company_name, "Bolt")

    def test_a_converted_lead_stays_the_leads_target_and_is_mailed_once(self):
        [target] = self.join(self.lead)
        self.lead.type = "lead"
        wizards = self.env["crm.lead2opportunity.partner"]
        wizards = wizards.with_context(
            active_model="crm.lead", active_id=self.lead.id, active_ids=self.lead.ids
        )
        wizards.create({"name": "convert", "action": "create"}).action_apply()
        self.assertEqual(self.lead.type, "opportunity")
        self.assertEqual((target.lead_id, target.target_type), (self.lead, "lead"))
        partner = self.lead.partner_id
        self.assertTrue(partner)
        self.assertFalse(target.partner_id, "the partner gets a target of its own, when listed")
        self.assertEqual(self.mailed(), (["lee@example.com"], []))
        self.join(partner)
        self.assertEqual(self.mailed(), (["lee@example.com"], ["mail_dup"]))
        partner.email = "lee@home.example.com"
        self.assertEqual(target.address, self.lead.email_normalized)

    def test_a_lead_that_is_lost_is_archived_and_not_mailed(self):
        self.join(self.lead)
        self.assert_outcome(self.lead.action_set_lost, [], ["archived"])

    def test_a_users_other_partner_is_followed(self):
        [target] = self.join(self.user)
        self.user.partner_id = self.person
        self.assertEqual((target.name, target.address), ("Ann", "ann@acme.example.com"))
        self.assertEqual(target.company_name, "Acme")
        self.person.email = "ann.new@acme.example.com"
        self.assertEqual(self.mailed(), (["ann.new@acme.example.com"], []))
