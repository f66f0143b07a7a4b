from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import mute_logger

from ...common import MassEmailCase

EVENTS = ["turn", "turn", "mode", "break_or_mend", "by_hand", "take_out", "opt_out"]
EVENTS += ["sync", "sync", "sync_one"]
PEOPLE, CRITERIA = st.integers(0, 2), st.integers(0, 1)
CRON = "mass_mailing_campaign.ir_cron_sync_criteria"
LIST = "odoo.addons.mass_mailing_campaign.models.filling.mailing_list"
CRITERION = "odoo.addons.mass_mailing_campaign.models.criteria.mailing_list_criterion"


class CriteriaCase(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["mailing.list.criterion"].search([]).unlink()
        cls.anna, cls.bob, cls.carl = cls.env["res.partner"].create(
            [
                {"name": name, "email": f"{name.lower()}@example.com", "ref": "fits"}
                for name in ("Anna", "Bob", "Carl")
            ]
        )
        cls.criterion = cls._criterion()

    @classmethod
    def _criterion(cls, domain="[('ref', '=', 'fits')]", target_list=None, user=None, **values):
        return (
            cls.env["mailing.list.criterion"]
            .with_user(user or cls.marketer)
            .create(
                {
                    "list_id": (target_list or cls.target_list).id,
                    "domain": domain,
                    "mode": "keep",
                    **values,
                }
            )
        )

    def saved_filter(self, domain):
        return (
            self.env["ir.filters"]
            .with_user(self.marketer)
            .create(
                {
                    "name": "Fitting people",
                    "model_id": "res.partner",
                    "domain": domain,
                    "user_ids": self.marketer.ids,
                }
            )
        )

    def sync(self, target_list=None):
        (target_list or self.target_list).with_user(self.marketer).action_sync()
        self.env.invalidate_all()

    def members(self, target_list=None):
        subscriptions = (target_list or self.target_list).subscription_ids
        return set(subscriptions.contact_id.mapped("name"))

    def subscription(self, name):
        return self.target_list.subscription_ids.filtered(lambda each: each.contact_id.name == name)

    def result(self, criterion=None):
        criterion = criterion or self.criterion
        return {
            name.removesuffix("_count"): criterion[name]
            for name in criterion._fields
            if name.endswith("_count") and criterion[name]
        }

    def make_broken(self, criterion=None):
        """A field of its domain disappears."""
        self.env.cr.execute(
            "UPDATE mailing_list_criterion SET domain = %s WHERE id = %s",
            ["[('x_gone', '=', 1)]", (criterion or self.criterion).id],
        )
        self.env.invalidate_all()


class TestCriteria(CriteriaCase):
    def test_who_fits_is_added_and_stays(self):
        self.criterion.mode = "add"
        self.sync()
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl"})
        self.assertEqual(self.result(), {"added": 3})
        self.anna.ref = False
        self.sync()
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl"})
        self.assertEqual(self.result(), {"already": 2})

    def test_who_fits_no_more_is_removed_from_a_list_that_is_kept_equal(self):
        self.sync()
        self.anna.ref = False
        self.sync()
        self.assertEqual(self.members(), {"Bob", "Carl"})
        self.assertEqual(self.result(), {"already": 2, "removed": 1})
        self.assertTrue(self.criterion.sync_date)

    def test_every_source_and_plain_addresses_can_fit(self):
        lead = self.env["crm.lead"].create({"name": "Lee", "email_from": "lee@example.com"})
        self._contact("Pia")
        for user, model, domain in (
            (self.env.user, "crm.lead", [("id", "=", lead.id)]),
            (self.marketer, "res.users", [("id", "=", self.seller.id)]),
            (self.marketer, "mailing.contact", [("name", "=", "Pia")]),
        ):
            self._criterion(str(domain), user=user, model=model)
        self.sync()
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl", "Lee", self.seller.name, "Pia"})

    def test_who_was_added_by_hand_stays(self):
        self._contact("Hanna", self.target_list)
        self.env["mailing.contact"]._for_records(self.bob).list_ids = self.target_list
        self.sync()
        self.bob.ref = False
        self.sync()
        self.assertEqual(self.members(), {"Anna", "Carl", "Bob", "Hanna"})

    def test_whom_a_criterion_brought_can_be_added_by_hand_in_every_way(self):
        def anna():
            return self.subscription("Anna").contact_id

        def to_list():
            wizard = self.env["mailing.contact.to.list"].create(
                {"contact_ids": anna().ids, "mailing_list_id": self.target_list.id}
            )
            wizard.action_add_contacts()

        def paste():
            wizard = self.env["mailing.contact.import"].create(
                {"contact_list": "anna@example.com", "mailing_list_ids": self.target_list.ids}
            )
            wizard.action_import()

        def import_file():
            contact = anna()
            contact.with_context(import_file=True).load(
                [".id", "list_ids/.id"], [[str(contact.id), str(self.target_list.id)]]
            )

        def merge():
            other = self._list("Other", anna())
            self.target_list.action_merge(other, archive=False)

        def merge_contacts():
            double = self.env["res.partner"].create({"name": "Ann"})
            self.env["mailing.contact"]._for_records(double).list_ids = self.target_list
            self.env["mailing.contact"]._merge_records(double, self.anna)

        def sign_up():
            self.anna.email = "anna@xn--mnchen-3ya.example"
            self.target_list._update_subscription_from_email("anna@münchen.example", opt_out=False)

        def opt_in_again():
            self.subscription("Anna").opt_out = True
            self.subscription("Anna").opt_out = False

        for way in (
            lambda: self.target_list._add_targets("res.partner", [("id", "=", self.anna.id)]),
            lambda: self.target_list._add_targets("mailing.contact", [("id", "=", anna().id)]),
            lambda: self.target_list.write({"contact_ids": [Command.link(anna().id)]}),
            lambda: anna().write({"list_ids": [Command.link(self.target_list.id)]}),
            to_list,
            paste,
            import_file,
            merge,
            merge_contacts,
            opt_in_again,
            sign_up,
        ):
            with self.subTest(way), self.env.cr.savepoint() as savepoint:
                self.sync()
                self.assertTrue(self.subscription("Anna").criterion_id)
                way()
                self.env.invalidate_all()
                self.anna.ref = False
                self.bob.ref = False
                self.sync()
                self.assertEqual(self.members(), {"Anna", "Carl"})
                savepoint.rollback()
                self.env.invalidate_all(flush=False)

    def test_who_joins_another_list_by_hand_is_not_by_hand_in_this_one(self):
        self.sync()
        self.subscription("Anna").contact_id.list_ids |= self._list("Other")
        self.anna.ref = False
        self.sync()
        self.assertEqual(self.members(), {"Bob", "Carl"})

    def test_who_opted_out_stays_out(self):
        self.sync()
        self.subscription("Anna").opt_out = True
        self.anna.ref = False
        self.sync()
        self.assertEqual(self.members(), {"Bob", "Carl"})
        self.assertTrue(self.env["mailing.opt.out"].search([("email", "=", "anna@example.com")]))
        self.anna.ref = "fits"
        self.sync()
        self.assertTrue(self.subscription("Anna").opt_out)
        self.assertEqual(self.result(), {"added": 1, "left_before": 1, "already": 2})

    def test_a_marketer_who_left_the_list_does_not_come_back_by_her_own_sync(self):
        partner = self.marketer.partner_id
        partner.sudo().ref = "fits"
        self.sync()
        self.subscription(partner.name).unlink()
        self.env["mailing.opt.out"]._remember(
            self.target_list, self.env["mailing.contact"], ["marta@example.com"]
        )
        self.sync()
        self.assertTrue(self.subscription(partner.name).opt_out)

    def test_who_has_no_address_is_counted(self):
        self.anna.email = False
        self.sync()
        self.assertEqual(self.result(), {"added": 3, "without_address": 1})

    def test_who_fits_another_criterion_passes_to_it(self):
        other = self._criterion("[('comment', 'like', 'too')]")
        self.anna.comment = "fits, too"
        self.sync()
        self.anna.ref = self.bob.ref = False
        self.criterion.action_sync()
        self.env.invalidate_all()
        self.assertEqual(self.members(), {"Anna", "Carl"})
        self.assertEqual(self.subscription("Anna").criterion_id, other)
        self.anna.comment = False
        self.sync()
        self.assertEqual(self.members(), {"Carl"})

    def test_who_once_fits_a_criterion_that_adds_stays(self):
        self.sync()
        other = self._criterion("[('comment', 'like', 'too')]", mode="add")
        self.anna.comment = "fits, too"
        self.sync()
        self.anna.write({"ref": False, "comment": False})
        self.sync()
        self.assertEqual(self.subscription("Anna").criterion_id, other)

    def test_syncing_one_criterion_adds_nobody_by_another(self):
        lea = self.env["res.partner"].create({"name": "Lea", "email": "lea@example.com"})
        other = self._criterion(str([("id", "=", lea.id)]))
        self.criterion.action_sync()
        self.env.invalidate_all()
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl"})
        self.assertFalse(other.sync_date)

    def test_members_of_a_deleted_criterion_stay_as_if_added_by_hand(self):
        self.sync()
        self.criterion.action_delete()
        self._criterion("[('ref', '=', 'nobody')]")
        self.sync()
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl"})

    def test_a_copy_of_a_list_has_its_members_by_hand_and_no_criteria(self):
        self.sync()
        copy = self.target_list.copy()
        self.assertEqual(self.members(copy), {"Anna", "Bob", "Carl"})
        self.assertFalse(copy.criterion_ids + copy.subscription_ids.criterion_id)

    def test_criteria_of_a_list_that_is_merged_and_archived_fill_the_other_from_then_on(self):
        other = self._list("Other")
        self.criterion.mode = "keep"
        self.sync()
        other.action_merge(self.target_list, archive=True)
        self.anna.ref = False
        lea = self.env["res.partner"].create({"name": "Lea", "email": "lea@example.com"})
        lea.ref = "fits"
        self.sync(other)
        self.assertEqual(self.members(other), {"Anna", "Bob", "Carl", "Lea"})
        lea.ref = False
        self.sync(other)
        self.assertEqual(self.members(other), {"Anna", "Bob", "Carl"})

    def test_archived_records_do_not_fit(self):
        self.sync()
        self.anna.active = False
        self.sync()
        self.assertEqual(self.members(), {"Bob", "Carl"})

    # ------------------------------------------------------------
    # What fits
    # ------------------------------------------------------------

    def test_dates_and_the_user_are_those_of_the_author_at_the_time_of_the_sync(self):
        for text, fit in (
            ("[('create_date', '>=', 'today')]", True),
            ("[('create_date', '>=', '+1d')]", False),
            ("[('create_date', '>=', (context_today() - relativedelta(days=7)))]", True),
            ("[('create_date', '<', time.strftime('%Y-01-01'))]", False),
            ("[('create_date', '>=', datetime.datetime(2020, 1, 1))]", True),
            ("[('company_id', 'in', [False] + allowed_company_ids)]", True),
            ("[('create_uid', '=', uid)]", False),
            ("[('create_uid', '!=', uid), ('create_date', '<=', now)]", True),
        ):
            with self.subTest(text):
                self.criterion.domain = text[:-1] + ", ('ref', '=', 'fits')]"
                self.sync()
                self.assertEqual(self.members(), {"Anna", "Bob", "Carl"} if fit else set())

    def test_every_word_for_today_is_the_day_where_the_author_is(self):
        self.marketer.tz = "Pacific/Kiritimati"  # 14 hours ahead
        self.anna.ref = "2027-06-01"
        with freeze_time("2027-05-31 11:00:00"):
            for today in (
                "today",
                "context_today().strftime('%Y-%m-%d')",
                "time.strftime('%Y-%m-%d')",
            ):
                with self.subTest(today):
                    self.criterion.domain = f"[('ref', '=', {today})]"
                    self.sync()
                    self.assertEqual(self.members(), {"Anna"})

    def test_a_saved_filter_counts_as_it_is_now(self):
        saved = self.saved_filter("[('ref', '=', 'fits')]")
        self.criterion.write({"kind": "filter", "filter_id": saved.id})
        self.assertEqual(self.criterion.display_name, "Fitting people")
        self.sync()
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl"})
        saved.domain = str([("id", "=", self.bob.id)])
        self.sync()
        self.assertEqual(self.members(), {"Bob"})
        saved.unlink()
        self.sync()
        self.assertEqual(self.members(), {"Bob"}, "its members stay as they are")
        self.assertIn("deleted", self.criterion.error)

    def test_what_does_not_work_is_refused_in_words_when_it_is_written(self):
        leads = self.env["ir.filters"].create(
            {"name": "Leads", "model_id": "crm.lead", "domain": "[]", "user_ids": False}
        )
        for values in (
            {"domain": "[('x_gone', '=', 1)]"},
            {"domain": "[("},
            {"domain": "nonsense"},
            {"domain": "[('create_date', '>', 'tomorrowish')]"},
            {"domain": "[('id', '=', uid.env)]"},
            {"domain": "[('id', 'in', [i for i in range(9)])]"},
            {"domain": "[('id', '=', 9 ** 9)]"},
            {"domain": "[('id', '=', time.sleep(1))]"},
            {"domain": "[('id', '=', open('/etc/passwd'))]"},
            {"kind": "filter"},
            {"kind": "filter", "filter_id": leads.id},
            {"model": "crm.lead"},
        ):
            with self.subTest(values), self.assertRaises(ValidationError) as caught:
                self.criterion.write(values)
            self.assertNotIn("odoo.", str(caught.exception))

    def test_a_criterion_stays_with_its_list(self):
        with self.assertRaises(UserError):
            self.criterion.list_id = self.excluding_list

    # ------------------------------------------------------------
    # What does not work
    # ------------------------------------------------------------

    def test_a_criterion_that_does_not_work_is_told_and_stops_no_other(self):
        other = self._criterion(str([("id", "=", self.carl.id)]))
        self.sync()
        self.make_broken()
        self.bob.ref = False
        lea = self.env["res.partner"].create({"name": "Lea", "email": "lea@example.com"})
        other.domain = str([("id", "=", lea.id)])
        self.sync()
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl", "Lea"})
        self.assertIn("x_gone", self.criterion.error)
        self.assertFalse(other.error)
        issue = self.target_list.with_user(self.seller).criteria_issue
        self.assertIn("Marta Marketer", issue)
        self.assertIn("Contact", issue)
        self.criterion.domain = "[('ref', '=', 'fits')]"
        self.assertFalse(self.target_list.criteria_issue)

    def test_nobody_passes_to_a_criterion_that_does_not_work(self):
        other = self._criterion(str([("id", "=", self.anna.id)]), mode="add")
        self.make_broken(other)
        self.sync()
        self.anna.ref = False
        self.sync()
        self.assertEqual(self.members(), {"Bob", "Carl"})

    def test_a_model_that_is_uninstalled_is_told(self):
        self.sync()
        self.env.cr.execute("UPDATE mailing_list_criterion SET model = 'x_gone.model'")
        self.env.invalidate_all()
        self.sync()
        self.assertIn("not installed", self.criterion.error)
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl"})
        self.assertTrue(self.criterion.display_name)

    def test_what_only_the_database_refuses_is_told(self):
        self.sync()
        with patch(f"{CRITERION}.MailingListCriterion._fitting_domain") as domain:
            domain.side_effect = lambda: self.env.cr.execute("SELECT 1 / 0")
            self.sync()
        self.assertIn("database", self.criterion.error)
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl"})

    def test_what_takes_too_long_is_told(self):
        self.env.cr.execute("SHOW statement_timeout")  # that of the role, if it has one
        of_role = self.env.cr.fetchone()
        with (
            patch(f"{CRITERION}.TIMEOUT", "10ms"),
            patch(f"{CRITERION}.MailingListCriterion._fitting_domain") as domain,
        ):
            domain.side_effect = lambda: self.env.cr.execute("SELECT pg_sleep(10)")
            self.sync()
        self.assertIn("too long", self.criterion.error)
        self.env.cr.execute("SHOW statement_timeout")
        self.assertEqual(self.env.cr.fetchone(), of_role)

    # ------------------------------------------------------------
    # The schedule
    # ------------------------------------------------------------

    def run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(CRON).sudo().method_direct_trigger()
        self.env.invalidate_all()

    def test_lists_are_synced_by_the_clock_unless_they_are_left_out(self):
        left_out = self._list("Left out")
        left_out.is_synced = False
        self._criterion(target_list=left_out)
        self.run_cron()
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl"})
        self.assertFalse(self.members(left_out))

    def test_a_list_that_was_synced_just_now_waits(self):
        self.sync()
        self.anna.ref = False
        self.run_cron()
        self.assertEqual(self.members(), {"Anna", "Bob", "Carl"})
        self.criterion.sudo().sync_date = fields.Datetime.now() - timedelta(hours=1)
        self.run_cron()
        self.assertEqual(self.members(), {"Bob", "Carl"})

    def test_a_list_that_cannot_be_synced_does_not_hold_up_the_others(self):
        other = self._list("Other")
        self._criterion(target_list=other)
        sync = type(self.target_list)._sync

        def failing(target_list, *args):
            if target_list == self.target_list:
                raise ValueError("something unforeseen")
            return sync(target_list, *args)

        with patch.object(type(self.target_list), "_sync", failing), mute_logger(LIST):
            self.run_cron()
        self.assertEqual(self.members(other), {"Anna", "Bob", "Carl"})
        self.assertFalse(self.members())

    @mute_logger("odoo.sql_db", "odoo.service.model")
    def test_of_two_syncs_at_once_the_second_begins_anew(self):
        domain = str([("id", "=", self.env.ref("base.partner_root").id), ("active", "=", False)])
        with self.registry.cursor() as first, self.registry.cursor() as second:
            target_list = self.env(cr=first)["mailing.list"].create(
                {"name": "Of Two", "criterion_ids": [Command.create({"domain": domain})]}
            )
            first.commit()
            second.execute("SELECT 1")
            try:
                target_list._sync_and_commit()
                again = target_list.with_env(self.env(cr=second))
                again._sync_and_commit()
                self.assertEqual(again.criterion_ids.already_count, 1)
                self.assertFalse(again.criterion_ids.error)
            finally:
                second.rollback()
                target_list.contact_ids.unlink()
                target_list.unlink()
                first.commit()

    # ------------------------------------------------------------
    # Many
    # ------------------------------------------------------------

    def test_a_sync_takes_the_same_number_of_statements_for_many(self):
        self.sync()
        counts = {3: [], 60: []}
        # each twice, for what Odoo caches may be asked for anew at any moment
        for size in (*counts, *counts):
            partners = self.env["res.partner"].create(
                [{"name": f"P{i}", "email": f"p{i}@x.example", "ref": "fits"} for i in range(size)]
            )
            self.anna.ref = False
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.target_list._sync()
            self.env.flush_all()
            counts[size].append(self.env.cr.sql_log_count - before)
            self.assertEqual(self.criterion.added_count, len(partners))
        self.assertEqual(min(counts[3]), min(counts[60]))

    # ------------------------------------------------------------
    # Whatever happens
    # ------------------------------------------------------------

    @example([("turn", 0, 1), ("mode", 0, 0), ("sync_one", 0, 1)])
    @settings(max_examples=40)
    @given(st.lists(st.tuples(st.sampled_from(EVENTS), PEOPLE, CRITERIA), max_size=30))
    def test_a_list_is_what_an_oracle_makes_of_it(self, events):
        with self.env.cr.savepoint() as savepoint:
            Play(self).act(events)
            savepoint.rollback()
            self.env.invalidate_all(flush=False)


class Play:
    """What happens to a list of two criteria, and beside it who should be in it, and by what."""

    def __init__(self, case):
        self.case = case
        self.people = case.anna + case.bob + case.carl
        self.criteria = case.criterion + case._criterion("[('comment', 'like', 'fits')]")
        self.fields = dict(zip(self.criteria, ("ref", "comment"), strict=True))
        self.holders, self.left, self.broken = {}, set(), set()

    def act(self, events):
        for name, person, criterion in events:
            getattr(self, name)(self.people[person], self.criteria[criterion])
            self.check()

    def check(self):
        self.case.env.invalidate_all()
        subscriptions = self.case.target_list.subscription_ids
        found = {each.contact_id.partner_id: each.criterion_id for each in subscriptions}
        self.case.assertEqual(found, self.holders)
        out = subscriptions.filtered("opt_out").contact_id.partner_id
        self.case.assertEqual(set(out), self.left & found.keys())

    def fits(self, person, criterion):
        return "fits" in (person[self.fields[criterion]] or "")

    def turn(self, person, criterion):
        field = self.fields[criterion]
        person[field] = False if person[field] else "fits"

    def mode(self, _person, criterion):
        criterion.mode = "keep" if criterion.mode == "add" else "add"

    def break_or_mend(self, _person, criterion):
        self.broken ^= {criterion}
        field = "x_gone" if criterion in self.broken else self.fields[criterion]
        self.case.env.flush_all()
        self.case.env.cr.execute(
            "UPDATE mailing_list_criterion SET domain = %s WHERE id = %s",
            [f"[('{field}', 'like', 'fits')]", criterion.id],
        )

    def by_hand(self, person, _criterion):
        self.case.target_list._add_targets("res.partner", [("id", "=", person.id)])
        self.holders[person] = self.criteria.browse()

    def take_out(self, person, _criterion):
        subscriptions = self.case.target_list.subscription_ids
        subscriptions.filtered(lambda each: each.contact_id.partner_id == person).unlink()
        self.holders.pop(person, None)

    def opt_out(self, person, _criterion):
        if person in self.holders:
            subscriptions = self.case.target_list.subscription_ids
            subscriptions.filtered(lambda each: each.contact_id.partner_id == person).opt_out = True
            self.left.add(person)

    def sync(self, _person, _criterion):
        self.case.target_list._sync()
        self.expect(self.criteria)

    def sync_one(self, _person, criterion):
        criterion.action_sync()
        self.expect(criterion)

    def expect(self, synced):
        working = self.criteria.filtered(lambda each: each not in self.broken)
        for person in self.people:
            fitting = working.filtered(lambda each, person=person: self.fits(person, each))
            adding = fitting.filtered(lambda each: each.mode == "add")
            if person not in self.holders and fitting & synced:
                self.holders[person] = (fitting & synced)[:1]
            holder = self.holders.get(person)
            if holder and holder.mode == "keep":
                if adding:
                    self.holders[person] = adding[:1]
                elif holder in working & synced and holder not in fitting:
                    if fitting:
                        self.holders[person] = fitting[:1]
                    else:
                        del self.holders[person]
