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
