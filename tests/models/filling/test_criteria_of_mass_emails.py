from datetime import timedelta

from odoo import fields
from odoo.fields import Command

from .test_criteria import CriteriaCase


class TestCriteriaOfMassEmails(CriteriaCase):
    def setUp(self):
        super().setUp()
        self.excluding = self._criterion(
            str([("id", "=", self.bob.id)]), target_list=self.excluding_list
        )
        self.mailing = self._mass_email()

    def test_lists_are_synced_before_a_mass_email_is_sent(self):
        self.send(self.mailing)
        self.assertEqual(
            self.outcomes(self.mailing), {"Anna": "sent", "Bob": "excluded", "Carl": "sent"}
        )
        self.assertEqual(self.mailing.state, "done")

    def test_who_fits_no_more_is_not_mailed(self):
        self.sync()
        self.anna.ref = False
        self.send(self.mailing)
        self.assertEqual(self.outcomes(self.mailing), {"Bob": "excluded", "Carl": "sent"})

    def test_who_is_removed_while_a_mass_email_is_under_way_is_not_mailed(self):
        self.set_setting("portion_size", 1)
        self.send(self.mailing)
        [first] = [name for name, what in self.outcomes(self.mailing).items() if what == "sent"]
        (self.anna | self.bob | self.carl).filtered(lambda each: each.name != first).ref = False
        self.sync()
        self.set_setting("portion_size", 10)
        with self.smtp() as server:
            self.run_delivery()
        self.assertFalse(server.addresses())
        self.assertEqual(self.mailing.state, "done")

    def test_a_target_list_that_cannot_be_synced_mails_whom_it_has(self):
        self.sync()
        self.make_broken()
        self.send(self.mailing)
        self.assertEqual(
            self.outcomes(self.mailing), {"Anna": "sent", "Bob": "excluded", "Carl": "sent"}
        )
        self.assertTrue(self.criterion.error)

    def test_nothing_goes_out_while_an_excluding_list_may_lack_somebody(self):
        self.make_broken(self.excluding)
        self.send(self.mailing)
        self.assertEqual((self.mailing.state, self.outcomes(self.mailing)), ("in_queue", {}))
        self.assertIn("Competitors", self.mailing.delivery_issue)
        self.assertTrue(self.mailing.retry_datetime)
        self.assertTrue(self.excluding.error)

        self.excluding.domain = str([("id", "=", self.bob.id)])
        self.mailing.action_try_now()
        with self.smtp() as server:
            self.run_delivery()
        self.assertEqual(server.addresses(), ["anna@example.com", "carl@example.com"])
        self.assertFalse(self.mailing.delivery_issue)

    def test_nor_does_it_go_on_when_that_happens_on_the_way(self):
        self.set_setting("portion_size", 1)
        self.send(self.mailing)
        self.make_broken(self.excluding)
        self.excluding_list._sync()
        self.set_setting("portion_size", 10)
        with self.smtp() as server:
            self.run_delivery()
            self.assertFalse(server.addresses())
            self.assertEqual(self.mailing.state, "sending")
            # it works again, without anybody's telling so
            self.excluding.sudo().domain = str([("id", "=", self.bob.id)])
            self.excluding.sudo().error = "as it was at the last sync"
            self.mailing.action_try_now()
            self.run_delivery()
            self.assertEqual(len(server.addresses()), 1)
        self.assertEqual(self.mailing.state, "done")

    def test_who_fits_what_is_asked_on_the_way_is_not_mailed(self):
        self.set_setting("portion_size", 1)
        self.send(self.mailing)
        self.set_setting("portion_size", 10)
        rivals = self._list("Rivals")
        new = self._criterion(str([("id", "=", self.bob.id)]), target_list=rivals)
        self.mailing.excluding_list_ids += rivals
        new.sudo().sync_date = fields.Datetime.now()
        new.domain = "[('ref', '=', 'fits')]"
        with self.smtp() as server:
            self.run_delivery()
        self.assertFalse(server.addresses())
        self.assertEqual(self.members(rivals), {"Anna", "Bob", "Carl"})

    def test_who_fits_a_saved_filter_that_is_changed_on_the_way_is_not_mailed(self):
        saved = self.saved_filter(str([("id", "=", self.bob.id)]))
        self.excluding.write({"kind": "filter", "filter_id": saved.id})
        self.set_setting("portion_size", 1)
        self.send(self.mailing)
        self.set_setting("portion_size", 10)
        self.excluding.sudo().sync_date = fields.Datetime.now() - timedelta(hours=1)
        saved.domain = "[('ref', '=', 'fits')]"
        with self.smtp() as server:
            self.run_delivery()
        self.assertFalse(server.addresses())
        self.assertEqual(self.members(self.excluding_list), {"Anna", "Bob", "Carl"})

    def test_who_fits_what_somebody_takes_over_on_the_way_is_not_mailed(self):
        self.set_setting("portion_size", 1)
        self.send(self.mailing)
        self.set_setting("portion_size", 10)
        rivals = self._list("Rivals")
        new = self._criterion("[('ref', '=', 'fits')]", target_list=rivals)
        self.mailing.excluding_list_ids += rivals
        self.marketer.active = False
        rivals._sync()
        self.assertTrue(new.error)
        new.with_user(self.seller).action_take_over()
        self.assertFalse(self.members(rivals))
        with self.smtp() as server:
            self.run_delivery()
        self.assertFalse(server.addresses())
        self.assertEqual(self.members(rivals), {"Anna", "Bob", "Carl"})

    def test_a_list_off_the_daily_sync_is_as_its_user_left_it(self):
        (self.target_list + self.excluding_list).is_synced = False
        self._contact("Hanna", self.target_list)
        self.make_broken(self.excluding)
        self.send(self.mailing)
        self.assertEqual(self.outcomes(self.mailing), {"Hanna": "sent"})

    def test_who_will_fit_a_merged_excluding_list_is_excluded_by_its_heir(self):
        heir = self._list("Heir")
        heir.is_synced = False
        heir.with_user(self.marketer).action_merge(self.excluding_list, archive=True)
        self.assertEqual(self.mailing.excluding_list_ids, heir)
        self.send(self.mailing)
        self.assertEqual(self.outcomes(self.mailing)["Bob"], "excluded")

    def test_an_archived_excluding_list_is_synced_too(self):
        self.excluding_list.active = False
        self.send(self.mailing)
        self.assertEqual(self.outcomes(self.mailing)["Bob"], "excluded")

    def test_a_mass_email_to_a_list_that_its_criteria_will_fill_can_be_pending(self):
        self.assertFalse(self.members())
        self.mailing.action_set_pending()
        self.assertEqual(self.mailing.state, "in_queue")

    def test_who_left_an_excluding_list_is_excluded_by_its_criterion_again(self):
        self.sync()
        self.excluding_list._sync()
        self.env.invalidate_all()
        self.excluding_list.subscription_ids.opt_out = True
        self.bob.ref = "other"
        self.excluding.domain = "[('ref', '=', 'fits'), ('name', '=', 'Bob')]"
        self.excluding_list._sync()
        self.assertFalse(self.members(self.excluding_list))
        self.bob.ref = "fits"
        self.send(self.mailing)
        self.assertEqual(self.outcomes(self.mailing)["Bob"], "excluded")

    # ------------------------------------------------------------
    # Who fits, and is out of sight
    # ------------------------------------------------------------

    def send_to_namesake(self):
        """Send to somebody with the address of who is excluded."""
        self._contact("Namesake", self.target_list, email="bob@example.com")
        self.send(self.mailing)
        return self.outcomes(self.mailing)["Namesake"]

    def test_who_is_archived_excludes_her_address_as_before(self):
        self.excluding_list._sync()
        self.bob.active = False
        self.assertEqual(self.send_to_namesake(), "excluded")
        self.bob.name = "Robert"
        self.excluding.domain = "[('name', '=', 'Bob')]"
        self.excluding_list._sync()
        self.assertFalse(self.members(self.excluding_list), "she fits no more")

    def test_who_fits_as_the_screen_shows_her_is_excluded_whatever_she_has_that_is_archived(self):
        lost = self.env["crm.lead"].create(
            {"name": "Lost", "partner_id": self.bob.id, "user_id": self.seller.id}
        )
        lost.active = False
        self.excluding.with_user(self.seller).domain = str(
            [("opportunity_ids", "not any", [("name", "=", "Lost")]), ("id", "=", self.bob.id)]
        )
        self.assertTrue(self.mailing.excluding_list_ids)
        self.excluding_list._sync()
        self.env.invalidate_all()
        self.assertEqual(self.members(self.excluding_list), {"Bob"})
        self.bob.active = False
        self.assertEqual(self.send_to_namesake(), "excluded")

    def test_whom_the_author_may_not_read_any_more_excludes_as_before(self):
        company = self.env["res.company"].create({"name": "Abroad"})
        self.marketer.company_ids |= company
        self.bob.company_id = company
        self.excluding_list._sync()
        self.marketer.company_ids -= company
        self.assertEqual(self.send_to_namesake(), "excluded")

    def test_whom_another_author_of_the_filter_may_not_read_any_more_excludes_as_before(self):
        saved = (
            self.env["ir.filters"]
            .with_user(self.seller)
            .create(
                {
                    "name": "Rivals",
                    "model_id": "res.partner",
                    "domain": str([("id", "=", self.bob.id)]),
                    "user_ids": [Command.set((self.marketer + self.seller).ids)],
                }
            )
        )
        self.excluding.with_user(self.marketer).write({"kind": "filter", "filter_id": saved.id})
        self.excluding_list._sync()
        company = self.env["res.company"].create({"name": "Abroad"})
        self.marketer.company_ids |= company
        self.bob.company_id = company
        self.assertEqual(self.send_to_namesake(), "excluded")
