from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user

from ...common import MassEmailCase


class TestPreview(MassEmailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anna = cls._contact("Anna", cls.target_list)
        cls.bob = cls._contact("Bob", cls.target_list)
        cls.mailing = cls._mass_email().with_user(cls.marketer)

    def figures(self, mailing=None, **changes):
        """What the form gets, as a marketer without Sales rights."""
        mailing = mailing or self.mailing
        meant = {
            "campaign_id": mailing.campaign_id.id,
            "contact_list_ids": mailing.contact_list_ids.ids,
            "excluding_list_ids": mailing.excluding_list_ids.ids,
            "use_exclusion_list": mailing.use_exclusion_list,
        }
        return mailing.with_user(self.marketer).get_audience(meant | changes)

    def reasons(self, figures):
        return {each["key"]: each["count"] for each in figures["not_mailed"]}

    def people(self, key, mailing=None):
        action = (mailing or self.mailing).with_user(self.marketer).action_view_audience(key)
        contacts = self.env[action["res_model"]].with_user(self.marketer)
        return contacts.with_context(**action["context"]).search(action["domain"], order="id")

    def test_members_are_who_will_get_it_and_the_rest_by_reason(self):
        self._contact("Rival", self.target_list, self.excluding_list)
        self._contact("Carl", self.target_list, email="no address")
        self._contact("Dora", self.target_list, email=" ")
        self._contact("Emma", self.target_list).subscription_ids.opt_out = True
        self._contact("Again", self.target_list, email="ANNA@example.com")
        self.env["mail.blacklist"]._add("bob@example.com")
        figures = self.figures()
        self.assertEqual((figures["members"], figures["mailed"]), (7, 1))
        excluded = f"excluded/{self.excluding_list.id}"
        self.assertEqual(
            self.reasons(figures),
            {
                excluded: 1,
                "mail_email_invalid": 1,
                "mail_email_missing": 1,
                "mail_optout": 1,
                "mail_dup": 1,
                "mail_bl": 1,
            },
        )
        labels = {each["key"]: each["label"] for each in figures["not_mailed"]}
        self.assertEqual(labels[excluded], "Excluded by Competitors")

    def test_each_figure_opens_its_people_with_the_reason(self):
        self._contact("Rival", self.target_list, self.excluding_list)
        again = self._contact("Again", self.target_list, email="ANNA@example.com")
        self.assertEqual(self.people("mailed"), self.anna + self.bob)
        rivals = self.people(f"excluded/{self.excluding_list.id}")
        self.assertEqual(rivals.mapped("name"), ["Rival"])
        self.assertEqual(rivals.outcome, "Excluded by Competitors")
        same = self.people("mail_dup")
        self.assertEqual(same, again)
        self.assertEqual(same.outcome, "Same address as Anna")
        self.assertFalse(self.people("mail_bl"))

    def test_an_action_of_people_is_plain_data_and_other_conditions_narrow_it(self):
        domain = self.mailing.action_view_audience("mailed")["domain"]
        self.assertEqual(domain, [("outcome_in", "=", f"{self.mailing.id}/mailed")])
        contacts = self.env["mailing.contact"].with_user(self.marketer)
        self.assertEqual(contacts.search([*domain, ("name", "=", "Bob")]), self.bob)
        self.assertEqual(contacts.search_count(domain), 2)

    def test_people_of_what_is_no_figure_are_nobody(self):
        contacts = self.env["mailing.contact"].with_user(self.marketer)
        for value in ("0/mailed", "mailed", "", False, f"{self.mailing.id}/excluded/x"):
            with self.subTest(value):
                self.assertFalse(contacts.search([("outcome_in", "=", value)]))

    def test_record_rules_hold_for_the_people(self):
        self.env["ir.rule"].create(
            {
                "name": "Not Bob",
                "model_id": self.env["ir.model"]._get_id("mailing.contact"),
                "domain_force": [("name", "!=", "Bob")],
            }
        )
        self.assertEqual(self.people("mailed"), self.anna)

    def test_lists_count_as_they_stand_in_the_form_before_it_is_saved(self):
        others = self._list("Others", self._contact("Zoe"))
        figures = self.figures(contact_list_ids=[others.id])
        self.assertEqual((figures["members"], figures["mailed"]), (1, 1))
        figures = self.figures(excluding_list_ids=(self.excluding_list + others).ids)
        self.assertEqual(figures["mailed"], 2)
        figures = self.figures(excluding_list_ids=self.target_list.ids)
        self.assertEqual(self.reasons(figures), {f"excluded/{self.target_list.id}": 2})
        self.assertEqual(self.mailing.contact_list_ids, self.target_list, "nothing is written")

    def test_a_mass_email_that_was_never_saved_has_figures(self):
        new = self.env["mailing.mailing"].with_user(self.marketer)
        figures = new.get_audience(
            {
                "campaign_id": self.campaign.id,
                "contact_list_ids": self.target_list.ids,
                "excluding_list_ids": [],
                "use_exclusion_list": True,
            }
        )
        self.assertEqual((figures["members"], figures["mailed"]), (2, 2))
        self.assertEqual(new.get_audience({})["members"], 0)

    def test_an_archived_excluding_list_still_excludes(self):
        self._contact("Rival", self.target_list, self.excluding_list)
        self.excluding_list.active = False
        ids = self.excluding_list.ids
        figures = self.figures(excluding_list_ids=ids)
        self.assertEqual(self.reasons(figures), {f"excluded/{self.excluding_list.id}": 1})

    def test_the_blacklist_and_opt_outs_are_left_aside_where_the_mass_email_does(self):
        self.env["mail.blacklist"]._add("bob@example.com")
        self.anna.subscription_ids.opt_out = True
        self.assertEqual(self.reasons(self.figures()), {"mail_bl": 1, "mail_optout": 1})
        figures = self.figures(use_exclusion_list=False)
        self.assertEqual(self.reasons(figures), {"mail_optout": 1})
        campaign = self.env["utm.campaign"].create(
            {"title": "Information", "campaign_type": "informational"}
        )
        self.assertEqual(self.reasons(self.figures(campaign_id=campaign.id)), {"mail_bl": 1})

    def test_who_was_written_to_lately_is_told(self):
        earlier = self._mass_email()
        self.send(earlier)
        self.assertEqual(self.figures()["recent"], 2)
        self.assertEqual(self.people("recent"), self.anna + self.bob)
        # by her address, too
        self.env["mailing.contact"].browse(self.bob.id).unlink()
        bob = self._contact("Bobby", self.target_list, email="Bob@example.com")
        self.assertEqual(self.people("recent"), self.anna + bob)
        last_week = fields.Datetime.now() - timedelta(days=8)
        earlier.mailing_trace_ids.sudo().portion_datetime = last_week
        self.assertEqual(self.figures()["recent"], 0)
        self.set_setting("recent_days", 30)
        figures = self.figures()
        self.assertEqual((figures["recent"], figures["recent_days"]), (2, 30))

    def test_tests_and_what_did_not_arrive_are_no_writing(self):
        with self.smtp(), self.committing(self._mass_email()) as mailing:
            mailing._send_test(mailing.env["mailing.contact"].browse(self.anna.id))
        failed = self._mass_email()
        failed._build_queue()
        failed.mailing_trace_ids.sudo().write(
            {"trace_status": "error", "portion_datetime": fields.Datetime.now()}
        )
        self.assertEqual(self.figures()["recent"], 0)

    def test_who_has_an_outcome_already_is_counted_no_more(self):
        self.mailing.sudo()._build_queue()
        self.assertIs(self.figures(), False, "the rows tell")
        # as after an uninstallation
        self.mailing.sudo().state = "draft"
        self._contact("New", self.target_list)
        self.assertEqual(self.figures()["members"], 1)

    def test_only_who_may_read_mass_emails_gets_figures_and_people(self):
        employee = new_test_user(self.env, login="employee", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.mailing.with_user(employee).get_audience({})
        with self.assertRaises(AccessError):
            self.mailing.with_user(employee).action_view_audience("mailed")

    def test_the_number_of_statements_does_not_grow_with_the_members(self):
        self.figures()
        self.people("mailed").mapped("outcome")
        counts = []
        for members in (9, 10, 300):  # the first time more has to be looked up
            target_list = self._list(f"{members} members")
            self._contacts(members, target_list)
            mailing = self._mass_email(contact_list_ids=[Command.set(target_list.ids)])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(self.figures(mailing)["mailed"], members)
            self.people("mailed", mailing).mapped("outcome")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts[1:])
