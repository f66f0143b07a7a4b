from odoo.fields import Command

from ..audience.test_claim import ClaimCase


class TestMerge(ClaimCase):
    def partners(self, *emails):
        partners = self.env["res.partner"].create(
            [{"name": f"Partner {number}", "email": email} for number, email in enumerate(emails)]
        )
        return partners, self.env["mailing.contact"]._for_records(partners).sorted("partner_id")

    def merge(self, kept, gone):
        self.env["base.partner.merge.automatic.wizard"]._merge((kept + gone).ids, kept)
        self.env.flush_all()
        self.env.invalidate_all()

    # A10
    def test_merging_partners_keeps_memberships_and_exclusions(self):
        (kept, gone), (kept_contact, gone_contact) = self.partners("a@example.com", "b@example.com")
        self.target_list.contact_ids = [Command.set((kept_contact + gone_contact).ids)]
        second = self._list("Second", gone_contact)
        self.excluding_list.contact_ids += gone_contact
        self.merge(kept, gone)
        self.assertFalse(gone_contact.exists())
        lists = self.target_list + second + self.excluding_list
        self.assertEqual(kept_contact.subscription_ids.list_id, lists)
        self.assertEqual(set(self.outcomes(self.queue()).values()), {"excluded"})

    def test_merging_partners_keeps_either_ones_opt_out(self):
        for opted_out in (0, 1):
            for is_member in (True, False):
                partners, contacts = self.partners("a@example.com", "b@example.com")
                target_list = self._list("Any", *contacts)
                self.env.invalidate_all()
                contacts[opted_out].subscription_ids.opt_out = True
                if not is_member:
                    target_list.contact_ids -= contacts[opted_out]
                self.merge(*partners)
                mailing = self.queue(contact_list_ids=[Command.set(target_list.ids)])
                with self.subTest(opted_out=opted_out, is_member=is_member):
                    self.assertEqual(set(self.outcomes(mailing).values()), {"mail_optout"})
                    self.assertTrue(contacts[0].subscription_ids.opt_out, "the screen says why")

    def test_a_merged_partner_without_a_target_takes_over_the_others(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{number}", "email": f"{number}@example.com"} for number in range(3)]
        )
        kept, *gone = partners
        contacts = self.env["mailing.contact"]._for_records(partners - kept)
        self.target_list.contact_ids = [Command.set(contacts[0].ids)]
        self.excluding_list.contact_ids = [Command.set(contacts[1].ids)]
        self.merge(kept, gone[0] + gone[1])
        contact = contacts.exists()
        self.assertEqual(contact.partner_id, kept)
        self.assertEqual(contact.name, "P0")
        self.assertEqual(contact.subscription_ids.list_id, self.target_list + self.excluding_list)

    def test_what_was_known_of_her_address_goes_along_to_the_partner_without_a_target(self):
        gone, kept = self.env["res.partner"].create(
            [{"name": email, "email": email} for email in ("a@example.com", "b@example.com")]
        )
        contact = self.env["mailing.contact"]._for_records(gone)
        namesake = self._contact("Namesake", email="a@example.com")
        self.target_list.contact_ids = [Command.set((contact + namesake).ids)]
        namesake.subscription_ids.opt_out = True
        self.merge(kept, gone)
        self.assertEqual((contact.partner_id, contact.address), (kept, "b@example.com"))
        self.assertEqual(set(self.outcomes(self.queue()).values()), {"mail_optout"})
        self.assertTrue(contact.subscription_ids.opt_out, "the screen says why")

    def test_merging_leads_keeps_exclusions_and_opt_outs(self):
        leads = self.env["crm.lead"].create(
            [{"name": f"Lead {n}", "email_from": f"{n}@example.com"} for n in range(2)]
        )
        contacts = self.env["mailing.contact"]._for_records(leads)
        self.target_list.contact_ids = [Command.set(contacts.ids)]
        self.excluding_list.contact_ids = [Command.set(contacts[0].ids)]
        self.env.invalidate_all()
        contacts[1].subscription_ids.opt_out = True
        lead = leads.merge_opportunity()
        self.env.invalidate_all()
        contact = contacts.exists()
        self.assertEqual(contact.lead_id, lead)
        self.assertEqual(contact.subscription_ids.list_id, self.target_list + self.excluding_list)
        self.assertEqual(contact.subscription_ids.filtered("opt_out").list_id, self.target_list)

    def test_a_merged_targets_place_in_the_queue_is_handed_on(self):
        # the first waits, the other was put aside for the same address
        (kept, gone), contacts = self.partners("a@example.com", "a@example.com")
        for first, second in ((0, 1), (1, 0)):
            partners, contacts = self.partners("a@example.com", "a@example.com")
            target_list = self._list("Any", *contacts)
            mailing = self.queue(contact_list_ids=[Command.set(target_list.ids)])
            self.merge(partners[first], partners[second])
            with self.subTest(kept=first):
                self.assertEqual(list(self.claim(mailing).values()), ["a@example.com"])
        self.assertTrue(kept and gone)

    def test_who_was_not_mailed_herself_takes_the_place_of_who_is(self):
        for without_address in (True, False):
            emails = (False if without_address else "a@example.com", "b@example.com")
            (kept, gone), contacts = self.partners(*emails)
            target_list = self._list("Any", *contacts)
            kept.active = without_address
            mailing = self.queue(contact_list_ids=[Command.set(target_list.ids)])
            kept.active = True
            self.merge(kept, gone)
            with self.subTest(without_address=without_address):
                self.assertEqual(set(self.claim(mailing)), {kept.name})
                counts = (mailing.member_count, mailing.cancelled_count, mailing.waiting_count)
                self.assertEqual(counts, (2, 1, 1))

    def test_who_fitted_a_criterion_that_adds_stays_as_who_is_kept(self):
        partners, _contacts = self.partners("a@example.com", "b@example.com")
        for mode, partner in zip(("keep", "add"), partners, strict=True):
            domain = repr([("id", "=", partner.id), ("active", "=", True)])
            values = {"list_id": self.target_list.id, "domain": domain, "mode": mode}
            self.env["mailing.list.criterion"].create(values)
        for kept in partners:
            with self.subTest(kept=kept.name), self.env.cr.savepoint() as savepoint:
                self.target_list.action_sync()
                self.merge(kept, partners - kept)
                self.env["mailing.list.criterion"].search([]).domain = "[('id', '=', 0)]"
                self.target_list.action_sync()
                self.assertEqual(self.target_list.contact_ids.partner_id, kept)
                savepoint.rollback()
            self.env.invalidate_all(flush=False)

    def test_who_was_added_by_hand_stays_so_whatever_another_fitted(self):
        partners, contacts = self.partners("a@example.com", "b@example.com", "c@example.com")
        self.target_list.contact_ids = [Command.set(contacts[1].ids)]
        domain = repr([("id", "=", partners[2].id)])
        self.env["mailing.list.criterion"].create(
            {"list_id": self.target_list.id, "domain": domain, "mode": "add"}
        )
        self.target_list.action_sync()
        self.assertTrue(contacts[2].subscription_ids.criterion_id)
        self.merge(partners[0], partners[1:])
        self.assertEqual(contacts[0].subscription_ids.list_id, self.target_list)
        self.assertFalse(contacts[0].subscription_ids.criterion_id)

    def test_the_other_takes_the_place_when_it_has_none(self):
        (kept, gone), (kept_contact, gone_contact) = self.partners("a@example.com", "b@example.com")
        self.target_list.contact_ids = [Command.set(gone_contact.ids)]
        mailing = self.queue()
        self.merge(kept, gone)
        self.assertEqual(list(self.claim(mailing).values()), ["a@example.com"])
        self.assertEqual(mailing.mailing_trace_ids.contact_id, kept_contact)

    def test_the_log_and_opt_out_links_follow_the_merged_target(self):
        (kept, gone), (kept_contact, gone_contact) = self.partners("a@example.com", "b@example.com")
        self.target_list.contact_ids = [Command.set(gone_contact.ids)]
        mailing = self._mass_email()
        self.send(mailing)
        self.merge(kept, gone)
        events = self.env["mailing.trace.event"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(events.contact_id, kept_contact)
        mailing.mailing_trace_ids.sudo()._receive_opt_out()
        self.assertTrue(kept_contact.subscription_ids.opt_out)

    def test_the_opt_out_link_of_a_message_to_either_binds_who_is_kept(self):
        partners, (kept, gone) = self.partners("a@example.com", "b@example.com")
        self.target_list.contact_ids = [Command.set((kept + gone).ids)]
        mailing = self._mass_email()
        self.send(mailing)
        trace = mailing.mailing_trace_ids.sudo().filtered(lambda each: each.contact_id == gone)
        self.merge(*partners)
        trace._receive_opt_out()
        self.assertTrue(trace._is_opted_out())
        self.assertTrue(kept.subscription_ids.opt_out)
        self.assertEqual(set(self.outcomes(self.queue()).values()), {"mail_optout"})
